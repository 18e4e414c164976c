// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/evenkeel/evenkeel/internal/golden"
	"github.com/evenkeel/evenkeel/test/perf/schedulerperf/workload"
)

// results is what scheduler_perf writes, shortened.
const results = `{"version":"v1","dataItems":[
{"data":{"Average":200,"Perc50":210,"Perc90":300,"Perc95":310,"Perc99":320},"unit":"pods/s","labels":{"Metric":"SchedulingThroughput","Name":"x"}},
{"data":{"Average":1.5,"Perc50":1,"Perc90":2,"Perc95":3,"Perc99":4},"unit":"ms","labels":{"Metric":"scheduler_scheduling_algorithm_duration_seconds"}},
{"data":{"Average":15,"Perc50":10,"Perc90":20,"Perc95":30,"Perc99":40},"unit":"ms","labels":{"Metric":"scheduler_scheduling_attempt_duration_seconds","result":"scheduled"}},
{"data":{"Average":300,"Max":400},"unit":"MB","labels":{"Metric":"heap_memory_usage"}},
{"data":{"Duration":10},"unit":"s","labels":{"Metric":"SchedulingDuration"}}]}`

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestResultsAreRead(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "null_benchmark_null_now.json", results)
	want := &workload.Placement{WorstHost: 2, IdealHost: 1}
	if err := WritePlacement(dir, want); err != nil {
		t.Fatal(err)
	}
	got, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(turnOf(200, 10, want), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// turnOf is the turn of results with another throughput, duration and placement.
func turnOf(throughput, duration float64, placement *workload.Placement) Turn {
	t := Turn{
		Algorithm: map[string]float64{"Average": 1.5, "Perc50": 1, "Perc90": 2, "Perc95": 3, "Perc99": 4},
		Attempt:   map[string]float64{"Average": 15, "Perc50": 10, "Perc90": 20, "Perc95": 30, "Perc99": 40},
		Duration:  duration, Heap: 400, Placement: placement,
	}
	if throughput > 0 {
		t.Throughput = map[string]float64{"Average": throughput, "Perc50": throughput + 10, "Perc90": throughput + 100, "Perc95": throughput + 110, "Perc99": throughput + 120}
	}
	return t
}

func busy(cpu float64, t Turn) Turn {
	t.CPU = cpu
	return t
}

func TestWrongResultsAreRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		files map[string]string
		want  string
	}{
		"none":             {want: "has 0 results of scheduler_perf, want one"},
		"two":              {files: map[string]string{"a_benchmark_a.json": results, "b_benchmark_b.json": results}, want: "has 2 results"},
		"no JSON":          {files: map[string]string{"a_benchmark_a.json": "{"}, want: "unexpected end of JSON input"},
		"nothing measured": {files: map[string]string{"a_benchmark_a.json": `{"dataItems":[]}`}, want: "was anything measured?"},
		"no placement":     {files: map[string]string{"a_benchmark_a.json": results}, want: "placement.json"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for file, text := range tc.files {
				write(t, dir, file, text)
			}
			if _, err := Read(dir); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want it to say %q", err, tc.want)
			}
		})
	}
}

// sample is a report of two workloads: one in three turns per scheduler, one that
// was over too soon.
func sample() *Report {
	r := New(3, 100, []string{"default", "evenkeel", "null"})
	r.Setting.CPUs, r.Setting.Go, r.Setting.Kubernetes = 2, "go1.x", "v1.x"
	r.Add("DefaultTopologySpreading/5000Nodes", workload.Shape{Nodes: 5000, InitPods: 5000, MeasuredPods: 10000})
	for _, throughput := range []float64{90, 110, 100} {
		r.Measured("DefaultTopologySpreading/5000Nodes", "default", busy(150, turnOf(throughput, 100, &workload.Placement{WorstHost: 3, IdealHost: 2, WorstRack: 400, IdealRack: 334})))
	}
	for _, throughput := range []float64{390, 380, 500} {
		r.Measured("DefaultTopologySpreading/5000Nodes", "evenkeel", busy(55, turnOf(throughput, 25, &workload.Placement{WorstHost: 2, IdealHost: 2, WorstRack: 334, IdealRack: 334})))
	}
	r.Measured("DefaultTopologySpreading/5000Nodes", "null", busy(50, turnOf(400, 25, &workload.Placement{WorstHost: 9, IdealHost: 2, WorstRack: 500, IdealRack: 334})))
	r.Add("SchedulingBasic/smoke", workload.Shape{Nodes: 100, InitPods: 100, MeasuredPods: 2000})
	r.Measured("SchedulingBasic/smoke", "evenkeel", busy(6, turnOf(0, 2, nil)))
	r.Measured("SchedulingBasic/smoke", "null", busy(5, turnOf(1000, 2, nil)))
	return r
}

func TestReportIsATable(t *testing.T) {
	var text strings.Builder
	if err := sample().WriteTable(&text); err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "testdata/report.txt", []byte(text.String()))
}

func TestReportIsJSON(t *testing.T) {
	var text strings.Builder
	if err := sample().WriteJSON(&text); err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "testdata/report.json", []byte(text.String()))
}
