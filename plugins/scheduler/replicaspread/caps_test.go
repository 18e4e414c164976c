// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replicaspread

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	st "k8s.io/kubernetes/pkg/scheduler/testing"

	"github.com/evenkeel/evenkeel/api/config"
)

// withCaps returns the pod with annotations max-per-<level>.
func withCaps(pod *corev1.Pod, levelsAndValues ...string) *corev1.Pod {
	if pod.Annotations == nil {
		pod.Annotations = map[string]string{}
	}
	for i := 0; i < len(levelsAndValues); i += 2 {
		pod.Annotations["spread.evenkeel.io/max-per-"+levelsAndValues[i]] = levelsAndValues[i+1]
	}
	return pod
}

func TestCapsOf(t *testing.T) {
	const remedy = `: give a count from 1, such as "2", or a number from 1 to 100 with a percent sign`
	const rack = "annotation spread.evenkeel.io/max-per-rack is "
	for name, tc := range map[string]struct {
		caps    []string
		levels  []config.LevelName
		want    []limit
		wantErr string
	}{
		"none":         {},
		"a count":      {caps: []string{"rack", "2"}, want: []limit{{level: 1, name: "rack", value: 2}}},
		"a percentage": {caps: []string{"zone", "34%"}, want: []limit{{level: 2, name: "zone", value: 34, percent: true}}},
		"all levels, narrowest first": {
			caps: []string{"zone", "100%", "host", "1", "rack", "1000000"},
			want: []limit{{level: 0, name: "host", value: 1}, {level: 1, name: "rack", value: 1_000_000}, {level: 2, name: "zone", value: 100, percent: true}},
		},
		"the position is that among the configured levels": {
			caps: []string{"zone", "2"}, levels: []config.LevelName{"zone"},
			want: []limit{{level: 0, name: "zone", value: 2}},
		},
		"a word":              {caps: []string{"rack", "two"}, wantErr: rack + `"two"` + remedy},
		"nothing":             {caps: []string{"rack", ""}, wantErr: rack + `""` + remedy},
		"none at all":         {caps: []string{"rack", "0"}, wantErr: rack + `"0"` + remedy},
		"less than none":      {caps: []string{"rack", "-1"}, wantErr: rack + `"-1"` + remedy},
		"a sign":              {caps: []string{"rack", "+1"}, wantErr: rack + `"+1"` + remedy},
		"a fraction":          {caps: []string{"rack", "1.5"}, wantErr: rack + `"1.5"` + remedy},
		"a space":             {caps: []string{"rack", "25 %"}, wantErr: rack + `"25  percent"` + remedy},
		"no percent":          {caps: []string{"rack", "0%"}, wantErr: rack + `"0 percent"` + remedy},
		"too many percent":    {caps: []string{"rack", "101%"}, wantErr: rack + `"101 percent"` + remedy},
		"too many":            {caps: []string{"rack", "1000001"}, wantErr: rack + `"1000001"` + remedy},
		"more than a number":  {caps: []string{"rack", "99999999999999999999"}, wantErr: rack + `"99999999999999999999"` + remedy},
		"another number base": {caps: []string{"rack", "0x2"}, wantErr: rack + `"0x2"` + remedy},
		"a format":            {caps: []string{"rack", "%s%d"}, wantErr: rack + `" percents percentd"` + remedy},
		"a long text is cut":  {caps: []string{"rack", strings.Repeat("x", 81)}, wantErr: rack + `"` + strings.Repeat("x", 80) + `…"` + remedy},
		"an unknown level": {
			caps:    []string{"row", "2"},
			wantErr: `annotation "spread.evenkeel.io/max-per-row" names no level: end it with one of host, rack, zone, or remove it`,
		},
		"a level that is not counted": {
			caps: []string{"rack", "2"}, levels: []config.LevelName{"host", "zone"},
			wantErr: "annotation spread.evenkeel.io/max-per-rack cannot be kept: the scheduler is not configured to count replicas per rack, only per host, zone; remove the annotation, or list the level in ReplicaSpreadArgs",
		},
		"two wrong ones, in order": {
			caps:    []string{"zone", "x", "host", "y"},
			wantErr: `annotation spread.evenkeel.io/max-per-host is "y"` + remedy + `; annotation spread.evenkeel.io/max-per-zone is "x"` + remedy,
		},
	} {
		t.Run(name, func(t *testing.T) {
			levels := tc.levels
			if levels == nil {
				levels = config.LevelNames
			}
			pod := withCaps(st.MakePod().Annotation("spread.evenkeel.io/note", "not a cap").Obj(), tc.caps...)
			got, err := capsOf(pod, levels)
			if tc.wantErr != "" {
				if err == nil || err.Error() != tc.wantErr {
					t.Fatalf("got error %v, want %s", err, tc.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(limit{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestLimitPods(t *testing.T) {
	for name, tc := range map[string]struct {
		limit    limit
		replicas int32
		want     int32
	}{
		"a count is of nothing":     {limit: limit{value: 3}, replicas: 1000, want: 3},
		"a quarter":                 {limit: limit{value: 25, percent: true}, replicas: 40, want: 10},
		"is rounded up":             {limit: limit{value: 25, percent: true}, replicas: 41, want: 11},
		"half of three":             {limit: limit{value: 50, percent: true}, replicas: 3, want: 2},
		"the least is one":          {limit: limit{value: 1, percent: true}, replicas: 1, want: 1},
		"all":                       {limit: limit{value: 100, percent: true}, replicas: 7, want: 7},
		"of many, with no overflow": {limit: limit{value: 100, percent: true}, replicas: 2_000_000_000, want: 2_000_000_000},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tc.limit.pods(tc.replicas); got != tc.want {
				t.Errorf("got %d, want %d", got, tc.want)
			}
		})
	}
}

// TestLimitReason pins the sentences: people and their alerts look for them.
func TestLimitReason(t *testing.T) {
	for name, tc := range map[string]struct {
		limit limit
		want  string
	}{
		"a count":      {limit: limit{name: "rack", value: 2}, want: "node(s) would exceed max-per-rack 2 of Deployment web"},
		"a percentage": {limit: limit{name: "zone", value: 25, percent: true}, want: "node(s) would exceed max-per-zone 25 percent (3 of 9 replicas) of Deployment web"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tc.limit.reason(9, "Deployment web"); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

// FuzzParseLimit checks that what is taken is in range and is written back as it
// was read, but for leading zeros.
func FuzzParseLimit(f *testing.F) {
	for _, s := range []string{"1", "007", "100%", "%", "", "1%%", "-0", "１"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		l, ok := parseLimit(s)
		if !ok {
			return
		}
		if l.value < 1 || l.value > maxCap || l.percent && l.value > 100 {
			t.Errorf("%q gives %+v", s, l)
		}
		if strings.Trim(s, "0123456789") != map[bool]string{true: "%"}[l.percent] {
			t.Errorf("%q is taken as %+v", s, l)
		}
	})
}
