// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package validation

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/evenkeel/evenkeel/api/config"
)

func TestValidateReplicaSpreadArgs(t *testing.T) {
	level := func(name config.LevelName, weight int32, labels ...string) config.SpreadLevel {
		return config.SpreadLevel{Name: name, Labels: labels, Weight: weight}
	}
	for name, tc := range map[string]struct {
		levels  []config.SpreadLevel
		percent int32
		more    config.ReplicaSpreadArgs
		want    []string
	}{
		"all levels":      {levels: []config.SpreadLevel{level("host", 60, "a", "b"), level("rack", 25, "c"), level("zone", 15, "d")}, percent: 25},
		"the extremes":    {levels: []config.SpreadLevel{level("host", 1, "a"), level("zone", 100, "b")}, percent: 100},
		"one level":       {levels: []config.SpreadLevel{level("zone", 1, "a")}},
		"no level":        {want: []string{"args.levels: Required value: list at least one of host, rack and zone, or leave the field out for the defaults"}},
		"an empty level":  {levels: []config.SpreadLevel{{}}, want: []string{"args.levels[0].name: Required value: must be one of host, rack and zone"}},
		"an unknown name": {levels: []config.SpreadLevel{level("room", 1, "a")}, want: []string{`args.levels[0].name: Unsupported value: "room": supported values: "host", "rack", "zone"`}},
		"a level twice": {
			levels: []config.SpreadLevel{level("host", 1, "a"), level("host", 1, "b")},
			want:   []string{`args.levels[1].name: Duplicate value: "host"`},
		},
		"the wrong order": {
			levels: []config.SpreadLevel{level("zone", 1, "a"), level("host", 1, "b")},
			want:   []string{`args.levels[1].name: Invalid value: "host": levels must be in the order host, rack, zone`},
		},
		"weights out of range": {
			levels: []config.SpreadLevel{level("host", -1, "a"), level("rack", 0, "b"), level("zone", 101, "c")},
			want: []string{
				"args.levels[0].weight: Invalid value: -1: must be from 1 to 100; leave the level out to give it no weight",
				"args.levels[1].weight: Invalid value: 0: must be from 1 to 100; leave the level out to give it no weight",
				"args.levels[2].weight: Invalid value: 101: must be from 1 to 100; leave the level out to give it no weight",
			},
		},
		"no label": {
			levels: []config.SpreadLevel{level("host", 1)},
			want:   []string{"args.levels[0].labels: Required value: list at least one node label key, or leave the field out for the default"},
		},
		"a label at two levels": {
			levels: []config.SpreadLevel{level("host", 1, "a"), level("rack", 1, "a")},
			want:   []string{`args.levels[1].labels[0]: Duplicate value: "a"`},
		},
		"too many labels": {
			levels: []config.SpreadLevel{level("host", 1, "a", "b", "c", "d", "e", "f", "g", "h", "i")},
			want:   []string{"args.levels[0].labels: Too many: 9: must have at most 8 items"},
		},
		"an empty label": {
			levels: []config.SpreadLevel{level("host", 1, "")},
			want: []string{
				`args.levels[0].labels[0]: Invalid value: "": name part must be non-empty`,
				`args.levels[0].labels[0]: Invalid value: "": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`,
			},
		},
		"percentages out of range": {
			levels:  []config.SpreadLevel{level("host", 1, "a")},
			percent: 101,
			want:    []string{"args.familyWeightPercent: Invalid value: 101: must be from 0 to 100"},
		},
		"a nested level": {levels: []config.SpreadLevel{{Name: "rack", Labels: []string{"a"}, Weight: 1, Nested: true}, level("zone", 1, "b")}},
		"the widest level nested": {
			levels: []config.SpreadLevel{level("host", 1, "a"), {Name: "rack", Labels: []string{"b"}, Weight: 1, Nested: true}},
			want:   []string{"args.levels[1].nested: Invalid value: true: the widest level has no wider one that it could be nested in"},
		},
		"keys and kinds": {
			levels: []config.SpreadLevel{level("host", 1, "a")},
			more:   config.ReplicaSpreadArgs{WorkloadKeys: []string{"a", "b"}, FamilyKeys: []string{"c"}, IncludeKinds: []config.OwnerKind{"Job", "DaemonSet"}, RecountEvery: 1_000_000, Candidates: 1000},
		},
		"wrong keys": {
			levels: []config.SpreadLevel{level("host", 1, "a")},
			more:   config.ReplicaSpreadArgs{WorkloadKeys: []string{"a", "a"}, FamilyKeys: []string{"a", "x y"}},
			want: []string{
				`args.workloadKeys[1]: Duplicate value: "a"`,
				`args.familyKeys[0]: Duplicate value: "a"`,
				`args.familyKeys[1]: Invalid value: "x y": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`,
			},
		},
		"too many keys": {
			levels: []config.SpreadLevel{level("host", 1, "a")},
			more:   config.ReplicaSpreadArgs{FamilyKeys: []string{"a", "b", "c", "d", "e", "f", "g", "h", "i"}},
			want:   []string{"args.familyKeys: Too many: 9: must have at most 8 items"},
		},
		"wrong kinds": {
			levels: []config.SpreadLevel{level("host", 1, "a")},
			more:   config.ReplicaSpreadArgs{IncludeKinds: []config.OwnerKind{"Job", "ReplicaSet", "Job"}},
			want: []string{
				`args.includeKinds[1]: Unsupported value: "ReplicaSet": supported values: "DaemonSet", "Job"`,
				`args.includeKinds[2]: Duplicate value: "Job"`,
			},
		},
		"recounts out of range": {
			levels: []config.SpreadLevel{level("host", 1, "a")},
			more:   config.ReplicaSpreadArgs{RecountEvery: -1},
			want:   []string{"args.recountEvery: Invalid value: -1: must be from 0, which means never, to 1000000"},
		},
		"candidates out of range": {
			levels: []config.SpreadLevel{level("host", 1, "a")},
			more:   config.ReplicaSpreadArgs{Candidates: 1001},
			want:   []string{"args.candidates: Invalid value: 1001: must be from 0, which leaves every cycle to kube-scheduler, to 1000"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			args := tc.more.DeepCopy()
			args.Levels, args.FamilyWeightPercent = tc.levels, tc.percent
			var got []string
			for _, err := range ValidatePluginArgs(field.NewPath("args"), args) {
				got = append(got, err.Error())
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestValidatePluginArgsLeavesOthersAlone(t *testing.T) {
	if errs := ValidatePluginArgs(field.NewPath("args"), &runtime.Unknown{}); len(errs) != 0 {
		t.Errorf("got %v", errs)
	}
}
