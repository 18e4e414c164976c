// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package pids_test

import (
	"math"
	"strings"
	"testing"

	"github.com/containerd/nri/pkg/api"
	"github.com/google/go-cmp/cmp"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/plugins/node/pids"
)

// adjuster loads the pids section of a configuration as the daemon does.
func adjuster(tb testing.TB, section string) *pids.Adjuster {
	tb.Helper()
	cfg, err := v1alpha1.LoadNodeConfiguration("config.yaml",
		[]byte("apiVersion: config.evenkeel.io/v1alpha1\nkind: NodeConfiguration\npids: "+section+"\n"))
	if err != nil {
		tb.Fatal(err)
	}
	return pids.New(cfg.Pids)
}

func TestDecide(t *testing.T) {
	const wrong = "annotation " + wellknown.PidsLimitsAnnotation + " "
	tests := map[string]struct {
		config     string
		namespace  string
		annotation string
		want       pids.Decision
	}{
		"the number of the annotation": {
			config: "{}", annotation: `{"app":512,"log":128}`,
			want: pids.Decision{Wanted: 512, Limit: 512, Reason: pids.ReasonAnnotation},
		},
		"the greatest": {
			config: "{}", annotation: `{"app":16384}`,
			want: pids.Decision{Wanted: 16384, Limit: 16384, Reason: pids.ReasonAnnotation},
		},
		"above the ceiling": {
			config: "{ceiling: 4096}", annotation: `{"app":16384}`,
			want: pids.Decision{Wanted: 16384, Limit: 4096, Reason: pids.ReasonCeiling},
		},
		"no annotation":             {config: "{}", want: pids.Decision{Reason: pids.ReasonNone}},
		"no annotation, a default":  {config: "{default: 4096}", want: pids.Decision{Wanted: 4096, Limit: 4096, Reason: pids.ReasonDefault}},
		"an excluded namespace":     {config: "{default: 4096}", namespace: "kube-system", want: pids.Decision{Reason: pids.ReasonNone}},
		"excluded by the file":      {config: "{default: 4096, excludedNamespaces: [shop]}", want: pids.Decision{Reason: pids.ReasonNone}},
		"no namespace is excluded":  {config: "{default: 4096, excludedNamespaces: []}", namespace: "kube-system", want: pids.Decision{Wanted: 4096, Limit: 4096, Reason: pids.ReasonDefault}},
		"excluded, with annotation": {config: "{}", namespace: "kube-system", annotation: `{"app":512}`, want: pids.Decision{Wanted: 512, Limit: 512, Reason: pids.ReasonAnnotation}},
		"another container's":       {config: "{}", annotation: `{"log":512}`, want: pids.Decision{Reason: pids.ReasonNone}},
		"another container's, a default": {
			config: "{default: 256}", annotation: `{"log":512}`,
			want: pids.Decision{Wanted: 256, Limit: 256, Reason: pids.ReasonDefault},
		},
		"zero":      {config: "{}", annotation: `{"app":0}`, want: pids.Decision{Reason: pids.ReasonInvalid, Detail: wrong + "is wrong for this container: 0 is not between 128 and 16384 pids"}},
		"minus one": {config: "{}", annotation: `{"app":-1}`, want: pids.Decision{Reason: pids.ReasonInvalid, Detail: wrong + "is wrong for this container: -1 is not between 128 and 16384 pids"}},
		"too low, a default": {
			config: "{default: 256}", annotation: `{"app":127}`,
			want: pids.Decision{Wanted: 256, Limit: 256, Reason: pids.ReasonInvalid, Detail: wrong + "is wrong for this container: 127 is not between 128 and 16384 pids"},
		},
		"too high": {
			config: "{default: 256}", annotation: `{"app":16385}`,
			want: pids.Decision{Wanted: 256, Limit: 256, Reason: pids.ReasonInvalid, Detail: wrong + "is wrong for this container: 16385 is not between 128 and 16384 pids"},
		},
		"no JSON, a default": {
			config: "{default: 256}", annotation: "app=512",
			want: pids.Decision{Wanted: 256, Limit: 256, Reason: pids.ReasonInvalid, Detail: wrong + "is not a JSON object from container names to whole numbers"},
		},
		"another's number is wrong": {config: "{}", annotation: `{"log":1,"app":512}`, want: pids.Decision{Wanted: 512, Limit: 512, Reason: pids.ReasonAnnotation}},
		"observed":                  {config: "{mode: Observe}", annotation: `{"app":512}`, want: pids.Decision{Wanted: 512, Reason: pids.ReasonObserve}},
		"observed, none":            {config: "{mode: Observe}", want: pids.Decision{Reason: pids.ReasonNone}},
		"off":                       {config: "{mode: Off, default: 512}", annotation: `{"app":512}`, want: pids.Decision{Reason: pids.ReasonOff}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			annotations := map[string]string{"other.io/key": "value"}
			if tc.annotation != "" {
				annotations[wellknown.PidsLimitsAnnotation] = tc.annotation
			}
			if tc.namespace == "" {
				tc.namespace = "shop"
			}
			got := adjuster(t, tc.config).Decide(tc.namespace, annotations, "app")
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if strings.Contains(got.Detail, "\n") {
				t.Errorf("the detail has more than one line: %q", got.Detail)
			}
		})
	}
}

// Whatever is written on a pod, the runtime is never sent a number that is not a
// limit.
func FuzzDecide(f *testing.F) {
	for _, seed := range []string{`{"app":0}`, `{"app":-1}`, `{"app":512}`, `{"app":1e3}`, `{"app":9223372036854775807}`, `{"app":512,"app":0}`, ""} {
		f.Add(seed)
	}
	var adjusters []*pids.Adjuster
	for _, config := range []string{"{}", "{default: 128}", "{ceiling: 128}", "{default: 256, ceiling: 512}"} {
		adjusters = append(adjusters, adjuster(f, config))
	}
	f.Fuzz(func(t *testing.T, annotation string) {
		for _, a := range adjusters {
			d := a.Decide("shop", map[string]string{wellknown.PidsLimitsAnnotation: annotation}, "app")
			adjustment := d.Adjustment()
			if (d.Limit == 0) != (adjustment == nil) {
				t.Fatalf("limit %d, adjustment %v", d.Limit, adjustment)
			}
			if got := adjustment.GetLinux().GetResources().GetPids(); got != nil && (got.Limit < v1alpha1.MinPids || got.Limit > v1alpha1.MaxPids) {
				t.Errorf("the runtime is sent %d", got.Limit)
			}
		}
	})
}

func TestMessagesCarryTheLimit(t *testing.T) {
	d := pids.Decision{Wanted: 512, Limit: 512, Reason: pids.ReasonAnnotation}
	if got := d.Adjustment().GetLinux().GetResources().GetPids().GetLimit(); got != 512 {
		t.Errorf("the adjustment has %d", got)
	}
	for _, cgroup2 := range []bool{false, true} {
		u := d.Update("id", cgroup2)
		if u.GetContainerId() != "id" || u.GetLinux().GetResources().GetPids().GetLimit() != 512 {
			t.Errorf("cgroup v2 %v: the update is %v", cgroup2, u)
		}
		want := map[bool]string{false: "", true: "512"}[cgroup2]
		if got := u.GetLinux().GetResources().GetUnified()["pids.max"]; got != want {
			t.Errorf("cgroup v2 %v: pids.max of the update is %q, want %q", cgroup2, got, want)
		}
	}
}

func TestEffectiveReadsTheSpec(t *testing.T) {
	resources := func(limit int64, unified string) *api.Container {
		r := &api.LinuxResources{}
		if limit != math.MinInt64 {
			r.Pids = &api.LinuxPids{Limit: limit}
		}
		if unified != "" {
			r.Unified = map[string]string{"pids.max": unified, "memory.high": "1"}
		}
		return &api.Container{Linux: &api.LinuxContainer{Resources: r}}
	}
	tests := map[string]struct {
		container *api.Container
		want      int64
	}{
		"no resources":        {container: &api.Container{}, want: 0},
		"no limit":            {container: resources(math.MinInt64, ""), want: 0},
		"a limit":             {container: resources(512, ""), want: 512},
		"minus one":           {container: resources(-1, ""), want: 0},
		"unified":             {container: resources(math.MinInt64, "512"), want: 512},
		"unified goes before": {container: resources(1024, "512"), want: 512},
		"unified max":         {container: resources(1024, "max"), want: 0},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := pids.Effective(tc.container); got != tc.want {
				t.Errorf("got %d, want %d", got, tc.want)
			}
		})
	}
}
