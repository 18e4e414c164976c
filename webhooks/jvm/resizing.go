// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package jvm

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

var _ mutate.ResizeAdviser = &Mutator{}

// ResizeWarnings implements mutate.ResizeAdviser. The options of a container
// cannot change any more, and a JVM reads its limits when it starts.
func (m *Mutator) ResizeWarnings(r mutate.Resize) []string {
	var out []string
	for i := range r.After.Spec.InitContainers {
		if c := &r.After.Spec.InitContainers[i]; c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			out = append(out, resizeWarnings(r, c)...)
		}
	}
	for i := range r.After.Spec.Containers {
		out = append(out, resizeWarnings(r, &r.After.Spec.Containers[i])...)
	}
	return out
}

func resizeWarnings(r mutate.Resize, c *corev1.Container) []string {
	// Of options that are gone, or were never set, there is nothing to say.
	options, _ := r.Record.Containers[c.Name].Options(c)
	if options == "" {
		return nil
	}
	var out []string
	facts := r.Record.Containers[c.Name].Facts
	if anew := r.Anew.Containers[c.Name]; facts[mutate.FactHeap] != "" {
		switch {
		case limitOf(r.Before, c.Name, corev1.ResourceMemory) != limitOf(r.After, c.Name, corev1.ResourceMemory):
			out = append(out, memoryResized(c, options, facts, anew))
		case podMemory(r.Before) != podMemory(r.After) && anew.Facts[mutate.FactHeap] != facts[mutate.FactHeap]:
			out = append(out, shareResized(facts, anew))
		}
	}
	was, is := limitOf(r.Before, c.Name, corev1.ResourceCPU), limitOf(r.After, c.Name, corev1.ResourceCPU)
	if was != is && strings.Contains(options, "-XX:ActiveProcessorCount=") {
		out = append(out, "the JVM keeps its number of processors, which is among its options; create the pod anew to change it")
	}
	for i, text := range out {
		out[i] = "container " + c.Name + ": " + text
	}
	return out
}

// memoryResized says what becomes of a heap when the memory limit changes. options
// and facts are of the pod's creation, and anew is what a pod would get that is
// created now.
func memoryResized(c *corev1.Container, options string, facts map[string]string, anew mutate.Result) string {
	percent, wanted := facts[mutate.FactHeapPercent], anew.Facts[mutate.FactHeapPercent]
	restarts := slices.ContainsFunc(c.ResizePolicy, func(p corev1.ContainerResizePolicy) bool {
		return isMemory(p) && p.RestartPolicy == corev1.RestartContainer
	})
	var text string
	switch {
	case facts[mutate.FactSizing] == "absolute":
		return "the heap stays " + facts[mutate.FactHeap] + ", because it is an -Xmx; create the pod anew to change it"
	case strings.Contains(options, "-XX:MaxRAM=") && !strings.Contains(options, "-XX:MaxRAM=$("):
		return "the heap stays " + facts[mutate.FactHeap] + ", because its options hold the memory as a number; create the pod anew to change it"
	case restarts:
		text = "the new memory limit restarts the container, whose heap is then " + percent + " % of it"
	default:
		text = "the heap stays as it is until the container restarts, and is then " + percent + " % of the new memory limit"
	}
	switch {
	case wanted == "" && anew.Code != "":
		text += ", although " + anew.Code.Sentence()
	case wanted != "" && wanted != percent:
		text += "; a pod that is created with it has " + wanted + " %"
	}
	return text
}

// shareResized says what becomes of a heap when the memory limit of the pod changes
// but not that of the container, which has another share of the pod's then.
func shareResized(facts map[string]string, anew mutate.Result) string {
	text := "the heap stays " + facts[mutate.FactHeap] + " while the memory limit of the pod changes"
	if heap := anew.Facts[mutate.FactHeap]; heap != "" {
		return text + "; a pod that is created with it has " + heap
	}
	if anew.Code != "" {
		text += ", although " + anew.Code.Sentence()
	}
	return text
}

// podMemory returns the memory limit of the pod as a whole in bytes, 0 without one.
func podMemory(pod *corev1.Pod) int64 {
	limit := podLimit(pod, corev1.ResourceMemory)
	return limit.Value()
}

// limitOf returns the limit by which a JVM in a container of the pod goes: of
// memory in bytes, of CPU in processors, and 0 without one.
func limitOf(pod *corev1.Pod, container string, name corev1.ResourceName) int64 {
	limit := podLimit(pod, name)
	for _, list := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range list {
			if own := list[i].Resources.Limits[name]; list[i].Name == container && own.Sign() > 0 {
				limit = own
			}
		}
	}
	return limit.Value()
}
