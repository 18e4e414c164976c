// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/evenkeel/evenkeel/test/perf/schedulerperf/contender"
	"github.com/evenkeel/evenkeel/test/perf/schedulerperf/workload"
)

// The values of --output.
const (
	outputTable = "table"
	outputJSON  = "json"
)

// options are the flags.
type options struct {
	workloads, sizes, schedulers []string
	config, results, output      string
	repeats, gogc                int
	cpuProfile                   bool
}

func (o *options) addTo(flags *pflag.FlagSet) {
	flags.StringSliceVar(&o.workloads, "workloads", nil, "workloads to run; all of workload/workloads.yaml if not given")
	flags.StringSliceVar(&o.sizes, "sizes", []string{workload.Smoke}, "sizes to run them in: smoke (120 nodes, shows that all runs), 1000 and 5000 (nodes)")
	flags.StringSliceVar(&o.schedulers, "schedulers", []string{contender.Default, contender.Evenkeel, contender.Null},
		"schedulers to compare: "+strings.Join(contender.Names(), ", "))
	flags.StringVar(&o.config, "config", "", "KubeSchedulerConfiguration of the scheduler evenkeel; the shipped one if not given")
	flags.IntVar(&o.repeats, "repeats", 1, "number of times that each scheduler has its turn with each workload; the median counts")
	flags.IntVar(&o.gogc, "gogc", 100, "setting of the garbage collector in percent: of the whole process, API server included, and so the same for all")
	flags.StringVar(&o.results, "results", "", "folder to keep scheduler_perf's own results and logs in; they are thrown away if not given")
	flags.BoolVar(&o.cpuProfile, "cpuprofile", false, "write a CPU profile of each measurement into the folder of --results")
	flags.StringVarP(&o.output, "output", "o", outputTable, "table (and JSON as the last line) or json")
}

// complete checks the flags and fills in what they imply.
func (o *options) complete() error {
	known, err := workload.Names()
	if err != nil {
		return err
	}
	if o.workloads == nil {
		o.workloads = known
	}
	for _, list := range []struct {
		flag          string
		values, among []string
	}{
		{"workloads", o.workloads, known},
		{"sizes", o.sizes, workload.Sizes()},
		{"schedulers", o.schedulers, contender.Names()},
	} {
		if err := choices(list.flag, list.values, list.among); err != nil {
			return err
		}
	}
	if err := choices("output", []string{o.output}, []string{outputTable, outputJSON}); err != nil {
		return err
	}
	for name, value := range map[string]int{"repeats": o.repeats, "gogc": o.gogc} {
		if value < 1 {
			return fmt.Errorf("--%s is %d: it must be 1 or more", name, value)
		}
	}
	if o.cpuProfile && o.results == "" {
		return fmt.Errorf("--cpuprofile needs --results: the folder to write the profiles into")
	}
	if o.config != "" {
		if !slices.Contains(o.schedulers, contender.Evenkeel) {
			return fmt.Errorf("--config is for the scheduler evenkeel, which --schedulers leaves out")
		}
		if _, err := os.Stat(o.config); err != nil {
			return fmt.Errorf("--config: %w", err)
		}
	}
	// What is wrong with a configuration is better said now than after an hour.
	for _, name := range o.schedulers {
		if _, err := contender.Load(name, o.configOf(name)); err != nil {
			return err
		}
	}
	return nil
}

func (o *options) configOf(scheduler string) string {
	if scheduler == contender.Evenkeel {
		return o.config
	}
	return ""
}

// choices checks that each value is one of those there are, and there once.
func choices(flag string, values, among []string) error {
	if len(values) == 0 {
		return fmt.Errorf("--%s is empty: name one or more of %s", flag, strings.Join(among, ", "))
	}
	for i, value := range values {
		if !slices.Contains(among, value) {
			return fmt.Errorf("--%s has the value %q: it must be one of %s", flag, value, strings.Join(among, ", "))
		}
		if slices.Contains(values[:i], value) {
			return fmt.Errorf("--%s names %s twice", flag, value)
		}
	}
	return nil
}
