// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/evenkeel/evenkeel/internal/program/programtest"
	"github.com/evenkeel/evenkeel/test/perf/schedulerperf/report"
)

// mainVariable makes the test binary be the program, which calls itself for each
// turn.
const mainVariable = "EVENKEEL_TEST_RUN_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(mainVariable) != "" {
		main()
	}
	m.Run()
}

// TestWorkloadRunsWithEveryScheduler plays, with an API server, the workload that
// needs the most of us: the owner of its pods. Were that wrong, the garbage
// collector would delete them, and the run would not end.
func TestWorkloadRunsWithEveryScheduler(t *testing.T) {
	if testing.Short() {
		t.Skip("starts API servers")
	}
	t.Setenv(mainVariable, "1")
	results := t.TempDir()
	var stdout, stderr bytes.Buffer
	args := []string{"--workloads=DefaultTopologySpreading", "--schedulers=default,evenkeel,null", "--cpuprofile", "--results=" + results}
	if code := run(t.Context(), args, &stdout, &stderr); code != 0 {
		t.Fatalf("exit code %d:\n%s", code, stderr.String())
	}
	lines := strings.Split(strings.TrimSuffix(stdout.String(), "\n"), "\n")
	var r report.Report
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &r); err != nil {
		t.Fatalf("the last line is no report: %v\n%s", err, stdout.String())
	}
	w := r.Workloads["DefaultTopologySpreading/smoke"]
	if w == nil {
		t.Fatalf("the workload is missing:\n%s", stdout.String())
	}
	if diff := cmp.Diff([]string{"default", "evenkeel", "null"}, slices.Sorted(maps.Keys(w.Schedulers))); diff != "" {
		t.Errorf("schedulers (-want +got):\n%s", diff)
	}
	for name, s := range w.Schedulers {
		if s.Overall <= 0 || s.AlgorithmAvg <= 0 || s.AttemptAvg < s.AlgorithmAvg || s.Heap <= 0 || s.CPU <= 0 {
			t.Errorf("%s: %+v", name, s)
		}
		if s.Placement == nil || s.Placement.IdealHost != 17 {
			t.Errorf("%s: the replicas were not found: %+v", name, s.Placement)
		}
	}
	if s := w.Schedulers["evenkeel"]; s != nil && s.Placement != nil {
		if p := s.Placement; p.WorstHost > p.IdealHost+1 || p.WorstRack > p.IdealRack+2 {
			t.Errorf("evenkeel left %d replicas on one host and %d in one rack, want %d and %d or hardly more", p.WorstHost, p.WorstRack, p.IdealHost, p.IdealRack)
		}
	}
	profiles, err := filepath.Glob(filepath.Join(results, "*", resultsFolder, "*-cpu.prof"))
	if err != nil || len(profiles) != 3 {
		t.Errorf("%d CPU profiles, want 3 (%v)", len(profiles), err)
	}
}

func TestWrongInputIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte("kind: Pod\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	programtest.CheckRefusals(t, "schedulerperf", func(args []string, stdout, stderr io.Writer) int { return run(t.Context(), args, stdout, stderr) }, map[string]programtest.Refusal{
		"an unknown flag":     {Args: []string{"--size=5"}, Want: "schedulerperf: unknown flag: --size; see --help"},
		"an argument":         {Args: []string{"smoke"}, Want: `schedulerperf: "smoke" is not understood; schedulerperf takes flags only, see --help`},
		"a workload":          {Args: []string{"--workloads=Basic"}, Want: `schedulerperf: --workloads has the value "Basic": it must be one of SchedulingBasic, DefaultTopologySpreading, PreferredAntiAffinity, PodMatchingAntiAffinity, MixedChurn, Unschedulable`},
		"no workload":         {Args: []string{"--workloads="}, Want: "schedulerperf: --workloads is empty: name one or more of SchedulingBasic, "},
		"a size":              {Args: []string{"--sizes=2000"}, Want: `schedulerperf: --sizes has the value "2000": it must be one of smoke, 1000, 5000`},
		"a size twice":        {Args: []string{"--sizes=smoke,smoke"}, Want: "schedulerperf: --sizes names smoke twice"},
		"a scheduler":         {Args: []string{"--schedulers=fast"}, Want: `schedulerperf: --schedulers has the value "fast": it must be one of default, tuned, shipped, evenkeel, null`},
		"no repeat":           {Args: []string{"--repeats=0"}, Want: "schedulerperf: --repeats is 0: it must be 1 or more"},
		"a collector":         {Args: []string{"--gogc=-1"}, Want: "schedulerperf: --gogc is -1: it must be 1 or more"},
		"an output":           {Args: []string{"-o", "yaml"}, Want: `schedulerperf: --output has the value "yaml": it must be one of table, json`},
		"profiles to nowhere": {Args: []string{"--cpuprofile"}, Want: "schedulerperf: --cpuprofile needs --results: the folder to write the profiles into"},
		"a file that is not":  {Args: []string{"--config=none.yaml"}, Want: "schedulerperf: --config: stat none.yaml: no such file or directory"},
		"a file for nothing":  {Args: []string{"--config=" + file, "--schedulers=null"}, Want: "schedulerperf: --config is for the scheduler evenkeel, which --schedulers leaves out"},
		"another kind":        {Args: []string{"--config=" + file}, Want: "schedulerperf: configuration file " + file + ": "},
	})
}

// TestFailureNamesItsReason: scheduler_perf's output has thousands of lines.
func TestFailureNamesItsReason(t *testing.T) {
	t.Setenv(mainVariable, "1")
	s := &series{options: &options{gogc: 100}, results: t.TempDir()}
	_, err := s.play(t.Context(), &turn{workload: "None", size: "smoke", scheduler: "null", dir: filepath.Join(s.results, "turn")})
	if err == nil {
		t.Fatal("a workload that is not there was played")
	}
	for _, want := range []string{"there is no workload None of size smoke", filepath.Join(s.results, "turn", logFile)} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q lacks %q", err, want)
		}
	}
}
