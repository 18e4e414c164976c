// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package measure

import "slices"

// Results are what a run measured, ready to be shown.
type Results struct {
	Profiles map[string]Profile
	// CollectionCPU is the CPU time of one garbage collection, in milliseconds,
	// and LiveHeap what it left in memory, in MiB: of all profiles together.
	CollectionCPU, LiveHeap float64
}

// Profile is what was measured of one contender. Times and memory are per pod.
type Profile struct {
	// CPU is the CPU time of the whole process, user and system, collector
	// included, in microseconds: the median over the turns. CPUMin and CPUMax
	// are the least and the greatest turn, and CPUCollector the collector's
	// share, or 0 where it was left alone and so is in the rest.
	CPU, CPUMin, CPUMax, CPUCollector float64
	// PodsPerSecond is the throughput of the machine, API server apart: the
	// median over the turns.
	PodsPerSecond float64
	// CycleP50 and CycleP99 are the durations of scheduling cycles, in
	// microseconds.
	CycleP50, CycleP99 float64
	// Allocated is the memory that was allocated, in KiB.
	Allocated float64
	// GOGC is the setting of the collector that CPU counts with.
	GOGC int
	// FastPath is the share of the pods that the fast path placed, from 0 to 1.
	FastPath float64
	// Bursts and Pods are the numbers of workloads and pods that were placed.
	Bursts, Pods int
	// CoLocated, WorstRack and ZoneSkew say where they went: see
	// cluster.Placement.
	CoLocated           int
	WorstRack, ZoneSkew float64
}

func (r *run) results() *Results {
	results := &Results{
		Profiles:      map[string]Profile{},
		CollectionCPU: 1e3 * median(r.collections.cpu).Seconds(),
		LiveHeap:      float64(r.collections.live) / (1 << 20),
	}
	for _, s := range r.sides {
		var collectorCPU, collectorWall float64
		if r.plan.Collector == Charged {
			collectorCPU, collectorWall = r.collections.share(s.contender.GOGC)
		}
		var fast float64
		var cpu, cpuCollector, perSecond, bytes []float64
		for _, t := range s.turns {
			pods, allocated := float64(t.pods), float64(t.allocated)
			fast += t.fast
			cpu = append(cpu, 1e6*(t.cpu.Seconds()+collectorCPU*allocated)/pods)
			cpuCollector = append(cpuCollector, 1e6*collectorCPU*allocated/pods)
			perSecond = append(perSecond, pods/(t.wall.Seconds()+collectorWall*allocated))
			bytes = append(bytes, allocated/pods/1024)
		}
		results.Profiles[s.contender.Name] = Profile{
			CPU: median(cpu), CPUMin: slices.Min(cpu), CPUMax: slices.Max(cpu), CPUCollector: median(cpuCollector),
			PodsPerSecond: median(perSecond),
			CycleP50:      1e6 * quantile(s.cycles, 0.5).Seconds(),
			CycleP99:      1e6 * quantile(s.cycles, 0.99).Seconds(),
			Allocated:     median(bytes),
			GOGC:          s.contender.GOGC,
			FastPath:      fast / float64(s.placement.Pods),
			Bursts:        s.placement.Bursts,
			Pods:          s.placement.Pods,
			CoLocated:     s.placement.CoLocated,
			WorstRack:     s.placement.WorstRack(),
			ZoneSkew:      s.placement.ZoneSkew(),
		}
	}
	return results
}
