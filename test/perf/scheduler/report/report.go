// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package report shows what was measured: as a table for people, and as one
// JSON object for programs. It computes only the ratios.
package report

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"

	"github.com/evenkeel/evenkeel/test/perf/scheduler/cluster"
	"github.com/evenkeel/evenkeel/test/perf/scheduler/contender"
	"github.com/evenkeel/evenkeel/test/perf/scheduler/measure"
)

// Report is the JSON object. The names of its fields end in their units.
type Report struct {
	Profiles map[string]Profile `json:"profiles"`
	Ratios   Ratios             `json:"ratios"`
	// Ideal is the best placement there can be; nil for plain pods.
	Ideal   *Ideal  `json:"ideal,omitempty"`
	Setting Setting `json:"setting"`
	Machine Machine `json:"machine"`
}

// Profile is what one contender used per pod and where its pods went. See
// measure.Profile and cluster.Placement for what each figure means.
type Profile struct {
	CPU           float64 `json:"cpu_us_per_pod"`
	CPUMin        float64 `json:"cpu_us_per_pod_min"`
	CPUMax        float64 `json:"cpu_us_per_pod_max"`
	CPUCollector  float64 `json:"gc_cpu_us_per_pod"`
	PodsPerSecond float64 `json:"pods_per_second"`
	CycleP50      float64 `json:"cycle_p50_us"`
	CycleP99      float64 `json:"cycle_p99_us"`
	Allocated     float64 `json:"alloc_kb_per_pod"`
	GOGC          int     `json:"gogc_percent"`
	Pods          int     `json:"measured_pods"`
	// FastPath is the share of the pods that the fast path placed, in percent; nil in
	// reports of before it was counted.
	FastPath *float64 `json:"fast_path_percent"`
	// The placement of plain pods is null: they are nobody's replicas.
	CoLocated *int     `json:"co_located"`
	WorstRack *float64 `json:"worst_rack"`
	ZoneSkew  *float64 `json:"zone_skew"`
}

// Ratios compare CPU times per pod: how many times that of Evenkeel. One whose
// profiles were not both measured is left out.
type Ratios struct {
	CPUVsDefault float64 `json:"cpu_vs_default,omitempty"`
	CPUVsTuned   float64 `json:"cpu_vs_tuned,omitempty"`
}

// Ideal is the least that the figures of the same names can be.
type Ideal struct {
	CoLocated int `json:"co_located"`
	WorstRack int `json:"worst_rack"`
	ZoneSkew  int `json:"zone_skew"`
}

// Setting is what was asked for.
type Setting struct {
	Nodes                       int    `json:"nodes"`
	PodsPerNode                 int    `json:"pods_per_node"`
	NodesPerHost                int    `json:"nodes_per_host"`
	Racks                       int    `json:"racks"`
	Zones                       int    `json:"zones"`
	Services                    string `json:"services"`
	ServiceSize                 int    `json:"service_size"`
	ExistingAntiAffinityPercent int    `json:"existing_anti_affinity_percent"`
	AntiAffinity                string `json:"anti"`
	Spread                      string `json:"spread"`
	Burst                       int    `json:"burst"`
	Repeats                     int    `json:"repeats"`
	Seed                        uint64 `json:"seed"`
	Collector                   string `json:"gc"`
	// CollectionCPU and LiveHeap are of all profiles together.
	CollectionCPU float64 `json:"gc_cycle_cpu_ms"`
	LiveHeap      float64 `json:"live_heap_mb"`
}

// New makes the report of a run.
func New(shape cluster.Shape, plan measure.Plan, results *measure.Results) *Report {
	r := &Report{
		Profiles: map[string]Profile{},
		Setting: Setting{
			Nodes: shape.Nodes, PodsPerNode: shape.PodsPerNode, NodesPerHost: shape.NodesPerHost, Racks: shape.Racks, Zones: shape.Zones,
			Services: string(shape.Services), ServiceSize: shape.ServiceSize,
			ExistingAntiAffinityPercent: shape.ExistingAntiAffinity, AntiAffinity: string(shape.AntiAffinity), Spread: string(shape.Spread),
			Burst: plan.Burst, Repeats: plan.Repeats, Seed: shape.Seed,
			Collector: string(plan.Collector), CollectionCPU: round(results.CollectionCPU, 1), LiveHeap: round(results.LiveHeap, 0),
		},
		Machine: thisMachine(),
	}
	spread := shape.Services != cluster.NoServices
	if spread {
		r.Ideal = &Ideal{}
		r.Ideal.WorstRack, r.Ideal.ZoneSkew = shape.Ideal(plan.Burst)
	}
	for name, p := range results.Profiles {
		fast := round(100*p.FastPath, 2)
		profile := Profile{
			CPU: round(p.CPU, 1), CPUMin: round(p.CPUMin, 1), CPUMax: round(p.CPUMax, 1), CPUCollector: round(p.CPUCollector, 1),
			PodsPerSecond: round(p.PodsPerSecond, 1), CycleP50: round(p.CycleP50, 1), CycleP99: round(p.CycleP99, 1),
			Allocated: round(p.Allocated, 1), GOGC: p.GOGC, Pods: p.Pods, FastPath: &fast,
		}
		if spread {
			worst, skew := round(p.WorstRack, 2), round(p.ZoneSkew, 2)
			profile.CoLocated, profile.WorstRack, profile.ZoneSkew = &p.CoLocated, &worst, &skew
		}
		r.Profiles[name] = profile
	}
	ratio := func(other string) float64 {
		ours, ok := r.Profiles[contender.Evenkeel]
		theirs, also := r.Profiles[other]
		if !ok || !also {
			return 0
		}
		return round(theirs.CPU/ours.CPU, 2)
	}
	r.Ratios = Ratios{CPUVsDefault: ratio(contender.Default), CPUVsTuned: ratio(contender.Tuned)}
	return r
}

func round(value float64, digits int) float64 {
	scale := math.Pow10(digits)
	return math.Round(value*scale) / scale
}

// WriteJSON writes the report as one line.
func (r *Report) WriteJSON(w io.Writer) error {
	return json.NewEncoder(w).Encode(r)
}

// WriteTable writes the report for people.
func (r *Report) WriteTable(w io.Writer) error {
	s := r.Setting
	var text strings.Builder
	fmt.Fprintf(&text, "%d nodes x %d pods, %d racks, %d zones; services: %s; bursts of %d, %d repeats; %s\n",
		s.Nodes, s.PodsPerNode, s.Racks, s.Zones, s.Services, s.Burst, s.Repeats, r.Machine)
	if s.ExistingAntiAffinityPercent > 0 || s.AntiAffinity != string(cluster.NoAntiAffinity) {
		fmt.Fprintf(&text, "anti-affinity: %s on new pods, required on %d %% of the running workloads\n", s.AntiAffinity, s.ExistingAntiAffinityPercent)
	}
	if s.Spread != string(cluster.NoSpread) {
		fmt.Fprintf(&text, "topologySpreadConstraints on new pods: %s, over zones and hostnames\n", s.Spread)
	}
	fmt.Fprintln(&text)
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "profile\tCPU/pod\tmin-max\tof it GC\tpods/s\tcycle p50\tp99\talloc/pod\tco-located\tworst rack\tzone skew\t")
	for _, name := range contender.Names() {
		p, ok := r.Profiles[name]
		if !ok {
			continue
		}
		coLocated, rack, zone := "-", "-", "-"
		if p.CoLocated != nil {
			coLocated, rack, zone = fmt.Sprintf("%d of %d", *p.CoLocated, p.Pods), fmt.Sprintf("%.2f", *p.WorstRack), fmt.Sprintf("%.2f", *p.ZoneSkew)
		}
		collector := fmt.Sprintf("%.0f µs", p.CPUCollector)
		if s.Collector == string(measure.Natural) {
			collector = "-"
		}
		fmt.Fprintf(table, "%s\t%.0f µs\t%.0f-%.0f\t%s\t%.0f\t%.0f µs\t%.0f µs\t%.0f KiB\t%s\t%s\t%s\t\n",
			name, p.CPU, p.CPUMin, p.CPUMax, collector, p.PodsPerSecond, p.CycleP50, p.CycleP99, p.Allocated, coLocated, rack, zone)
	}
	if r.Ideal != nil {
		fmt.Fprintf(table, "ideal\t\t\t\t\t\t\t\t%d\t%d\t%d\t\n", r.Ideal.CoLocated, r.Ideal.WorstRack, r.Ideal.ZoneSkew)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(&text)
	if r.Ratios.CPUVsDefault > 0 {
		fmt.Fprintf(&text, "evenkeel needs 1/%.1f of the CPU of default\n", r.Ratios.CPUVsDefault)
	}
	if r.Ratios.CPUVsTuned > 0 {
		fmt.Fprintf(&text, "evenkeel needs 1/%.1f of the CPU of tuned\n", r.Ratios.CPUVsTuned)
	}
	_, err := io.WriteString(w, text.String())
	return err
}
