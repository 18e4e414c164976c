// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"fmt"

	"github.com/spf13/pflag"
	"k8s.io/client-go/tools/cache"
	cliflag "k8s.io/component-base/cli/flag"
	basecompatibility "k8s.io/component-base/compatibility"
	"k8s.io/component-base/featuregate"
	logsapi "k8s.io/component-base/logs/api/v1"
	kubeapp "k8s.io/kubernetes/cmd/kube-scheduler/app"
	appconfig "k8s.io/kubernetes/cmd/kube-scheduler/app/config"
	"k8s.io/kubernetes/cmd/kube-scheduler/app/options"
	kubescheduler "k8s.io/kubernetes/pkg/scheduler"

	"github.com/evenkeel/evenkeel/cmd/evenkeel-scheduler/app/flags"
	"github.com/evenkeel/evenkeel/plugins/scheduler"
	"github.com/evenkeel/evenkeel/plugins/scheduler/fastpath"
	"github.com/evenkeel/evenkeel/plugins/scheduler/profileguard"
)

// runScheduler does what the run of kube-scheduler's command does, in the same
// order, with three steps more in setUpScheduler. It returns when ctx is done or the
// scheduler cannot go on.
func runScheduler(ctx context.Context, opts *options.Options, own flags.Options, set *pflag.FlagSet) error {
	gates := opts.ComponentGlobalsRegistry.FeatureGateFor(basecompatibility.DefaultKubeComponent)
	// As early as possible, so that what follows is logged as asked for.
	if err := logsapi.ValidateAndApply(opts.Logs, gates); err != nil {
		return fmt.Errorf("setting up logging: %w", err)
	}
	cliflag.PrintFlags(set)
	if opts.InformerName == nil {
		name, err := cache.NewInformerName("kube-scheduler")
		if err != nil {
			return fmt.Errorf("naming the informers: %w", err)
		}
		opts.InformerName = name
	}
	completed, sched, err := setUpScheduler(ctx, opts, own)
	if err != nil {
		return err
	}
	if gates, ok := gates.(featuregate.MutableFeatureGate); ok {
		gates.AddMetrics()
	}
	opts.ComponentGlobalsRegistry.AddMetrics()
	return kubeapp.Run(ctx, completed, sched)
}

// setUpScheduler makes the scheduler with its fast path and without the Events that
// are not wanted, and refuses profiles that would ignore what pods declare. Nothing is scheduled, and no Lease taken, before.
func setUpScheduler(ctx context.Context, opts *options.Options, own flags.Options) (*appconfig.CompletedConfig, *kubescheduler.Scheduler, error) {
	completed, sched, err := kubeapp.Setup(ctx, opts, scheduler.Options()...)
	if err != nil {
		return nil, nil, err
	}
	if err := profileguard.Check(completed.ComponentConfig.Profiles, sched.Profiles); err != nil {
		if opts.ConfigFile != "" {
			err = fmt.Errorf("configuration file %s: %w", opts.ConfigFile, err)
		}
		return nil, nil, err
	}
	if !own.ScheduledEvents {
		leaveOutScheduled(sched)
	}
	fastpath.Install(ctx, sched, fastpath.Options{MinNodes: fastpath.DefaultMinNodes, Profiles: completed.ComponentConfig.Profiles})
	return completed, sched, nil
}
