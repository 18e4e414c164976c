// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"path/filepath"
	"sync"
	"time"

	"github.com/spf13/pflag"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/pkg/scheduler"
	perf "k8s.io/kubernetes/test/integration/scheduler_perf"
	"k8s.io/kubernetes/test/utils/client-go/ktesting"

	"github.com/evenkeel/evenkeel/plugins/scheduler/fastpath"
	"github.com/evenkeel/evenkeel/test/perf/schedulerperf/contender"
	"github.com/evenkeel/evenkeel/test/perf/schedulerperf/report"
	"github.com/evenkeel/evenkeel/test/perf/schedulerperf/upstream"
	"github.com/evenkeel/evenkeel/test/perf/schedulerperf/workload"
)

const turnCommand = "turn"

// turn is one measurement: a scheduler, a workload and a folder of its own.
type turn struct {
	workload, size, scheduler, config, dir string
	cpuProfile                             bool
}

func (t *turn) addTo(flags *pflag.FlagSet) {
	flags.StringVar(&t.workload, "workload", "", "name of the workload")
	flags.StringVar(&t.size, "size", "", "size of the workload")
	flags.StringVar(&t.scheduler, "scheduler", "", "name of the scheduler")
	flags.StringVar(&t.config, "config", "", "configuration of the scheduler")
	flags.StringVar(&t.dir, "dir", "", "folder for everything")
	flags.BoolVar(&t.cpuProfile, "cpuprofile", false, "write a CPU profile")
}

// args are the arguments that make the program play this turn.
func (t *turn) args() []string {
	args := []string{turnCommand, "--workload", t.workload, "--size", t.size, "--scheduler", t.scheduler, "--config", t.config, "--dir", t.dir}
	if t.cpuProfile {
		args = append(args, "--cpuprofile")
	}
	return args
}

// schedulingTimeout is how long scheduler_perf waits for the measured pods: most
// of the 30 minutes that it gives a workload.
const schedulingTimeout = 25 * time.Minute

// play takes the turn, in a process of its own: neither the heap nor the metrics
// nor the feature gates of another turn are there.
func (t *turn) play() error {
	w, err := workload.Load(t.workload, t.size)
	if err != nil {
		return err
	}
	c, err := contender.Load(t.scheduler, t.config)
	if err != nil {
		return err
	}
	if err := w.Prepare(t.dir, c); err != nil {
		return err
	}
	var placement *workload.Placement
	var once sync.Once
	err = upstream.Run{
		Name: t.scheduler, Config: workload.ConfigFile, Dir: t.dir, Labels: "performance",
		Results: filepath.Join(t.dir, resultsFolder), CPUProfile: t.cpuProfile, NewRegistry: c.NewRegistry,
		Options: []perf.SchedulerPerfOption{
			perf.WithPodsSchedulingTimeout(schedulingTimeout),
			perf.WithNodeUpdateFn(func(tCtx ktesting.TContext, sched *scheduler.Scheduler, _ *perf.Workload, _ *corev1.NodeList) error {
				// There are no pods yet, so no scheduling cycle runs.
				if len(c.FastPath) > 0 {
					once.Do(func() {
						fastpath.Install(tCtx, sched, fastpath.Options{MinNodes: fastpath.DefaultMinNodes, Profiles: c.FastPath})
					})
				}
				return workload.FillInOwner(tCtx, tCtx.Client(), t.dir)
			}),
			perf.WithPrepareFn(func(tCtx ktesting.TContext) error {
				// The API server and the scheduler are stopped after this.
				tCtx.TB().Cleanup(func() {
					var err error
					if placement, err = workload.Look(tCtx, tCtx.Client()); err != nil {
						tCtx.TB().Errorf("looking where the pods went: %v", err)
					}
				})
				return nil
			}),
		},
	}.Do()
	if err != nil {
		return err
	}
	return report.WritePlacement(filepath.Join(t.dir, resultsFolder), placement)
}
