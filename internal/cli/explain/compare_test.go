// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

func TestDifferences(t *testing.T) {
	done := Feature{Name: "f", Outcome: mutate.Done, Variable: "A", Flags: []string{"-Da", "-Db"}, Facts: map[string]string{"x": "1", "y": "1"}}
	with := func(change func(*Feature)) Feature {
		f := done
		change(&f)
		return f
	}
	off := Feature{Name: "f", Outcome: mutate.Skipped, Reasons: []Reason{{Code: mutate.CodeOff}}}
	for name, tc := range map[string]struct {
		recorded, now []Feature
		truncated     bool
		want          []Difference
	}{
		"nothing": {recorded: []Feature{done}, now: []Feature{done}, want: []Difference{}},
		"a fact that is gone, one that is new, and one that is another": {
			recorded: []Feature{done}, now: []Feature{with(func(f *Feature) { f.Facts = map[string]string{"x": "2", "z": "3"} })},
			want: []Difference{{What: "x", Recorded: "1", Now: "2"}, {What: "y", Recorded: "1"}, {What: "z", Now: "3"}}},
		"flags": {
			recorded: []Feature{done}, now: []Feature{with(func(f *Feature) { f.Flags = []string{"-Da", "-Dc"} })},
			want: []Difference{{What: "flags", Recorded: "-Db", Now: "-Dc"}}},
		"flags in another variable": {
			recorded: []Feature{done}, now: []Feature{with(func(f *Feature) { f.Variable = "B" })},
			want: []Difference{{What: "flags", Recorded: "-Da -Db in A", Now: "-Da -Db in B"}}},
		"flags that are gone from the pod": {
			recorded: []Feature{with(func(f *Feature) { f.Flags, f.FlagsGone = nil, true })}, now: []Feature{done}, want: []Difference{}},
		"a reason": {
			recorded: []Feature{done}, now: []Feature{with(func(f *Feature) { f.Reasons = []Reason{{Code: "B"}, {Code: "A"}} })},
			want: []Difference{{What: "reasons", Now: "A,B"}}},
		"variables": {
			recorded: []Feature{with(func(f *Feature) { f.Environment = []string{"X"} })}, now: []Feature{done},
			want: []Difference{{What: "variables", Recorded: "X"}}},
		"switched off since":  {recorded: []Feature{done}, now: []Feature{off}, want: []Difference{{What: "outcome", Recorded: "done"}}},
		"switched on since":   {now: []Feature{done}, want: []Difference{{What: "outcome", Now: "done"}}},
		"off then and now":    {now: []Feature{off}, want: []Difference{}},
		"observed only":       {now: []Feature{with(func(f *Feature) { f.Outcome = mutate.Observed })}, want: []Difference{}},
		"a record cut short":  {recorded: []Feature{{Name: "f", Outcome: mutate.Done}}, now: []Feature{done}, truncated: true, want: []Difference{}},
		"nothing of it there": {now: []Feature{done}, truncated: true, want: []Difference{}},
	} {
		t.Run(name, func(t *testing.T) {
			for container, explanation := range map[string]func([]Feature) *Explanation{
				"": func(f []Feature) *Explanation { return &Explanation{Features: f} },
				"app": func(f []Feature) *Explanation {
					return &Explanation{Containers: []Container{{Name: "app", Features: f}}}
				},
			} {
				want := []Difference{}
				for _, d := range tc.want {
					d.Container, d.Feature = container, "f"
					want = append(want, d)
				}
				if diff := cmp.Diff(want, differences(explanation(tc.recorded), explanation(tc.now), tc.truncated)); diff != "" {
					t.Errorf("container %q (-want +got):\n%s", container, diff)
				}
			}
		})
	}
}
