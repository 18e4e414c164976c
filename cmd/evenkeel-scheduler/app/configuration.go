// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"fmt"
	"reflect"

	"k8s.io/apimachinery/pkg/runtime"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/klog/v2"
	configv1 "k8s.io/kube-scheduler/config/v1"
	"k8s.io/kubernetes/cmd/kube-scheduler/app/options"
	schedulerconfig "k8s.io/kubernetes/pkg/scheduler/apis/config"
	schedulervalidation "k8s.io/kubernetes/pkg/scheduler/apis/config/validation"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/names"
	frameworkruntime "k8s.io/kubernetes/pkg/scheduler/framework/runtime"

	"github.com/evenkeel/evenkeel/api/config"
	"github.com/evenkeel/evenkeel/api/config/validation"
	"github.com/evenkeel/evenkeel/plugins/scheduler"
	"github.com/evenkeel/evenkeel/plugins/scheduler/guardedinterpodaffinity"
	"github.com/evenkeel/evenkeel/plugins/scheduler/guardedpodtopologyspread"
	"github.com/evenkeel/evenkeel/plugins/scheduler/profileguard"
)

// checkConfig refuses a configuration file that cannot be used, before anything
// is started. Upstream would refuse it as well, but names neither the file nor,
// for the arguments of our plugins, the profile.
func checkConfig(logger klog.Logger, file string) error {
	if file == "" {
		return nil
	}
	cfg, err := options.LoadConfigFromFile(logger, file)
	switch {
	case err == nil:
	case runtime.IsMissingKind(err), runtime.IsMissingVersion(err), runtime.IsNotRegisteredError(err):
		// The error of the first has the whole file in it.
		return fmt.Errorf("configuration file %s: it must begin with apiVersion: %s and kind: KubeSchedulerConfiguration",
			file, configv1.SchemeGroupVersion)
	default:
		return fmt.Errorf("configuration file %s: %w", file, err)
	}
	errs := []error{schedulervalidation.ValidateKubeSchedulerConfiguration(cfg)}
	profiles := field.NewPath("profiles")
	known, err := knownPlugins()
	if err != nil {
		return err
	}
	for i, profile := range cfg.Profiles {
		errs = append(errs, checkNames(profiles.Index(i), &profile, known).ToAggregate())
		for j, plugin := range profile.PluginConfig {
			path := profiles.Index(i).Child("pluginConfig").Index(j).Child("args")
			errs = append(errs, validation.ValidatePluginArgs(path, plugin.Args).ToAggregate())
			if args, ok := plugin.Args.(*config.ProfileGuardArgs); ok {
				errs = append(errs, profileguard.ValidateNames(path, args).ToAggregate())
			}
		}
	}
	if err := utilerrors.Flatten(utilerrors.NewAggregate(errs)); err != nil {
		return fmt.Errorf("configuration file %s: %w", file, err)
	}
	return nil
}

// knownPlugins returns the names of all plugins that a profile can have.
func knownPlugins() (sets.Set[string], error) {
	registry := frameworkruntime.Registry{}
	for _, add := range scheduler.Options() {
		if err := add(registry); err != nil {
			return nil, fmt.Errorf("listing the plugins: %w", err)
		}
	}
	return sets.KeySet(registry).Union(sets.KeySet(plugins.NewInTreeRegistry())), nil
}

// guarded are the plugins of Evenkeel that run in the place of one of the default
// profile, by its name.
var guarded = map[string]string{
	names.InterPodAffinity:  guardedinterpodaffinity.Name,
	names.PodTopologySpread: guardedpodtopologyspread.Name,
}

// checkNames refuses the name of a plugin that there is not, which upstream refuses
// without saying where it stands, or ignores where only arguments have it. It also
// refuses arguments under the name of a plugin whose guarded form runs in its place:
// upstream ignores them, and with them constraints that an administrator wanted.
func checkNames(path *field.Path, profile *schedulerconfig.KubeSchedulerProfile, known sets.Set[string]) field.ErrorList {
	const unknown = "there is no such plugin: correct the name, or remove it"
	var errs field.ErrorList
	enabled := sets.New[string]()
	if profile.Plugins != nil {
		points := reflect.ValueOf(*profile.Plugins)
		for i := range points.NumField() {
			point, name := points.Field(i).Interface().(schedulerconfig.PluginSet), points.Type().Field(i).Name
			for _, p := range point.Enabled {
				enabled.Insert(p.Name)
				if !known.Has(p.Name) {
					errs = append(errs, field.Invalid(path.Child("plugins", jsonName(name), "enabled"), p.Name, unknown))
				}
			}
		}
	}
	for i, c := range profile.PluginConfig {
		at := path.Child("pluginConfig").Index(i).Child("name")
		instead := guarded[c.Name]
		switch {
		case !known.Has(c.Name):
			errs = append(errs, field.Invalid(at, c.Name, unknown))
		case instead != "" && enabled.Has(instead) && !enabled.Has(c.Name):
			errs = append(errs, field.Invalid(at, c.Name,
				fmt.Sprintf("the profile has %s in its place, which would not see these arguments: write them under that name", instead)))
		}
	}
	return errs
}

// jsonName returns the name that a field of schedulerconfig.Plugins has in a file.
func jsonName(field string) string { return string(field[0]|0x20) + field[1:] }
