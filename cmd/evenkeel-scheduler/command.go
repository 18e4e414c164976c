// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/runtime"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/klog/v2"
	configv1 "k8s.io/kube-scheduler/config/v1"
	"k8s.io/kubernetes/cmd/kube-scheduler/app"
	"k8s.io/kubernetes/cmd/kube-scheduler/app/options"
	schedulervalidation "k8s.io/kubernetes/pkg/scheduler/apis/config/validation"

	"github.com/evenkeel/evenkeel/api/config/validation"
	"github.com/evenkeel/evenkeel/internal/maxprocs"
	"github.com/evenkeel/evenkeel/internal/version"
	"github.com/evenkeel/evenkeel/plugins/scheduler"
)

const program = "evenkeel-scheduler"

// newCommand returns kube-scheduler's command with our plugins, under our name.
// Everything else is upstream's, flags included.
func newCommand() *cobra.Command {
	cmd := app.NewSchedulerCommand(scheduler.Options()...)
	cmd.Use = program
	cmd.Long = `evenkeel-scheduler is the Kubernetes scheduler with the plugins of Evenkeel. It
places the replicas of a workload on different physical hosts, racks and zones
by itself, at a fraction of the cost of the default profile, and it keeps every
constraint that a pod declares.

It takes every flag of kube-scheduler. Which plugins run is said in the file
that --config names, a KubeSchedulerConfiguration; without one, the default
profile of Kubernetes ` + version.KubernetesVersion + ` runs and none of the plugins of Evenkeel.
See https://kubernetes.io/docs/reference/scheduling/config/ for its format.`
	if help := cmd.Flags().Lookup("help"); help != nil {
		help.Usage = "help for " + program
	}

	// A flag that is not understood is answered by upstream with some 200 lines
	// of flags and, below them, the error. The error alone says more.
	cmd.SilenceUsage = true
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		return fmt.Errorf("%w; %s --help lists the flags", err, program)
	})

	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		// --version=raw and --version=v1.2.3 are left to upstream.
		if cmd.Flags().Lookup("version").Value.String() == "true" {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), version.String(program))
			return err
		}
		logger := klog.Background()
		if err := checkConfig(logger, cmd.Flags().Lookup("config").Value.String()); err != nil {
			return err
		}
		maxprocs.Set(logger)
		return run(cmd, args)
	}
	return cmd
}

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
	for i, profile := range cfg.Profiles {
		for j, plugin := range profile.PluginConfig {
			path := profiles.Index(i).Child("pluginConfig").Index(j).Child("args")
			errs = append(errs, validation.ValidatePluginArgs(path, plugin.Args).ToAggregate())
		}
	}
	if err := utilerrors.Flatten(utilerrors.NewAggregate(errs)); err != nil {
		return fmt.Errorf("configuration file %s: %w", file, err)
	}
	return nil
}
