// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package jvm_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/internal/mutatortest"
	"github.com/evenkeel/evenkeel/internal/podspec"
	"github.com/evenkeel/evenkeel/webhooks/jvm"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// divided runs the mutator over a pod with these reservations for its container
// app, and returns what it says of each container and how it divides their limits.
// It fails where the two do not fit.
func divided(t *testing.T, cfg *v1alpha1.JVMFeature, pod *corev1.Pod, reservations ...mutate.Reservation) map[string]jvm.Division {
	t.Helper()
	req := mutatortest.DefaultRequest()
	for _, r := range reservations {
		req.Reserve("app", r)
	}
	m := jvm.New(cfg)
	divisions, divideErr := m.Divisions(&req, pod)
	report, err := m.Mutate(&req, podspec.NewEditor(pod))
	if err != nil {
		if divideErr == nil || divideErr.Error() != err.Error() {
			t.Fatalf("the error is %v; want that of Mutate, %v", divideErr, err)
		}
		return nil
	}
	if divideErr != nil {
		t.Fatal(divideErr)
	}
	for name, result := range report.Containers {
		d, ok := divisions[name]
		if has := result.Facts[mutate.FactHeap] != ""; ok != has {
			t.Fatalf("%s: divided is %t, has a heap is %t", name, ok, has)
		}
		if !ok {
			continue
		}
		var sum int64
		for _, p := range d.Parts {
			sum += p.Bytes
			if (p.Bytes < 0) != (p.Name == "missing") {
				t.Errorf("%s: %q is %d bytes", name, p.Name, p.Bytes)
			}
		}
		limit := resource.MustParse(result.Facts[mutate.FactMemoryLimit])
		if sum != d.Limit || sum != limit.Value() {
			t.Errorf("%s: the parts are %d, the limit is %d, that of the record %d", name, sum, d.Limit, limit.Value())
		}
		heap := resource.MustParse(result.Facts[mutate.FactHeap])
		if got := d.Parts[0]; got.Name != "heap" || got.Bytes >= 1<<20 && got.Bytes>>20<<20 != heap.Value() {
			t.Errorf("%s: the first part is %+v; the record has a heap of %s", name, got, &heap)
		}
		if string(d.Rule) != result.Facts[mutate.FactRule] || d.Profile != result.Facts[mutate.FactProfile] {
			t.Errorf("%s: rule %q, profile %q; the record has %v", name, d.Rule, d.Profile, result.Facts)
		}
	}
	return divisions
}

// table writes a division, in MiB.
func table(d jvm.Division) string {
	var out strings.Builder
	for _, p := range d.Parts {
		fmt.Fprintf(&out, "%s %.1f Mi", p.Name, float64(p.Bytes)/(1<<20))
		if p.How != "" {
			out.WriteString(": " + p.How)
		}
		out.WriteByte('\n')
	}
	return out.String()
}

func TestDivisions(t *testing.T) {
	limits := func(pod *corev1.Pod, memory string) {
		pod.Spec.Containers[0].Resources.Limits[corev1.ResourceMemory] = resource.MustParse(memory)
	}
	for name, tc := range map[string]struct {
		section      string
		change       func(*corev1.Pod)
		reservations []mutate.Reservation
		want         string
	}{
		"budget, two agents": {
			section:      "{heap: {agents: {otel: 80Mi}}}",
			reservations: []mutate.Reservation{{What: "agent uav", Bytes: 64 << 20}, {What: "agent otel", Bytes: 100 << 20}},
			want: `heap 569.3 Mi: what the other parts leave
metaspace 100.0 Mi
code cache 64.0 Mi: 6 %, at least 64Mi, at most 128Mi
thread stacks 62.5 Mi: 250 of 256Ki
direct buffers 32.0 Mi: 3 %, at least 32Mi, at most 64Mi
native 51.2 Mi: 5 %
agent uav 64.0 Mi
agent otel 80.0 Mi
rounding 1.0 Mi: the heap is in whole tenths of a percent
`},
		"floor": {section: "{}", change: func(pod *corev1.Pod) { limits(pod, "256Mi") }, want: `heap 102.4 Mi: its floor, 40 %
metaspace 100.0 Mi
code cache 64.0 Mi: 6 %, at least 64Mi, at most 128Mi
thread stacks 62.5 Mi: 250 of 256Ki
direct buffers 32.0 Mi: 3 %, at least 32Mi, at most 64Mi
native 12.8 Mi: 5 %
missing -117.7 Mi: the parts do not fit together
`},
		"ceiling, constant parts": {section: "{heap: {codeCache: {min: 96Mi}, direct: {percent: 1}}}",
			change: func(pod *corev1.Pod) { limits(pod, "10000Mi") }, want: `heap 8000.0 Mi: its ceiling, 80 %
metaspace 100.0 Mi
code cache 96.0 Mi
thread stacks 62.5 Mi: 250 of 256Ki
direct buffers 100.0 Mi: 1 %
native 500.0 Mi: 5 %
unused 1141.5 Mi
`},
		"annotation": {section: "{}", change: func(pod *corev1.Pod) { annotate(pod, "jvm.evenkeel.io/heap-percent", "50") }, want: `heap 512.0 Mi: as the annotation says
metaspace 100.0 Mi
code cache 64.0 Mi: 6 %, at least 64Mi, at most 128Mi
thread stacks 62.5 Mi: 250 of 256Ki
direct buffers 32.0 Mi: 3 %, at least 32Mi, at most 64Mi
native 51.2 Mi: 5 %
unused 202.3 Mi
`},
		"absolute": {section: "{sizing: Absolute}", want: `heap 713.0 Mi: what the other parts leave
metaspace 100.0 Mi
code cache 64.0 Mi: 6 %, at least 64Mi, at most 128Mi
thread stacks 62.5 Mi: 250 of 256Ki
direct buffers 32.0 Mi: 3 %, at least 32Mi, at most 64Mi
native 51.2 Mi: 5 %
rounding 1.3 Mi: the heap is in whole MiB
`},
		"the pod's limit, less a sidecar's": {section: "{}", change: func(pod *corev1.Pod) {
			sidecar := *pod.Spec.Containers[0].DeepCopy()
			sidecar.Name = "envoy"
			pod.Spec.Containers = append(pod.Spec.Containers, sidecar)
			pod.Spec.Containers[0].Resources.Limits = nil
			pod.Spec.Resources = &corev1.ResourceRequirements{Limits: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("3Gi")}}
		}, want: `heap 1597.4 Mi: what the other parts leave
metaspace 100.0 Mi
code cache 122.9 Mi: 6 %, at least 64Mi, at most 128Mi
thread stacks 62.5 Mi: 250 of 256Ki
direct buffers 61.4 Mi: 3 %, at least 32Mi, at most 64Mi
native 102.4 Mi: 5 %
other containers 1024.0 Mi: the limits of the containers beside this one, out of the pod's
rounding 1.3 Mi: the heap is in whole tenths of a percent
`},
		"a limit above the pod's share": {section: "{}", change: func(pod *corev1.Pod) {
			second := *pod.Spec.Containers[0].DeepCopy()
			second.Name = "second"
			pod.Spec.Containers = append(pod.Spec.Containers, second)
			pod.Spec.Resources = &corev1.ResourceRequirements{Limits: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("1Gi")}}
		}, want: `heap 227.3 Mi: what the other parts leave
metaspace 100.0 Mi
code cache 64.0 Mi: 6 %, at least 64Mi, at most 128Mi
thread stacks 62.5 Mi: 250 of 256Ki
direct buffers 32.0 Mi: 3 %, at least 32Mi, at most 64Mi
native 25.6 Mi: 5 %
other containers 512.0 Mi: the containers' limits are together above the pod's, so each gives up its part
rounding 0.6 Mi: the heap is in whole tenths of a percent
`},
	} {
		t.Run(name, func(t *testing.T) {
			pod := javaPod()
			if tc.change != nil {
				tc.change(pod)
			}
			got := divided(t, feature(t, tc.section), pod, tc.reservations...)["app"]
			if diff := cmp.Diff(tc.want, table(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestDivisionsAddUp divides the limits of every golden's pod, and of containers
// from the smallest to the largest, under the configuration with all profiles.
func TestDivisionsAddUp(t *testing.T) {
	cfg := feature(t, goldenSection)
	inputs, err := filepath.Glob("testdata/*.input.yaml")
	if err != nil || len(inputs) == 0 {
		t.Fatalf("no inputs: %v", err)
	}
	count := 0
	for _, input := range inputs {
		content, err := os.ReadFile(input)
		if err != nil {
			t.Fatal(err)
		}
		pod := &corev1.Pod{}
		if err := yaml.Unmarshal(content, pod); err != nil {
			t.Fatal(err)
		}
		t.Run(filepath.Base(input), func(t *testing.T) {
			count += len(divided(t, cfg, pod, mutate.Reservation{What: "agent uav", Bytes: 64 << 20}))
		})
	}
	profiles := []string{"none"}
	for _, p := range cfg.Profiles {
		profiles = append(profiles, p.Name)
	}
	for limit := int64(1 << 20); limit > 0 && limit < 1<<50; limit = limit*3/2 + 12345 {
		for _, profile := range profiles {
			pod := javaPod()
			annotate(pod, "jvm.evenkeel.io/profile", profile)
			pod.Spec.Containers[0].Resources.Limits[corev1.ResourceMemory] = *resource.NewQuantity(limit, resource.BinarySI)
			count += len(divided(t, cfg, pod))
		}
	}
	if count < 200 {
		t.Errorf("%d limits were divided; want more", count)
	}
}
