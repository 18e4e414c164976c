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

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/internal/mutatortest"
	"github.com/evenkeel/evenkeel/webhooks/jvm"
)

// TestResizeWarnings creates a pod of 1Gi and one processor, and changes its
// limits afterwards, as a user does with the resize subresource.
func TestResizeWarnings(t *testing.T) {
	const app = "evenkeel jvm, container app: "
	heap := func(flag string) func(*corev1.Pod) {
		return func(p *corev1.Pod) {
			p.Spec.Containers[0].Env = []corev1.EnvVar{{Name: "JAVA_TOOL_OPTIONS", Value: flag}}
		}
	}
	for name, tc := range map[string]struct {
		config string
		// edit is done before the pod is created.
		edit        func(*corev1.Pod)
		memory, cpu string
		want        []string
	}{
		"nothing changes":         {memory: "1Gi", cpu: "1"},
		"the same in other words": {memory: "1024Mi", cpu: "1000m"},
		"more memory": {memory: "2Gi", cpu: "1", want: []string{
			app + "the new memory limit restarts the container, whose heap is then 69.7 % of it; a pod that is created with it has 78.0 %"}},
		"more memory, no restart": {config: "{memoryResize: Unchanged}", memory: "2Gi", cpu: "1", want: []string{
			app + "the heap stays as it is until the container restarts, and is then 69.7 % of the new memory limit; a pod that is created with it has 78.0 %"}},
		"too little memory": {memory: "64Mi", cpu: "1", want: []string{
			app + "the new memory limit restarts the container, whose heap is then 69.7 % of it, although the memory limit, or its share of the pod's, " +
				"is too small for a Java service, so no heap is set; raise it"}},
		"the same percentage": {memory: "1025Mi", cpu: "1", want: []string{
			app + "the new memory limit restarts the container, whose heap is then 69.7 % of it"}},
		"more processors": {memory: "1Gi", cpu: "2500m", want: []string{
			app + "the JVM keeps its number of processors, which is among its options; create the pod anew to change it"}},
		"no more than before":   {memory: "1Gi", cpu: "900m"},
		"processors left to it": {config: "{processors: JVM}", memory: "1Gi", cpu: "4"},
		"more memory, the user's policy": {edit: func(p *corev1.Pod) {
			p.Spec.Containers[0].ResizePolicy = []corev1.ContainerResizePolicy{
				{ResourceName: corev1.ResourceMemory, RestartPolicy: corev1.NotRequired}}
		}, memory: "2Gi", cpu: "1", want: []string{
			app + "the heap stays as it is until the container restarts, and is then 69.7 % of the new memory limit; a pod that is created with it has 78.0 %"}},
		"an absolute heap": {config: "{sizing: Absolute}", memory: "2Gi", cpu: "1", want: []string{
			app + "the heap stays 713Mi, because it is an -Xmx; create the pod anew to change it"}},
		"a heap in fractions": {config: "{release: Before8u191}", memory: "2Gi", cpu: "1", want: []string{
			app + "the heap stays 713Mi, because its options hold the memory as a number; create the pod anew to change it"}},
		"the memory as a number": {config: "{maxRAM: Value}", memory: "2Gi", cpu: "1", want: []string{
			app + "the heap stays 713Mi, because its options hold the memory as a number; create the pod anew to change it"}},
		"the memory of the downward API": {config: "{maxRAM: DownwardAPI}", memory: "2Gi", cpu: "1", want: []string{
			app + "the new memory limit restarts the container, whose heap is then 69.7 % of it; a pod that is created with it has 78.0 %"}},
		"the user's own heap": {edit: heap("-Xmx300m"), memory: "2Gi", cpu: "1"},
		"switched off":        {edit: func(p *corev1.Pod) { annotate(p, "jvm.evenkeel.io/mode", "off") }, memory: "2Gi", cpu: "4"},
	} {
		t.Run(name, func(t *testing.T) {
			if tc.config == "" {
				tc.config = "{}"
			}
			pod := javaPod()
			if tc.edit != nil {
				tc.edit(pod)
			}
			chain := mutatortest.NewChain(v1alpha1.OnErrorAdmit, jvm.New(feature(t, tc.config)))
			before := chain.Run(mutatortest.DefaultRequest(), pod).Pod
			after := before.DeepCopy()
			after.Spec.Containers[0].Resources.Limits = corev1.ResourceList{
				corev1.ResourceMemory: resource.MustParse(tc.memory), corev1.ResourceCPU: resource.MustParse(tc.cpu)}
			if diff := cmp.Diff(tc.want, chain.ResizeWarnings(mutatortest.DefaultRequest(), before, after)); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}

			// Options that somebody has taken out since are not spoken of.
			for i := range after.Spec.Containers[0].Env {
				after.Spec.Containers[0].Env[i].Value = ""
			}
			if got := chain.ResizeWarnings(mutatortest.DefaultRequest(), before, after); len(got) > 0 {
				t.Errorf("without the options the user is told %q", got)
			}
			after.Annotations = nil
			if got := chain.ResizeWarnings(mutatortest.DefaultRequest(), before, after); len(got) > 0 {
				t.Errorf("without a record the user is told %q", got)
			}
		})
	}
}

// TestResizeWarningsOfSidecarsAndPods resizes a native sidecar, and the pod's own
// limits that a container without any goes by.
func TestResizeWarningsOfSidecarsAndPods(t *testing.T) {
	pod := javaPod()
	sidecar := *pod.Spec.Containers[0].DeepCopy()
	sidecar.Name, sidecar.RestartPolicy = "sidecar", ptr.To(corev1.ContainerRestartPolicyAlways)
	pod.Spec.InitContainers = []corev1.Container{sidecar}
	limits := func(memory string) corev1.ResourceList {
		return corev1.ResourceList{corev1.ResourceMemory: resource.MustParse(memory)}
	}
	pod.Spec.Containers[0].Resources.Limits = nil
	pod.Spec.Resources = &corev1.ResourceRequirements{Limits: limits("3Gi")}
	chain := mutatortest.NewChain(v1alpha1.OnErrorAdmit, jvm.New(feature(t, "{initContainers: {names: [sidecar]}}")))
	before := chain.Run(mutatortest.DefaultRequest(), pod).Pod
	after := before.DeepCopy()
	after.Spec.InitContainers[0].Resources.Limits[corev1.ResourceMemory] = resource.MustParse("512Mi")
	after.Spec.Resources.Limits = limits("2Gi")
	got := chain.ResizeWarnings(mutatortest.DefaultRequest(), before, after)
	if len(got) != 2 || !strings.HasPrefix(got[0], "evenkeel jvm, container sidecar: the new memory limit restarts") ||
		!strings.HasPrefix(got[1], "evenkeel jvm, container app: the heap stays as it is until the container restarts") {
		t.Errorf("the user is told %q", got)
	}
}

// TestResizeWarningsOfThePodsLimit changes the pod's own limit alone, of which each
// of two containers that have more together has a share.
func TestResizeWarningsOfThePodsLimit(t *testing.T) {
	limits := func(memory string) corev1.ResourceList {
		return corev1.ResourceList{corev1.ResourceMemory: resource.MustParse(memory)}
	}
	for name, tc := range map[string]struct {
		memory string
		want   []string
	}{
		"enough for both":  {memory: "4Gi"},
		"less than before": {memory: "1536Mi", want: []string{"the heap stays 713Mi while the memory limit of the pod changes; a pod that is created with it has 470Mi"}},
		"too little": {memory: "200Mi", want: []string{"the heap stays 713Mi while the memory limit of the pod changes, although the memory limit, or its share of the pod's, " +
			"is too small for a Java service, so no heap is set; raise it"}},
	} {
		t.Run(name, func(t *testing.T) {
			pod := javaPod()
			second := *pod.Spec.Containers[0].DeepCopy()
			second.Name = "second"
			pod.Spec.Containers = append(pod.Spec.Containers, second)
			pod.Spec.Resources = &corev1.ResourceRequirements{Limits: limits("2Gi")}
			chain := mutatortest.NewChain(v1alpha1.OnErrorAdmit, jvm.New(feature(t, "{}")))
			before := chain.Run(mutatortest.DefaultRequest(), pod).Pod
			after := before.DeepCopy()
			after.Spec.Resources.Limits = limits(tc.memory)
			var want []string
			for _, container := range []string{"app", "second"} {
				for _, text := range tc.want {
					want = append(want, "evenkeel jvm, container "+container+": "+text)
				}
			}
			if diff := cmp.Diff(want, chain.ResizeWarnings(mutatortest.DefaultRequest(), before, after)); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
		})
	}
}
