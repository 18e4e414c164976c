// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package trim

import (
	"fmt"
	"slices"

	"sigs.k8s.io/yaml"

	"github.com/evenkeel/evenkeel/internal/defaultprofile"
)

// replacements are our plugins that do the work of a part of the default profile,
// and why they do it.
var replacements = []struct{ plugin, part, by, because string }{
	{"PodTopologySpread", partProtects, "GuardedPodTopologySpread", "it decides the same, and counts the pods only where the constraints can select any"},
	{"PodTopologySpread", partScores, "GuardedPodTopologySpread", "it scores the same, and counts the pods only where the constraints can select any"},
	{"PodTopologySpread", partDefaults, "ReplicaSpread", "it spreads over hosts, racks and zones, without counting every pod"},
	{"InterPodAffinity", partProtects, "GuardedInterPodAffinity", "it decides the same, and looks at the pods only when a term can matter"},
}

// Shipped is the configuration that a cluster's is made from.
type Shipped struct {
	text   []byte
	fields configuration
}

// configuration is what is read of a KubeSchedulerConfiguration.
type configuration struct {
	Profiles []struct {
		Plugins struct {
			MultiPoint pluginSet `json:"multiPoint"`
			PreScore   pluginSet `json:"preScore"`
			Score      pluginSet `json:"score"`
		} `json:"plugins"`
		PluginConfig []struct {
			Name string `json:"name"`
			Args struct {
				DefaultingType string `json:"defaultingType"`
			} `json:"args"`
		} `json:"pluginConfig"`
	} `json:"profiles"`
}

type pluginSet struct {
	Enabled  []pluginName `json:"enabled"`
	Disabled []pluginName `json:"disabled"`
}

type pluginName struct {
	Name string `json:"name"`
}

func has(list []pluginName, name string) bool { return slices.Contains(list, pluginName{name}) }

// ParseShipped reads a KubeSchedulerConfiguration with one profile.
func ParseShipped(text []byte) (*Shipped, error) {
	s := &Shipped{text: text}
	if err := yaml.Unmarshal(text, &s.fields); err != nil {
		return nil, fmt.Errorf("reading the configuration to trim: %w", err)
	}
	if n := len(s.fields.Profiles); n != 1 {
		return nil, fmt.Errorf("the configuration to trim has %d profiles; want one", n)
	}
	return s, nil
}

// replacement returns the plugin of ours that replaces a part, and why, or nothing.
func (s *Shipped) replacement(plugin, part string) (by, because string) {
	p := s.fields.Profiles[0]
	for _, r := range replacements {
		if r.plugin != plugin || r.part != part || !has(p.Plugins.MultiPoint.Enabled, r.by) {
			continue
		}
		if part == partDefaults && s.hasNoDefaults(plugin) || part != partDefaults && has(p.Plugins.MultiPoint.Disabled, plugin) {
			return r.by, r.because
		}
	}
	return "", ""
}

// hasNoDefaults reports whether a plugin, or the one that replaces it, takes its
// default constraints from a list.
func (s *Shipped) hasNoDefaults(plugin string) bool {
	if by, _ := s.replacement(plugin, partProtects); by != "" {
		plugin = by
	}
	for _, c := range s.fields.Profiles[0].PluginConfig {
		if c.Name == plugin {
			return c.Args.DefaultingType == "List"
		}
	}
	return false
}

// disables reports whether the configuration has the plugin off at a ranking
// point.
func (s *Shipped) disables(plugin string, at defaultprofile.Point) bool {
	p := s.fields.Profiles[0].Plugins
	set := p.Score
	if at == defaultprofile.PreScore {
		set = p.PreScore
	}
	return has(set.Disabled, plugin) || has(p.MultiPoint.Disabled, plugin) && !has(p.MultiPoint.Enabled, plugin)
}
