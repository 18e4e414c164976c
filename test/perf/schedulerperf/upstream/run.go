// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package upstream runs Kubernetes' test/integration/scheduler_perf with
// schedulers of our choice: an API server in this process, an etcd beside it, and
// the operations that a configuration file lists.
//
// Which workloads there are (package workload), who schedules them (package
// contender) and what their figures mean (package report) is not here.
package upstream

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"testing"

	_ "k8s.io/component-base/logs/json/register" // for scheduler_perf's flag -logging-format
	"k8s.io/kubernetes/pkg/scheduler/framework/runtime"
	perf "k8s.io/kubernetes/test/integration/scheduler_perf"
	"k8s.io/kubernetes/test/utils/client-go/ktesting"
)

// Run is one run of a configuration file.
type Run struct {
	// Name becomes the first part of the benchmark's name.
	Name string
	// Config is the configuration file. Paths in it are relative to Dir.
	Config string
	// Dir is the working directory.
	Dir string
	// Labels selects workloads by their labels, as -perf-scheduling-label-filter
	// does: a comma-separated list.
	Labels string
	// Results is the folder for what is measured.
	Results string
	// CPUProfile says to write a CPU profile of the measured part into Results.
	CPUProfile bool
	// NewRegistry makes the plugins that are not in-tree. It is called once per
	// workload: what the profiles of one scheduler share lives in the plugins'
	// factories, and each workload has a scheduler of its own.
	NewRegistry func() (runtime.Registry, error)
	// Options are scheduler_perf's. Its PreRunFn is taken.
	Options []perf.SchedulerPerfOption
}

// initFlags sets up scheduler_perf's flags, which are its only way to take some
// settings, once per process. It replaces the flags of package flag and parses
// them, so it is not for a process whose own flags are among them: a test calls
// Do from another process.
var initFlags = sync.OnceValue(func() error {
	// The flags of the program that we are part of are not for scheduler_perf.
	args := os.Args
	os.Args = args[:1]
	defer func() { os.Args = args }()
	testing.Init()
	return perf.InitTests()
})

// Do runs the workloads one after the other and returns an error if one failed;
// why is on the standard output then. It changes the working directory, flags and
// variables of scheduler_perf: one process does one run at a time.
func (r Run) Do() error {
	if err := initFlags(); err != nil {
		return fmt.Errorf("setting up scheduler_perf: %w", err)
	}
	results, err := filepath.Abs(r.Results)
	if err != nil {
		return err
	}
	for name, value := range map[string]string{
		"test.bench":      ".",
		"test.benchtime":  "1x",
		"data-items-dir":  results,
		"perf-cpuprofile": fmt.Sprint(r.CPUProfile),
	} {
		if err := flag.Set(name, value); err != nil {
			return fmt.Errorf("setting scheduler_perf's flag -%s: %w", name, err)
		}
	}
	defer func(labels string) { perf.PerfSchedulingLabelFilter = labels }(perf.PerfSchedulingLabelFilter)
	perf.PerfSchedulingLabelFilter = r.Labels
	back, err := os.Getwd()
	if err != nil {
		return err
	}
	if err := os.Chdir(r.Dir); err != nil {
		return err
	}
	defer func() { _ = os.Chdir(back) }()

	ran, failed := false, true
	testing.RunBenchmarks(func(_, _ string) (bool, error) { return true, nil }, []testing.InternalBenchmark{{
		Name: r.Name,
		F: func(b *testing.B) {
			b.Helper()
			ran = true
			defer func() { failed = b.Failed() }()
			r.benchmark(b)
		},
	}})
	switch {
	case !ran:
		return fmt.Errorf("%s did not run", r.Config)
	case failed:
		return fmt.Errorf("%s failed", r.Name)
	}
	return nil
}

func (r Run) benchmark(b *testing.B) {
	b.Helper()
	registry := runtime.Registry{}
	renew := func(ktesting.TContext, *perf.Workload) (func(), error) {
		clear(registry)
		if r.NewRegistry == nil {
			return nil, nil
		}
		fresh, err := r.NewRegistry()
		if err != nil {
			return nil, fmt.Errorf("making the plugins: %w", err)
		}
		maps.Copy(registry, fresh)
		return nil, nil
	}
	perf.RunBenchmarkPerfScheduling(b, r.Config, r.Name, registry, append(r.Options, perf.WithPreRunFn(renew))...)
}
