// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/runtime"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/server"
	cliflag "k8s.io/component-base/cli/flag"
	"k8s.io/component-base/cli/globalflag"
	"k8s.io/component-base/logs"
	"k8s.io/component-base/term"
	"k8s.io/component-base/version/verflag"
	"k8s.io/klog/v2"
	configv1 "k8s.io/kube-scheduler/config/v1"
	"k8s.io/kubernetes/cmd/kube-scheduler/app/options"
	schedulervalidation "k8s.io/kubernetes/pkg/scheduler/apis/config/validation"

	"github.com/evenkeel/evenkeel/api/config"
	"github.com/evenkeel/evenkeel/api/config/validation"
	"github.com/evenkeel/evenkeel/internal/maxprocs"
	"github.com/evenkeel/evenkeel/internal/version"
	"github.com/evenkeel/evenkeel/plugins/scheduler/profileguard"
)

const program = "evenkeel-scheduler"

// newCommand returns kube-scheduler's command with our plugins, under our name:
// the same flags and those of eventOptions, and the same run but for what runScheduler
// adds. It is not made
// by app.NewSchedulerCommand because the options of that command, which its run
// needs, cannot be had from outside; a test compares the flags of both.
func newCommand() *cobra.Command {
	opts, written := options.NewOptions(), eventOptions{}
	cmd := &cobra.Command{
		Use: program,
		Long: `evenkeel-scheduler is the Kubernetes scheduler with the plugins of Evenkeel. It
places the replicas of a workload on different physical hosts, racks and zones
by itself, at a fraction of the cost of the default profile, and it keeps every
constraint that a pod declares.

It takes every flag of kube-scheduler, and --scheduled-events. Which plugins run is said in the file
that --config names, a KubeSchedulerConfiguration; without one, the default
profile of Kubernetes ` + version.KubernetesVersion + ` runs and none of the plugins of Evenkeel.
See https://kubernetes.io/docs/reference/scheduling/config/ for its format.

A profile that lacks a plugin of the default profile, where that plugin keeps a
constraint or must act before a pod is bound, is refused unless it accepts the
omission by name with the plugin ProfileGuard.`,
		Args: func(cmd *cobra.Command, args []string) error {
			for _, arg := range args {
				if arg != "" {
					return fmt.Errorf("%q does not take any arguments, got %q", cmd.CommandPath(), args)
				}
			}
			return nil
		},
		// The feature gates must be set before anything reads the configuration.
		PersistentPreRunE: func(*cobra.Command, []string) error { return opts.ComponentGlobalsRegistry.Set() },
		RunE: func(cmd *cobra.Command, _ []string) error {
			// --version=raw and --version=v1.2.3 are left to upstream.
			if cmd.Flags().Lookup("version").Value.String() == "true" {
				_, err := fmt.Fprintln(cmd.OutOrStdout(), version.String(program))
				return err
			}
			verflag.PrintAndExitIfRequested()
			logger := klog.Background()
			if err := checkConfig(logger, opts.ConfigFile); err != nil {
				return err
			}
			maxprocs.Set(logger)
			return runScheduler(server.SetupSignalContext(), opts, written, cmd.Flags())
		},
		// A flag that is not understood is answered by upstream with some 200 lines
		// of flags and, below them, the error. The error alone says more.
		SilenceUsage: true,
	}
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		return fmt.Errorf("%w; %s --help lists the flags", err, program)
	})

	written.addTo(opts.Flags.FlagSet("misc"))
	verflag.AddFlags(opts.Flags.FlagSet("global"))
	globalflag.AddGlobalFlags(opts.Flags.FlagSet("global"), cmd.Name(), logs.SkipLoggingConfigurationFlags())
	for _, set := range opts.Flags.FlagSets {
		cmd.Flags().AddFlagSet(set)
	}
	columns, _, _ := term.TerminalSize(cmd.OutOrStdout())
	cliflag.SetUsageAndHelpFunc(cmd, *opts.Flags, columns)
	if err := cmd.MarkFlagFilename("config", "yaml", "yml", "json"); err != nil {
		klog.Background().Error(err, "Marking a flag as that of a file failed", "flag", "config")
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
