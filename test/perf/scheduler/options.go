// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/evenkeel/evenkeel/test/perf/scheduler/cluster"
	"github.com/evenkeel/evenkeel/test/perf/scheduler/contender"
	"github.com/evenkeel/evenkeel/test/perf/scheduler/measure"
)

// The values of --output.
const (
	outputTable = "table"
	outputJSON  = "json"
)

// nodesPerRack is what --racks assumes if it is not given. The number of racks
// is then a multiple of that of the zones, because replicas that are spread
// evenly over racks are so over zones only if each zone has as many racks.
const nodesPerRack = 40

// options are the flags.
type options struct {
	shape    cluster.Shape
	plan     measure.Plan
	profiles []string
	config   string
	gogc     map[string]int
	output   string

	pods, warmup                                            int
	services, anti, spread, existingAntiAffinity, collector string
}

func (o *options) addTo(flags *pflag.FlagSet) {
	flags.IntVar(&o.shape.Nodes, "nodes", 5000, "number of nodes")
	flags.IntVar(&o.shape.PodsPerNode, "pods-per-node", 20, "number of pods that run on each node already")
	flags.IntVar(&o.shape.Racks, "racks", 0, fmt.Sprintf("number of racks; 0 is one per %d nodes or so, as many in each zone", nodesPerRack))
	flags.IntVar(&o.shape.Zones, "zones", 3, "number of zones")
	flags.IntVar(&o.shape.NodesPerHost, "nodes-per-host", 1, "number of nodes on each physical machine; more than 1 makes them virtual machines")
	flags.IntVar(&o.shape.ServiceSize, "service-size", 50, "number of replicas of each workload that runs already")
	flags.StringVar(&o.services, "services", string(cluster.ManyNamespaces), "many-namespaces (a Service and namespace per workload), one-namespace, or none (plain pods without Service and controller)")
	flags.StringVar(&o.existingAntiAffinity, "existing-anti-affinity", "0%", "share of the running workloads whose pods declare required anti-affinity over hostnames")
	flags.StringVar(&o.anti, "anti", string(cluster.NoAntiAffinity), "anti-affinity that the new pods declare: required or preferred (over hostnames), preferred-zones (over hostnames and zones), or none")
	flags.StringVar(&o.spread, "spread", string(cluster.NoSpread), "topologySpreadConstraints over zones and hostnames that the new pods declare: hard (DoNotSchedule), soft (ScheduleAnyway) or none")
	flags.Uint64Var(&o.shape.Seed, "seed", 1, "decides where the running pods are and what they request")

	flags.StringSliceVar(&o.profiles, "profiles", contender.Names(), "profiles to measure: "+strings.Join(contender.Names(), ", "))
	flags.StringVar(&o.config, "config", "", "KubeSchedulerConfiguration of the profile evenkeel; the shipped one if not given")
	flags.StringToIntVar(&o.gogc, "gogc", nil, "settings of the garbage collector in percent, as in default=100,evenkeel=400; as each profile is shipped if not given")
	flags.IntVar(&o.plan.Burst, "burst", 50, "number of replicas of each new workload; they arrive together")
	flags.IntVar(&o.pods, "pods", 500, "number of pods to measure per profile and repeat, rounded up to whole bursts")
	flags.IntVar(&o.warmup, "warmup", 100, "number of pods to place before each measurement, rounded up to whole bursts")
	flags.IntVar(&o.plan.Repeats, "repeats", 6, "number of times that each profile is measured, in turns")
	flags.StringVar(&o.collector, "gc", string(measure.Charged), "how the garbage collector is counted: charged (by the bytes that each profile allocates) or natural (as it happens to run; for long runs)")
	flags.StringVar(&o.plan.CPUProfile, "cpuprofile", "", "folder for CPU profiles of the measured pods, one file per profile and repeat")
	flags.StringVarP(&o.output, "output", "o", outputTable, "table (and JSON as the last line) or json")
}

// complete checks the flags and fills in what they imply.
func (o *options) complete() error {
	for name, value := range map[string]int{
		"nodes": o.shape.Nodes, "zones": o.shape.Zones, "nodes-per-host": o.shape.NodesPerHost, "service-size": o.shape.ServiceSize,
		"burst": o.plan.Burst, "pods": o.pods, "repeats": o.plan.Repeats,
	} {
		if value < 1 {
			return fmt.Errorf("--%s is %d: it must be 1 or more", name, value)
		}
	}
	for name, value := range map[string]int{"pods-per-node": o.shape.PodsPerNode, "racks": o.shape.Racks, "warmup": o.warmup} {
		if value < 0 {
			return fmt.Errorf("--%s is %d: it must be 0 or more", name, value)
		}
	}
	if o.shape.Racks == 0 {
		o.shape.Racks = max(o.shape.Nodes/nodesPerRack/o.shape.Zones, 1) * o.shape.Zones
	}
	if o.shape.Racks > o.shape.Hosts() {
		return fmt.Errorf("--racks is %d, but there are only %d hosts: each rack needs one", o.shape.Racks, o.shape.Hosts())
	}
	if o.shape.Zones > o.shape.Racks {
		return fmt.Errorf("--zones is %d, but there are only %d racks: each zone needs one", o.shape.Zones, o.shape.Racks)
	}
	if err := o.choices(); err != nil {
		return err
	}
	wholeBursts := func(pods int) int { return (pods + o.plan.Burst - 1) / o.plan.Burst }
	o.plan.Bursts, o.plan.Warmup = wholeBursts(o.pods), wholeBursts(o.warmup)
	// Half of what fits is enough for a burst to find room wherever it looks.
	room := o.shape.Nodes * min(o.shape.PodCapacity()-o.shape.PodsPerNode, 64) / 2
	if pods := (o.plan.Bursts + o.plan.Warmup) * o.plan.Burst; pods > room {
		return fmt.Errorf("--pods and --warmup add up to %d pods, but %d nodes have room for %d beside those that run: ask for fewer, or for more nodes", pods, o.shape.Nodes, room)
	}
	if o.shape.AntiAffinity == cluster.Required && o.plan.Burst > o.shape.Nodes {
		return fmt.Errorf("--burst is %d: with --anti required each pod needs a node of its own, and there are %d", o.plan.Burst, o.shape.Nodes)
	}
	return nil
}

// choices checks the flags that take words.
func (o *options) choices() error {
	var err error
	if o.shape.Services, err = choice("services", o.services, cluster.ManyNamespaces, cluster.OneNamespace, cluster.NoServices); err != nil {
		return err
	}
	if o.shape.AntiAffinity, err = choice("anti", o.anti, cluster.Required, cluster.Preferred, cluster.PreferredZones, cluster.NoAntiAffinity); err != nil {
		return err
	}
	if o.shape.Spread, err = choice("spread", o.spread, cluster.HardSpread, cluster.SoftSpread, cluster.NoSpread); err != nil {
		return err
	}
	if o.plan.Collector, err = choice("gc", o.collector, measure.Charged, measure.Natural); err != nil {
		return err
	}
	if o.output, err = choice("output", o.output, outputTable, outputJSON); err != nil {
		return err
	}
	percent, err := strconv.Atoi(strings.TrimSuffix(o.existingAntiAffinity, "%"))
	if err != nil || percent < 0 || percent > 100 {
		return fmt.Errorf("--existing-anti-affinity is %q: it must be a percentage from 0%% to 100%%", o.existingAntiAffinity)
	}
	o.shape.ExistingAntiAffinity = percent
	if len(o.profiles) == 0 {
		return fmt.Errorf("--profiles is empty: name one or more of %s", strings.Join(contender.Names(), ", "))
	}
	for i, name := range o.profiles {
		if _, err := choice("profiles", name, contender.Names()...); err != nil {
			return err
		}
		if slices.Contains(o.profiles[:i], name) {
			return fmt.Errorf("--profiles names %s twice", name)
		}
	}
	for name, percent := range o.gogc {
		if _, err := choice("gogc", name, contender.Names()...); err != nil {
			return err
		}
		if percent < 1 {
			return fmt.Errorf("--gogc sets %s to %d: it must be 1 percent or more", name, percent)
		}
	}
	if o.config != "" && !slices.Contains(o.profiles, contender.Evenkeel) {
		return fmt.Errorf("--config is for the profile evenkeel, which --profiles leaves out")
	}
	if o.config != "" {
		if _, err := os.Stat(o.config); err != nil {
			return fmt.Errorf("--config: %w", err)
		}
	}
	return nil
}

// choice returns the value if it is one of those there are.
func choice[T ~string](flag, value string, values ...T) (T, error) {
	names := make([]string, len(values))
	for i, v := range values {
		if value == string(v) {
			return v, nil
		}
		names[i] = string(v)
	}
	return "", fmt.Errorf("--%s has the value %q: it must be one of %s", flag, value, strings.Join(names, ", "))
}
