// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package report reads what scheduler_perf measured and shows it: as a table for
// people and as JSON.
package report

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	perf "k8s.io/kubernetes/test/integration/scheduler_perf"

	"github.com/evenkeel/evenkeel/test/perf/schedulerperf/workload"
)

// Turn is what scheduler_perf measured in one turn, in its own terms.
type Turn struct {
	// Throughput is in pods per second, sampled each second: Average and Perc50 to
	// Perc99, where Perc99 is the fastest second of a run of less than 100. Empty
	// if all was over before there were two samples.
	Throughput map[string]float64
	// Algorithm and Attempt are the durations of deciding, and of deciding and
	// binding, in ms. Pods from before the measured part are in them.
	Algorithm, Attempt map[string]float64
	// Duration is that of the measured part in s, from the first pod's creation to
	// when all are found placed, which is looked for every second.
	Duration float64
	// Heap is the memory in use at most, in MB: of the API server too.
	Heap float64
	// CPU is the CPU time of the whole turn in s: API server, etcd, scheduler and
	// whatever creates nodes and pods, from start to end. What two schedulers differ
	// by is theirs, however busy the machine is otherwise. Not in the results that
	// Read reads: it is known only once the process has ended.
	CPU float64
	// Placement is where the replicas ended; nil if there are none.
	Placement *workload.Placement
}

func (t Turn) String() string {
	if len(t.Throughput) == 0 {
		return fmt.Sprintf("too short to sample, %.0f s", t.Duration)
	}
	return fmt.Sprintf("%.0f pods/s on average, %.0f s", t.Throughput["Average"], t.Duration)
}

// Read reads the results in a folder, in which there must be those of one run.
func Read(dir string) (Turn, error) {
	var t Turn
	files, err := filepath.Glob(filepath.Join(dir, "*_benchmark_*.json"))
	if err != nil {
		return t, err
	}
	if len(files) != 1 {
		return t, fmt.Errorf("%s has %d results of scheduler_perf, want one", dir, len(files))
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		return t, err
	}
	var items perf.DataItems
	if err := json.Unmarshal(text, &items); err != nil {
		return t, fmt.Errorf("%s: %w", files[0], err)
	}
	for _, item := range items.DataItems {
		switch item.Labels["Metric"] {
		case "SchedulingThroughput":
			t.Throughput = item.Data
		case "SchedulingDuration":
			t.Duration = item.Data["Duration"]
		case "scheduler_scheduling_algorithm_duration_seconds":
			t.Algorithm = item.Data
		case "scheduler_scheduling_attempt_duration_seconds":
			t.Attempt = item.Data
		case "heap_memory_usage":
			t.Heap = item.Data["Max"]
		}
	}
	if t.Duration == 0 || len(t.Algorithm) == 0 {
		return t, fmt.Errorf("%s lacks the duration or that of the algorithm: was anything measured?", files[0])
	}
	if text, err = os.ReadFile(filepath.Join(dir, placementFile)); err != nil {
		return t, err
	}
	if err := json.Unmarshal(text, &t.Placement); err != nil {
		return t, fmt.Errorf("%s: %w", filepath.Join(dir, placementFile), err)
	}
	return t, nil
}

const placementFile = "placement.json"

// WritePlacement adds to the results of a turn what scheduler_perf does not look
// at: where the replicas ended.
func WritePlacement(dir string, p *workload.Placement) error {
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, placementFile), text, 0o600)
}
