// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const twoCases = `
- name: Basic
  labels: [performance]
  featureGates: {Own: true, Both: true}
  workloadTemplate:
  - opcode: createNodes
    countParam: $nodes
  workloads:
  - {name: small, labels: [short], params: {nodes: 5}}
  - {name: large, params: {nodes: 5000}}
- name: Other
  workloads:
  - {name: large}
`

func parse(t *testing.T, text string) TestCases {
	t.Helper()
	cases, err := ParseTestCases([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return cases
}

func TestWorkloadsAreSelected(t *testing.T) {
	cases := parse(t, twoCases)
	for name, tc := range map[string]struct {
		keep func(testCase, workload string, labels []string) bool
		want string
	}{
		"by case": {
			keep: func(testCase, _ string, _ []string) bool { return testCase == "Other" },
			want: "- {name: Other, workloads: [{name: large}]}",
		},
		"by a label of the workload": {
			keep: func(_, _ string, labels []string) bool { return slices.Contains(labels, "short") },
			want: `
- name: Basic
  labels: [performance]
  featureGates: {Own: true, Both: true}
  workloadTemplate: [{opcode: createNodes, countParam: $nodes}]
  workloads: [{name: small, labels: [short], params: {nodes: 5}}]`,
		},
		"by a label of the case and a name": {
			keep: func(_, workload string, labels []string) bool {
				return slices.Contains(labels, "performance") && workload == "large"
			},
			want: `
- name: Basic
  labels: [performance]
  featureGates: {Own: true, Both: true}
  workloadTemplate: [{opcode: createNodes, countParam: $nodes}]
  workloads: [{name: large, params: {nodes: 5000}}]`,
		},
		"none": {keep: func(string, string, []string) bool { return false }, want: "[]"},
	} {
		t.Run(name, func(t *testing.T) {
			got := cases.Select(tc.keep)
			if want := parse(t, tc.want); len(want)+len(got) > 0 && !cmp.Equal(want, got) {
				t.Errorf("(-want +got):\n%s", cmp.Diff(want, got))
			}
			if diff := cmp.Diff(parse(t, twoCases), cases); diff != "" {
				t.Errorf("selecting changed the cases (-before +after):\n%s", diff)
			}
		})
	}
}

// TestSchedulerIsFilledIn also checks that what is written is what is read.
func TestSchedulerIsFilledIn(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cases.yaml")
	if err := parse(t, twoCases).Schedule("scheduler.yaml", map[string]bool{"Both": false, "New": true}).Write(file); err != nil {
		t.Fatal(err)
	}
	got, err := ReadTestCases(file)
	if err != nil {
		t.Fatal(err)
	}
	want := parse(t, `
- name: Basic
  schedulerConfigPath: scheduler.yaml
  labels: [performance]
  featureGates: {Own: true, Both: false, New: true}
  workloadTemplate:
  - opcode: createNodes
    countParam: $nodes
  workloads:
  - {name: small, labels: [short], params: {nodes: 5}}
  - {name: large, params: {nodes: 5000}}
- name: Other
  schedulerConfigPath: scheduler.yaml
  featureGates: {Both: false, New: true}
  workloads:
  - {name: large}
`)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := ReadTestCases(file + ".none"); err == nil {
		t.Error("a file that is not there was read")
	}
}

func TestReasonIsFoundInOutput(t *testing.T) {
	for name, tc := range map[string]struct{ output, want string }{
		"an error among other lines": {
			output: "I1 started\n    executor.go:12: FATAL ERROR: op 3: timed out\nI1 stopped\n",
			want:   "executor.go:12: FATAL ERROR: op 3: timed out",
		},
		"several":         {output: "ERROR: a\nx\npanic: b\n", want: "ERROR: a\npanic: b"},
		"nothing of note": {output: "one\ntwo\n", want: "one\ntwo"},
		"no output":       {},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Why([]byte(tc.output)); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}
