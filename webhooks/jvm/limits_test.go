// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package jvm_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"

	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// TestServerClass is at the edges of where the JVM is told that it runs on a
// server: 2 processors or more, and 1Gi to below 1792Mi.
func TestServerClass(t *testing.T) {
	for name, tc := range map[string]struct {
		memory, cpu string
		want        bool
	}{
		"the least memory":            {memory: "1Gi", cpu: "2", want: true},
		"a byte less":                 {memory: "1073741823", cpu: "2"},
		"where HotSpot sees a server": {memory: "1792Mi", cpu: "2"},
		"a byte below that":           {memory: "1879048191", cpu: "2", want: true},
		"more than one processor":     {memory: "1Gi", cpu: "1001m", want: true},
		"one processor":               {memory: "1Gi", cpu: "1"},
	} {
		t.Run(name, func(t *testing.T) {
			pod := javaPod()
			setMemory(pod, tc.memory)
			pod.Spec.Containers[0].Resources.Limits[corev1.ResourceCPU] = resource.MustParse(tc.cpu)
			out := run(t, feature(t, "{}"), pod)
			options := out.Features[0].Report.Containers["app"].Facts[mutate.FactOptions]
			if got := strings.Contains(options, "-XX:+AlwaysActAsServerClassMachine"); got != tc.want {
				t.Errorf("told: %t; want %t; options are %q", got, tc.want, options)
			}
		})
	}
}

// TestMinimumLimit is at the edge under which no heap is set.
func TestMinimumLimit(t *testing.T) {
	for memory, want := range map[string]mutate.Code{"134217727": mutate.CodeLimitTooSmall, "128Mi": mutate.CodeHeapAtFloor} {
		t.Run(memory, func(t *testing.T) {
			pod := javaPod()
			setMemory(pod, memory)
			if got := run(t, feature(t, "{}"), pod).Features[0].Report.Containers["app"].Code; got != want {
				t.Errorf("code is %q; want %q", got, want)
			}
		})
	}
}

// TestMemoryShares has the limits of a pod and of its containers app, beside and,
// as a native sidecar, proxy; an empty one is none.
func TestMemoryShares(t *testing.T) {
	for name, tc := range map[string]struct {
		pod, app, beside, proxy string
		// want are the facts of app, its code and detail: limit, share, percent, heap,
		// code, detail.
		want []string
	}{
		"no limit of the pod":                  {app: "1Gi", beside: "1Gi", want: []string{"1Gi", "", "69.7", "713Mi", "", ""}},
		"the pod allows the sum":               {pod: "2304Mi", app: "1Gi", beside: "1Gi", proxy: "256Mi", want: []string{"1Gi", "", "69.7", "713Mi", "", ""}},
		"the pod allows less by a byte":        {pod: "2147483647", app: "1Gi", beside: "1Gi", want: []string{"1Gi", "1023Mi", "69.6", "712Mi", "", ""}},
		"the pod allows half":                  {pod: "1Gi", app: "1Gi", beside: "1Gi", want: []string{"1Gi", "512Mi", "22.2", "227Mi", "", ""}},
		"in proportion":                        {pod: "2Gi", app: "2Gi", beside: "512Mi", proxy: "512Mi", want: []string{"2Gi", "1365Mi", "49.3", "1009Mi", "", ""}},
		"one beside has none":                  {pod: "1Gi", app: "1Gi", want: []string{"1Gi", "", "69.7", "713Mi", "", ""}},
		"the share is at the floor":            {pod: "512Mi", app: "512Mi", beside: "512Mi", want: []string{"512Mi", "256Mi", "20.0", "102Mi", "HeapAtFloor", "40.0 % of 256Mi; 470Mi would hold the whole budget"}},
		"the share is the minimum":             {pod: "256Mi", app: "256Mi", beside: "256Mi", want: []string{"256Mi", "128Mi", "20.0", "51Mi", "HeapAtFloor", "40.0 % of 128Mi; 470Mi would hold the whole budget"}},
		"the share is too small":               {pod: "250Mi", app: "250Mi", beside: "250Mi", want: []string{"250Mi", "125Mi", "", "", "LimitTooSmall", "125Mi is under the least of 128Mi; 470Mi would hold the whole budget"}},
		"what the others leave":                {pod: "2Gi", beside: "1Gi", proxy: "256Mi", want: []string{"2Gi", "768Mi", "22.9", "468Mi", "", ""}},
		"the others leave nothing":             {pod: "1Gi", beside: "1Gi", proxy: "1Gi", want: []string{"1Gi", "0", "", "", "LimitTooSmall", "0 is under the least of 128Mi; 470Mi would hold the whole budget"}},
		"the others leave too little to write": {pod: "1Ti", beside: "1047552Mi", proxy: "896Mi", want: []string{"1Ti", "128Mi", "", "", "LimitTooSmall", "128Mi are less than a tenth of a percent of 1Ti"}},
		"nobody's part is known":               {pod: "1Gi", proxy: "256Mi", want: []string{"", "", "", "", "PodLimitShared", `container "beside"`}},
		"less than the container's, which the API server refuses": {pod: "1Gi", app: "2Gi", beside: "2Gi",
			want: []string{"1Gi", "512Mi", "22.2", "227Mi", "", ""}},
		// Larger than any machine: only that nothing overflows matters.
		"limits whose sum is no int64": {pod: "9223372036854775807", app: "9223372036854775807", beside: "9223372036854775807", proxy: "9223372036854775807",
			want: []string{"9223372036854775807", "", "80.0", "7036874417766Mi", "", ""}},
		"others whose sum is no int64": {pod: "1Gi", beside: "9223372036854775807", proxy: "9223372036854775807",
			want: []string{"1Gi", "0", "", "", "LimitTooSmall", "0 is under the least of 128Mi; 470Mi would hold the whole budget"}},
	} {
		t.Run(name, func(t *testing.T) {
			pod := javaPod()
			pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{Name: "beside", Image: "r/b:1"})
			pod.Spec.Containers[0].Resources.Limits = memory(tc.app)
			pod.Spec.Containers[1].Resources.Limits = memory(tc.beside)
			if tc.proxy != "" {
				pod.Spec.InitContainers = []corev1.Container{
					// It has ended when the others run.
					{Name: "init", Image: "r/i:1", Resources: corev1.ResourceRequirements{Limits: memory("256Mi")}},
					{Name: "proxy", Image: "r/p:1", RestartPolicy: ptr.To(corev1.ContainerRestartPolicyAlways),
						Resources: corev1.ResourceRequirements{Limits: memory(tc.proxy)}},
				}
			}
			if tc.pod != "" {
				pod.Spec.Resources = &corev1.ResourceRequirements{Limits: memory(tc.pod)}
			}
			r := run(t, feature(t, "{}"), pod).Features[0].Report.Containers["app"]
			got := []string{r.Facts[mutate.FactMemoryLimit], r.Facts[mutate.FactMemoryShare],
				r.Facts[mutate.FactHeapPercent], r.Facts[mutate.FactHeap], string(r.Code), r.Detail}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("limit, share, percent, heap, code and detail (-want +got):\n%s", diff)
			}
		})
	}
}

func memory(limit string) corev1.ResourceList {
	if limit == "" {
		return nil
	}
	return corev1.ResourceList{corev1.ResourceMemory: resource.MustParse(limit)}
}

// TestHeapPercentAnnotation is at the edges of what may be asked for, 10 to 90.
func TestHeapPercentAnnotation(t *testing.T) {
	for percent, want := range map[string]mutate.Outcome{
		"9.9": mutate.Failed, "10": mutate.Done, "10.0": mutate.Done, "90.0": mutate.Done, "90.1": mutate.Failed,
	} {
		t.Run(percent, func(t *testing.T) {
			pod := javaPod()
			annotate(pod, wellknown.JVMHeapPercentAnnotation, percent)
			if got := run(t, feature(t, "{}"), pod).Features[0].Report.Pod.Outcome; got != want {
				t.Errorf("outcome is %q; want %q", got, want)
			}
		})
	}
}
