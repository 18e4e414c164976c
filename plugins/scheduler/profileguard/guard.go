// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package profileguard keeps a scheduler from starting with a profile that would
// ignore what pods declare. Check compares the profiles, as the scheduler resolved
// them, with the default profile of the linked release: a plugin that is missing
// where it protects must be accepted by name in the configuration.
//
// What is accepted is not forgotten: the scheduler plugin ProfileGuard counts each
// pod that uses a plugin that is left out and tells it in an event. What the
// default profile is, is data in internal/defaultprofile.
package profileguard

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
	schedulerconfig "k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/apis/config/latest"
	"k8s.io/kubernetes/pkg/scheduler/profile"

	"github.com/evenkeel/evenkeel/api/config"
	"github.com/evenkeel/evenkeel/internal/defaultprofile"
)

// Replacements are our plugins that stand for one of the default profile at every
// extension point, by the name of the latter. Each decides as the plugin that it
// replaces does; its own tests prove that.
var Replacements = map[string]string{
	"InterPodAffinity":  "GuardedInterPodAffinity",
	"PodTopologySpread": "GuardedPodTopologySpread",
}

// Check returns an error when a profile lacks a plugin of the default profile at
// an extension point where it protects, and does not accept that by name; when it
// accepts what it does not lack; and when it has both a plugin and its
// replacement. It has a sentence for each plugin, all on one line.
//
// configured are the profiles as configured, with their plugin arguments;
// resolved are the same as the scheduler made them.
func Check(configured []schedulerconfig.KubeSchedulerProfile, resolved profile.Map) error {
	names, err := defaultPlugins()
	if err != nil {
		return err
	}
	var problems []string
	for _, p := range configured {
		framework, ok := resolved[p.SchedulerName]
		if !ok {
			return fmt.Errorf("profile %s: the scheduler has no such profile", p.SchedulerName)
		}
		c := comparison{defaults: names, present: pointsOf(framework.ListPlugins()), accepted: accepted(p.PluginConfig)}
		for _, text := range c.problems() {
			problems = append(problems, "profile "+p.SchedulerName+": "+text)
		}
	}
	if len(problems) > 0 {
		return errors.New(strings.Join(problems, "; "))
	}
	return nil
}

// defaultPlugins returns the plugins of the default profile as the feature gates
// of this process make it.
func defaultPlugins() ([]defaultprofile.Plugin, error) {
	cfg, err := latest.Default()
	if err != nil {
		return nil, fmt.Errorf("reading the default profile of Kubernetes: %w", err)
	}
	var out []defaultprofile.Plugin
	for _, enabled := range cfg.Profiles[0].Plugins.MultiPoint.Enabled {
		p, ok := defaultprofile.Find(enabled.Name)
		if !ok {
			return nil, fmt.Errorf("the default profile has the plugin %s, of which Evenkeel does not know what it protects; "+
				"this Evenkeel is not made for the Kubernetes release that it is linked with", enabled.Name)
		}
		out = append(out, p)
	}
	return out, nil
}

// pointsOf returns the extension points of each plugin of a resolved profile.
func pointsOf(plugins *schedulerconfig.Plugins) map[string][]defaultprofile.Point {
	out := map[string][]defaultprofile.Point{}
	sets := reflect.ValueOf(*plugins)
	for i := range sets.NumField() {
		for _, p := range sets.Field(i).Interface().(schedulerconfig.PluginSet).Enabled {
			out[p.Name] = append(out[p.Name], defaultprofile.Point(sets.Type().Field(i).Name))
		}
	}
	return out
}

// accepted returns the names that the arguments of ProfileGuard accept.
func accepted(pluginConfig []schedulerconfig.PluginConfig) []string {
	var out []string
	for _, c := range pluginConfig {
		if args, ok := c.Args.(*config.ProfileGuardArgs); ok {
			for _, a := range args.AcceptMissing {
				out = append(out, a.Plugin)
			}
		}
	}
	return out
}

// comparison is one profile beside the default profile.
type comparison struct {
	defaults []defaultprofile.Plugin
	present  map[string][]defaultprofile.Point
	accepted []string
}

// problems returns a clause for each thing that is wrong, ending with what to do.
func (c comparison) problems() []string {
	var out []string
	lacking := map[string]bool{}
	for _, p := range c.defaults {
		missing := c.missing(p)
		if len(missing) == 0 {
			continue
		}
		lacking[p.Name] = true
		if !slices.Contains(c.accepted, p.Name) {
			out = append(out, sentence(p, missing))
		}
	}
	if len(out) > 0 {
		out[len(out)-1] += "; enable what is off, or accept it by name and with a reason in acceptMissing of the plugin " + Name
	}
	for _, name := range slices.Sorted(maps.Keys(Replacements)) {
		if other := Replacements[name]; len(c.present[name]) > 0 && len(c.present[other]) > 0 {
			out = append(out, fmt.Sprintf("%s and %s are both on, and would undo each other's work in preemption; disable %s at multiPoint", name, other, name))
		}
	}
	for _, name := range c.accepted {
		if !lacking[name] {
			out = append(out, fmt.Sprintf("%s accepts that %s is missing, but the profile has it wherever the default profile does; remove it from acceptMissing", Name, name))
		}
	}
	if len(c.accepted) > 0 && !slices.Contains(c.present[Name], defaultprofile.PreFilter) {
		out = append(out, fmt.Sprintf("acceptMissing of %s names plugins, but %s is off, so that no pod that uses them would be counted and told; enable it at multiPoint", Name, Name))
	}
	return out
}

// missing returns the protecting extension points at which neither the plugin nor
// its replacement is.
func (c comparison) missing(p defaultprofile.Plugin) []defaultprofile.Point {
	var out []defaultprofile.Point
	for _, at := range p.Points {
		if at.Protects() && !slices.Contains(c.present[p.Name], at) && !slices.Contains(c.present[Replacements[p.Name]], at) {
			out = append(out, at)
		}
	}
	return out
}

// sentence says which plugin is off where, and what would be ignored.
func sentence(p defaultprofile.Plugin, missing []defaultprofile.Point) string {
	var points, consequences []string
	for _, at := range missing {
		points = append(points, string(at))
		if text := p.Ignored(at); !slices.Contains(consequences, text) {
			consequences = append(consequences, text)
		}
	}
	return fmt.Sprintf("%s is off at %s: %s", p.Name, list(points), list(consequences))
}

// list writes "a", "a and b" or "a, b and c".
func list(items []string) string {
	last := len(items) - 1
	if last < 1 {
		return strings.Join(items, "")
	}
	return strings.Join(items[:last], ", ") + " and " + items[last]
}

// ValidateNames returns an error for each name in the arguments that is not that
// of a plugin whose absence can be accepted; path is where the arguments were
// found. The rest of the arguments is package validation's to check.
func ValidateNames(path *field.Path, args *config.ProfileGuardArgs) field.ErrorList {
	var errs field.ErrorList
	for i, a := range args.AcceptMissing {
		at := path.Child("acceptMissing").Index(i).Child("plugin")
		p, known := defaultprofile.Find(a.Plugin)
		switch {
		case a.Plugin == "":
			// Package validation says so.
		case !known:
			errs = append(errs, field.Invalid(at, a.Plugin, "is not a plugin of Kubernetes' default profile"))
		case !slices.ContainsFunc(p.Points, defaultprofile.Point.Protects):
			errs = append(errs, field.Invalid(at, a.Plugin, "only ranks nodes; it may be left out without being accepted"))
		}
	}
	return errs
}
