// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package app is the program evenkeel-scheduler: its flags and its configuration
// file, and how the scheduler is set up and run. What becomes of a pod is decided in
// plugins/scheduler.
package app

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"k8s.io/apiserver/pkg/server"
	"k8s.io/component-base/cli"
	cliflag "k8s.io/component-base/cli/flag"
	"k8s.io/component-base/cli/globalflag"
	"k8s.io/component-base/logs"
	_ "k8s.io/component-base/logs/json/register"          // for --logging-format=json
	_ "k8s.io/component-base/metrics/prometheus/clientgo" // for the metrics of client-go
	_ "k8s.io/component-base/metrics/prometheus/version"  // for the metric kubernetes_build_info
	"k8s.io/component-base/term"
	"k8s.io/component-base/version/verflag"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/cmd/kube-scheduler/app/options"

	configscheme "github.com/evenkeel/evenkeel/api/config/scheme"
	"github.com/evenkeel/evenkeel/cmd/evenkeel-scheduler/app/flags"
	"github.com/evenkeel/evenkeel/internal/maxprocs"
	"github.com/evenkeel/evenkeel/internal/version"
)

const program = "evenkeel-scheduler"

// Main runs the program with the arguments of the process and returns its exit code.
// What went wrong is told in one line on stderr.
func Main() int {
	if err := configscheme.Install(); err != nil {
		fmt.Fprintf(os.Stderr, "Error: registering the plugin arguments: %v\n", err)
		return 1
	}
	return cli.Run(NewCommand())
}

// NewCommand returns kube-scheduler's command with our plugins, under our name:
// the same flags and those of package flags, and the same run but for what runScheduler
// adds. It is not made
// by app.NewSchedulerCommand because the options of that command, which its run
// needs, cannot be had from outside; a test compares the flags of both.
func NewCommand() *cobra.Command {
	opts, own := options.NewOptions(), flags.Options{}
	cmd := &cobra.Command{
		Use:   program,
		Short: "The scheduler of Evenkeel",
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
			return runScheduler(server.SetupSignalContext(), opts, own, cmd.Flags())
		},
		// A flag that is not understood is answered by upstream with some 200 lines
		// of flags and, below them, the error. The error alone says more.
		SilenceUsage: true,
	}
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		return fmt.Errorf("%w; %s --help lists the flags", err, program)
	})

	own.AddTo(opts.Flags.FlagSet("misc"))
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
