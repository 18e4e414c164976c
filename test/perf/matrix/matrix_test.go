// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// program writes a program that stands in for a benchmark: it says what it was
// called with, and ends with a line.
func program(t *testing.T, lastLine string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "program")
	script := "#!/bin/sh\necho \"$@\" >&2\necho progress\necho '" + lastLine + "'\n"
	if err := os.WriteFile(file, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return file
}

const driverLine = `{"profiles":{"default":{"gogc_percent":100,"cpu_us_per_pod":1000,"cpu_us_per_pod_min":900,"cpu_us_per_pod_max":1100},"evenkeel":{"cpu_us_per_pod":10}},"machine":{"cpus":2,"cpu_model":"Test","os":"linux/amd64","go":"go1.26","kubernetes":"v1.37.2"}}`
const serverLine = `{"workloads":{"W":{"schedulers":{"evenkeel":{"throughput_pods_per_second":{"average":90}},"null":{"throughput_pods_per_second":{"average":100}}}}}}`

func TestRunMeasuresWritesAndKeeps(t *testing.T) {
	out := t.TempDir()
	driver, server := program(t, driverLine), program(t, serverLine)
	call := func(args ...string) string {
		t.Helper()
		var stdout, stderr bytes.Buffer
		if err := run(t.Context(), append([]string{"--driver", driver, "--schedulerperf", server, "--out", out}, args...), &stdout, &stderr); err != nil {
			t.Fatal(err)
		}
		return stderr.String()
	}
	said := call("--only", "services-1000,server-1000")
	for _, want := range []string{"-o json --nodes 1000 --pods 1000", "-o json --sizes 1000"} {
		if !strings.Contains(said, want) {
			t.Errorf("the programs were not called with %q but with:\n%s", want, said)
		}
	}
	call("--only", "plain-5000")
	page, err := os.ReadFile(filepath.Join(out, pageFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"The machine: 2 CPUs (Test)",
		"| default | 100 | 1000 µs | 900-1100 |", "**100.0×**",
		"| W | evenkeel | 90 | 0-0 | 0.90 | - |",
		"The fast path placed - % of the pods.",
		"Not measured yet: `go run ./test/perf/scheduler --nodes 15000",
	} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	if n := strings.Count(string(page), "**100.0×**"); n != 2 {
		t.Errorf("%d settings have figures, want those of both runs", n)
	}
}

func TestRunRefuses(t *testing.T) {
	damaged := t.TempDir()
	if err := os.WriteFile(filepath.Join(damaged, figuresFile), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"no programs":         {want: "--driver and --schedulerperf must name"},
		"an unknown setting":  {args: []string{"--driver", "x", "--schedulerperf", "y", "--only", "z"}, want: `--only names "z"`},
		"an argument":         {args: []string{"x"}, want: `unknown argument "x"`},
		"damaged figures":     {args: []string{"--page-only", "--out", damaged}, want: "mend or remove it"},
		"a program that dies": {args: []string{"--driver", "/bin/false", "--schedulerperf", "/bin/false", "--out", t.TempDir(), "--only", "plain-5000"}, want: "measuring plain-5000: false: exit status 1"},
		"a program that says nothing": {args: []string{"--driver", program(t, "no json"), "--schedulerperf", "/bin/false", "--out", t.TempDir(), "--only", "plain-5000"},
			want: "ended without a JSON object"},
	} {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			err := run(t.Context(), tc.args, &stdout, &stderr)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got error %v, want %q", err, tc.want)
			}
		})
	}
}

// TestPageIsThatOfTheFigures holds the page in docs to the figures beside it.
func TestPageIsThatOfTheFigures(t *testing.T) {
	const docs = "../../../docs/benchmarks"
	f, err := load(filepath.Join(docs, figuresFile))
	if err != nil {
		t.Fatal(err)
	}
	want, err := f.page()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(docs, pageFile))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, got) {
		t.Errorf("%s is not what %s says: run go run ./test/perf/matrix --page-only", pageFile, figuresFile)
	}
}
