// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replicaspread_test

import (
	"cmp"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/api/wellknown"
)

// What is told about a placement is counted here from the pods and nodes of the
// story, without the plugin's index.

// levels are the topology levels and their labels, as shipped.
var levels = []struct {
	name   string
	labels []string
}{
	{"host", []string{wellknown.TopologyHost, corev1.LabelHostname}},
	{"rack", []string{wellknown.TopologyRack}},
	{"zone", []string{wellknown.TopologyZone}},
}

// domainOf returns the domain of a node at a level; without a label, the node. A
// rack is one of its zone.
func (w *world) domainOf(nodeName string, level int) string {
	for _, label := range levels[level].labels {
		if value := w.nodes[nodeName].Labels[label]; value != "" {
			if label == wellknown.TopologyRack {
				value = w.nodes[nodeName].Labels[wellknown.TopologyZone] + "/" + value
			}
			return value
		}
	}
	return nodeName
}

// named returns the pods of a name, oldest first.
func (w *world) named(name string) []*corev1.Pod {
	var pods []*corev1.Pod
	for _, pod := range w.pods {
		if pod.Labels["app"] == name {
			pods = append(pods, pod)
		}
	}
	slices.SortFunc(pods, func(a, b *corev1.Pod) int {
		return cmp.Or(cmp.Compare(len(a.Name), len(b.Name)), cmp.Compare(a.Name, b.Name))
	})
	return pods
}

// around tells how many replicas of the pod's own workload are in the domains
// of a node, and what else is on the host.
func (w *world) around(pod *corev1.Pod, node string) string {
	var text string
	others, leaving := 0, 0
	for level := range levels {
		n := 0
		for _, other := range w.named(pod.Labels["app"]) {
			if w.domainOf(other.Spec.NodeName, level) != w.domainOf(node, level) {
				continue
			}
			switch same := len(pod.OwnerReferences) > 0 && other.OwnerReferences[0].UID == pod.OwnerReferences[0].UID; {
			case other.DeletionTimestamp != nil:
				if level == 0 {
					leaving++
				}
			case same:
				n++
			case level == 0:
				others++
			}
		}
		if level > 0 {
			text += ", "
		}
		text += fmt.Sprintf("%s %d", levels[level].name, n)
	}
	if others > 0 {
		text += fmt.Sprintf("; other revisions on the host: %d", others)
	}
	if leaving > 0 {
		text += fmt.Sprintf("; shutting down on the host: %d", leaving)
	}
	return text
}

// show tells how the replicas of a name are spread over the domains that exist.
func (w *world) show(name string) []string {
	pods := slices.DeleteFunc(w.named(name), func(pod *corev1.Pod) bool { return pod.DeletionTimestamp != nil })
	told := []string{fmt.Sprintf("%s: %d replicas", name, len(pods))}
	for level := range levels {
		counts := map[string]int{}
		for node := range w.nodes {
			counts[w.domainOf(node, level)] = 0
		}
		for _, pod := range pods {
			counts[w.domainOf(pod.Spec.NodeName, level)]++
		}
		least, most := len(pods), 0
		for _, n := range counts {
			least, most = min(least, n), max(most, n)
		}
		told = append(told, fmt.Sprintf("  %d %ss, each with %d to %d", len(counts), levels[level].name, least, most))
	}
	return told
}
