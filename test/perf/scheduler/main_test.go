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
	"github.com/evenkeel/evenkeel/test/perf/scheduler/report"
)

// small is a cluster of 50 nodes in 6 racks and 3 zones, in which bursts of 20
// are placed: 3 workloads in each of 2 repeats.
var small = []string{"--nodes=50", "--pods-per-node=4", "--service-size=10", "--racks=6", "--burst=20", "--pods=60", "--warmup=20", "--repeats=2"}

// bench runs the driver and returns what it printed and the report in the last
// line.
func bench(t *testing.T, args ...string) (string, report.Report) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), append(slices.Clone(small), args...), &stdout, &stderr); code != 0 {
		t.Fatalf("exit code %d:\n%s", code, stderr.String())
	}
	lines := strings.Split(strings.TrimSuffix(stdout.String(), "\n"), "\n")
	decoder := json.NewDecoder(strings.NewReader(lines[len(lines)-1]))
	decoder.DisallowUnknownFields()
	var r report.Report
	if err := decoder.Decode(&r); err != nil {
		t.Fatalf("the last line is no report: %v\n%s", err, stdout.String())
	}
	return stdout.String(), r
}

// TestProfilesPlaceEveryPodApart checks what must hold of any run, for every
// kind of pod: each is placed, everything is measured, and no two replicas
// share a host, which would show that a profile's spreading is off.
func TestProfilesPlaceEveryPodApart(t *testing.T) {
	for name, tc := range map[string]struct {
		args  []string
		plain bool
	}{
		"a namespace per workload":         {},
		"one namespace":                    {args: []string{"--services=one-namespace"}},
		"plain pods":                       {args: []string{"--services=none"}, plain: true},
		"required anti-affinity":           {args: []string{"--anti=required"}},
		"preferred anti-affinity":          {args: []string{"--anti=preferred"}},
		"preferred over zones too":         {args: []string{"--anti=preferred-zones"}},
		"hard spread constraints":          {args: []string{"--spread=hard"}},
		"soft spread constraints":          {args: []string{"--spread=soft"}},
		"a cluster full of anti-affinity":  {args: []string{"--existing-anti-affinity=100%"}},
		"plain pods among anti-affinity":   {args: []string{"--existing-anti-affinity=100%", "--services=none"}, plain: true},
		"one replica at a time":            {args: []string{"--burst=1"}},
		"the collector as it happens":      {args: []string{"--gc=natural"}},
		"an empty cluster":                 {args: []string{"--pods-per-node=0"}},
		"more pods than a kubelet's limit": {args: []string{"--pods-per-node=120"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, r := bench(t, tc.args...)
			if diff := cmp.Diff([]string{"default", "evenkeel", "tuned"}, slices.Sorted(maps.Keys(r.Profiles))); diff != "" {
				t.Errorf("profiles (-want +got):\n%s", diff)
			}
			for name, p := range r.Profiles {
				if p.Pods != 120 {
					t.Errorf("%s placed %d pods, want 2 repeats of 60", name, p.Pods)
				}
				for field, value := range map[string]float64{"cpu_us_per_pod": p.CPU, "pods_per_second": p.PodsPerSecond,
					"cycle_p50_us": p.CycleP50, "cycle_p99_us": p.CycleP99, "alloc_kb_per_pod": p.Allocated} {
					if value <= 0 {
						t.Errorf("%s: %s is %v", name, field, value)
					}
				}
				if p.CycleP50 > p.CycleP99 || p.CPUMin > p.CPU || p.CPU > p.CPUMax {
					t.Errorf("%s: the quantiles are not in order: %+v", name, p)
				}
				if tc.plain {
					if p.CoLocated != nil || p.WorstRack != nil || p.ZoneSkew != nil {
						t.Errorf("%s: plain pods have a placement of replicas: %+v", name, p)
					}
					continue
				}
				if *p.CoLocated != 0 {
					t.Errorf("%s: %d replicas share a host", name, *p.CoLocated)
				}
				if *p.WorstRack < float64(r.Ideal.WorstRack) || *p.ZoneSkew < float64(r.Ideal.ZoneSkew) {
					t.Errorf("%s: rack %v and zone %v are better than the ideal %+v", name, *p.WorstRack, *p.ZoneSkew, *r.Ideal)
				}
			}
			if got, want := r.Ratios.CPUVsDefault, r.Profiles["default"].CPU/r.Profiles["evenkeel"].CPU; got < want-0.01 || got > want+0.01 {
				t.Errorf("cpu_vs_default is %v, want %v", got, want)
			}
			if got, want := r.Ratios.CPUVsTuned, r.Profiles["tuned"].CPU/r.Profiles["evenkeel"].CPU; got < want-0.01 || got > want+0.01 {
				t.Errorf("cpu_vs_tuned is %v, want %v", got, want)
			}
		})
	}
}

// TestCoLocationIsSeen is the counter-check of the test above: a profile that
// does not spread puts replicas together, and the driver says so.
func TestCoLocationIsSeen(t *testing.T) {
	config := writeConfig(t, "defaultingType: List, defaultConstraints: []", "PodTopologySpread")
	_, r := bench(t, "--profiles=evenkeel", "--config="+config)
	if p := r.Profiles["evenkeel"]; *p.CoLocated == 0 {
		t.Error("no replicas share a host although nothing spreads them")
	}
}

// writeConfig writes the default profile with the arguments of one plugin.
func writeConfig(t *testing.T, args, plugin string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.yaml")
	text := "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\nprofiles:\n" +
		"- schedulerName: mine\n  pluginConfig:\n  - name: " + plugin + "\n    args: {" + args + "}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestVirtualMachinesShareHosts: the default profile knows nodes, not the
// machines under them.
func TestVirtualMachinesShareHosts(t *testing.T) {
	_, r := bench(t, "--nodes-per-host=2", "--racks=5", "--profiles=default,evenkeel")
	if p := r.Profiles["default"]; *p.CoLocated == 0 {
		t.Error("default: no replicas share a machine although two nodes do")
	}
	if p := r.Profiles["evenkeel"]; *p.CoLocated != 0 {
		t.Errorf("evenkeel: %d replicas share a machine", *p.CoLocated)
	}
}

func TestOutputIsATableAndJSON(t *testing.T) {
	text, _ := bench(t, "--profiles=evenkeel,default")
	for _, want := range []string{"50 nodes x 4 pods, 6 racks, 3 zones; services: many-namespaces; bursts of 20, 2 repeats; ", "CPU/pod", "0 of 120", "   ideal ", "of the CPU of default\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("the table lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "tuned") {
		t.Errorf("a profile is shown that was not asked for:\n%s", text)
	}
	text, _ = bench(t, "--profiles=default", "-o", "json")
	if strings.Count(text, "\n") != 1 || strings.Contains(text, "cpu_vs_default") {
		t.Errorf("want one line, and no ratio to what was not measured:\n%s", text)
	}
}

func TestCPUProfilesAreWritten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "profiles")
	bench(t, "--profiles=evenkeel", "--cpuprofile="+dir)
	for _, name := range []string{"evenkeel-1.pprof", "evenkeel-2.pprof"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v, or it is empty", name, err)
		}
	}
}

func TestWrongInputIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte("kind: Pod\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	programtest.CheckRefusals(t, "scheduler", func(args []string, stdout, stderr io.Writer) int {
		return run(t.Context(), append(slices.Clone(small), args...), stdout, stderr)
	}, map[string]programtest.Refusal{
		"an unknown flag":       {Args: []string{"--node=5"}, Want: "scheduler: unknown flag: --node; see --help"},
		"an argument":           {Args: []string{"5000"}, Want: `scheduler: "5000" is not understood; scheduler takes flags only, see --help`},
		"no number":             {Args: []string{"--nodes=many"}, Want: `scheduler: invalid argument "many" for "--nodes" flag: strconv.ParseInt: parsing "many": invalid syntax; see --help`},
		"no nodes":              {Args: []string{"--nodes=0"}, Want: "scheduler: --nodes is 0: it must be 1 or more"},
		"negative":              {Args: []string{"--warmup=-1"}, Want: "scheduler: --warmup is -1: it must be 0 or more"},
		"a profile":             {Args: []string{"--profiles=fast"}, Want: `scheduler: --profiles has the value "fast": it must be one of default, tuned, evenkeel`},
		"a profile twice":       {Args: []string{"--profiles=default,default"}, Want: "scheduler: --profiles names default twice"},
		"no profile":            {Args: []string{"--profiles="}, Want: "scheduler: --profiles is empty: name one or more of default, tuned, evenkeel"},
		"services":              {Args: []string{"--services=many"}, Want: `scheduler: --services has the value "many": it must be one of many-namespaces, one-namespace, none`},
		"anti-affinity":         {Args: []string{"--anti=yes"}, Want: `scheduler: --anti has the value "yes": it must be one of required, preferred, preferred-zones, none`},
		"spread":                {Args: []string{"--spread=yes"}, Want: `scheduler: --spread has the value "yes": it must be one of hard, soft, none`},
		"a percentage":          {Args: []string{"--existing-anti-affinity=101%"}, Want: `scheduler: --existing-anti-affinity is "101%": it must be a percentage from 0% to 100%`},
		"an output":             {Args: []string{"-o", "yaml"}, Want: `scheduler: --output has the value "yaml": it must be one of table, json`},
		"racks without a host":  {Args: []string{"--racks=51"}, Want: "scheduler: --racks is 51, but there are only 50 hosts: each rack needs one"},
		"zones without a rack":  {Args: []string{"--zones=7"}, Want: "scheduler: --zones is 7, but there are only 6 racks: each zone needs one"},
		"too many pods":         {Args: []string{"--pods=2000"}, Want: "scheduler: --pods and --warmup add up to 2020 pods, but 50 nodes have room for 1600 beside those that run: ask for fewer, or for more nodes"},
		"an impossible burst":   {Args: []string{"--anti=required", "--burst=51"}, Want: "scheduler: --burst is 51: with --anti required each pod needs a node of its own, and there are 50"},
		"a collector's setting": {Args: []string{"--gogc=tuned=0"}, Want: "scheduler: --gogc sets tuned to 0: it must be 1 percent or more"},
		"a file that is not":    {Args: []string{"--config=none.yaml"}, Want: "scheduler: --config: stat none.yaml: no such file or directory"},
		"a file for nothing":    {Args: []string{"--config=" + file, "--profiles=default"}, Want: "scheduler: --config is for the profile evenkeel, which --profiles leaves out"},
		"another kind":          {Args: []string{"--config=" + file}, Want: "scheduler: configuration file " + file + ": "},
	})
}

// TestPodThatIsNotPlacedFailsTheRun: figures of a run that lost pods would be
// wrong.
func TestPodThatIsNotPlacedFailsTheRun(t *testing.T) {
	const nowhere = "addedAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: nowhere, operator: Exists}]}]}}"
	config := writeConfig(t, nowhere, "NodeAffinity")
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), append(slices.Clone(small), "--profiles=evenkeel", "--config="+config), &stdout, &stderr)
	if code != 1 || stdout.Len() > 0 {
		t.Errorf("exit code %d and output %q, want 1 and none", code, stdout.String())
	}
	if want := "scheduler: profile evenkeel: pod ns-new-000000/new-000000-7c9f8d6b5d-00000 was not placed: 0/50 nodes are available: "; !strings.Contains(stderr.String(), want) {
		t.Errorf("got %q, want %q", stderr.String(), want)
	}
}
