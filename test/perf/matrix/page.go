// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	driver "github.com/evenkeel/evenkeel/test/perf/scheduler/report"
	schedulerperf "github.com/evenkeel/evenkeel/test/perf/schedulerperf/report"
)

// page writes the figures for people.
func (f figures) page() ([]byte, error) {
	var page strings.Builder
	page.WriteString(`<!-- Written by make bench-scheduler from scheduler.json; do not edit. -->

# What the scheduler was measured to do

What is run and what each column means is in [README.md](README.md). Ratios compare, figures do not: all contenders of a
row ran in one process run, in turns.
`)
	machine, err := f.machine()
	if err != nil {
		return nil, err
	}
	if machine != "" {
		fmt.Fprintf(&page, "\nThe machine: %s.\n", machine)
	}
	page.WriteString(`
## The scheduler alone, without an API server

CPU time per pod. "Cheaper" is how many times that of Evenkeel the other contender needs.
`)
	for _, s := range settings {
		if s.withServer {
			continue
		}
		if err := f.driverTable(&page, s); err != nil {
			return nil, err
		}
	}
	page.WriteString(`
## Through a real API server

Kubernetes' scheduler_perf, with etcd, the API server, the scheduler and whatever creates the pods on one machine.
"null" sorts the queue, fits resources and binds, and does nothing else: what the API server allows.
`)
	for _, s := range settings {
		if !s.withServer {
			continue
		}
		if err := f.serverTable(&page, s); err != nil {
			return nil, err
		}
	}
	return []byte(page.String()), nil
}

// machine describes the machine of the newest figure.
func (f figures) machine() (string, error) {
	newest := ""
	for _, s := range settings {
		if got, ok := f[s.name]; ok && !s.withServer && (newest == "" || got.Day > f[newest].Day) {
			newest = s.name
		}
	}
	if newest == "" {
		return "", nil
	}
	var r driver.Report
	if err := f.result(newest, &r); err != nil {
		return "", err
	}
	return r.Machine.String() + ", " + r.Machine.OS, nil
}

func (f figures) result(name string, into any) error {
	if err := json.Unmarshal(f[name].Result, into); err != nil {
		return fmt.Errorf("%s of %s: %w; measure it again with --only %s", figuresFile, name, err, name)
	}
	return nil
}

// heading begins the section of a setting, and reports whether there are figures.
func (f figures) heading(page *strings.Builder, s setting) bool {
	got, ok := f[s.name]
	if !ok {
		fmt.Fprintf(page, "\n### %s\n\nNot measured yet: `%s`\n", s.title, s.command())
		return false
	}
	fmt.Fprintf(page, "\n### %s\n\n`%s`, %s\n\n", s.title, got.Command, got.Day)
	return true
}

func (f figures) driverTable(page *strings.Builder, s setting) error {
	if !f.heading(page, s) {
		return nil
	}
	var r driver.Report
	if err := f.result(s.name, &r); err != nil {
		return err
	}
	page.WriteString("| profile | `GOGC` | CPU/pod | min-max | of it GC | pods/s | cycle p50 | p99 | alloc/pod | co-located | worst rack | zone skew | Evenkeel is cheaper |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|\n")
	for _, name := range sorted(r.Profiles, "default", "tuned", "evenkeel") {
		p := r.Profiles[name]
		coLocated, rack, skew, cheaper := "-", "-", "-", ""
		if p.CoLocated != nil && p.WorstRack != nil && p.ZoneSkew != nil && r.Ideal != nil {
			coLocated = fmt.Sprintf("%d of %d", *p.CoLocated, p.Pods)
			rack = fmt.Sprintf("%.2f (ideal %d)", *p.WorstRack, r.Ideal.WorstRack)
			skew = fmt.Sprintf("%.2f", *p.ZoneSkew)
		}
		if ours, ok := r.Profiles["evenkeel"]; ok && name != "evenkeel" {
			cheaper = fmt.Sprintf("**%.1f×**", p.CPU/ours.CPU)
		}
		fmt.Fprintf(page, "| %s | %d | %.0f µs | %.0f-%.0f | %.0f µs | %.0f | %.0f µs | %.0f µs | %.0f KiB | %s | %s | %s | %s |\n",
			name, p.GOGC, p.CPU, p.CPUMin, p.CPUMax, p.CPUCollector, p.PodsPerSecond, p.CycleP50, p.CycleP99, p.Allocated, coLocated, rack, skew, cheaper)
	}
	if ours, ok := r.Profiles["evenkeel"]; ok {
		placed := "-" // Not in results of before it was counted.
		if ours.FastPath != nil {
			placed = fmt.Sprintf("%.1f", *ours.FastPath)
		}
		fmt.Fprintf(page, "\nThe fast path placed %s %% of the pods.\n", placed)
	}
	return nil
}

func (f figures) serverTable(page *strings.Builder, s setting) error {
	if !f.heading(page, s) {
		return nil
	}
	var r schedulerperf.Report
	if err := f.result(s.name, &r); err != nil {
		return err
	}
	page.WriteString("| workload | scheduler | pods/s | min-max | of null | of default | deciding, mean | p99 | CPU, server included |\n|---|---|---|---|---|---|---|---|---|\n")
	for _, name := range sorted(r.Workloads) {
		w := r.Workloads[name]
		throughput := func(scheduler string) float64 {
			if got := w.Schedulers[scheduler]; got != nil && got.Throughput != nil {
				return got.Throughput.Average
			}
			return 0
		}
		title := name
		for _, scheduler := range sorted(w.Schedulers, "default", "tuned", "evenkeel", "null") {
			got := w.Schedulers[scheduler]
			average, span := fmt.Sprintf("%.0f in all", got.Overall), "-"
			if got.Throughput != nil {
				average, span = fmt.Sprintf("%.0f", got.Throughput.Average), fmt.Sprintf("%.0f-%.0f", got.Throughput.AverageMin, got.Throughput.AverageMax)
			}
			fmt.Fprintf(page, "| %s | %s | %s | %s | %s | %s | %.2f ms | %.2f ms | %.0f s |\n", title, scheduler, average, span,
				share(throughput(scheduler), throughput("null")), share(throughput(scheduler), throughput("default")), got.AlgorithmAvg, got.AlgorithmP99, got.CPU)
			title = ""
		}
	}
	return nil
}

func share(one, other float64) string {
	if one == 0 || other == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", one/other)
}

// sorted returns the keys of a map: those that are named first, in that order.
func sorted[T any](m map[string]T, first ...string) []string {
	var keys []string
	for _, key := range first {
		if _, ok := m[key]; ok {
			keys = append(keys, key)
		}
	}
	var rest []string
	for key := range m {
		if !slices.Contains(first, key) {
			rest = append(rest, key)
		}
	}
	slices.Sort(rest)
	return append(keys, rest...)
}
