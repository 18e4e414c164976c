// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package index

import (
	"fmt"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	st "k8s.io/kubernetes/pkg/scheduler/testing"
)

// TestDrawsKeepToWhatThePodSelects has one node in ten that a pod may run on, by its own
// word or for a taint on all others. A candidate that Filter is sure to reject is one
// wasted.
func TestDrawsKeepToWhatThePodSelects(t *testing.T) {
	const pool = "pool"
	affinity := func(terms ...corev1.NodeSelectorTerm) *corev1.Affinity {
		return &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: terms}}}
	}
	in := corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{{Key: pool, Operator: corev1.NodeSelectorOpIn, Values: []string{"java"}}}}
	for name, tc := range map[string]struct {
		change func(*corev1.Pod)
		taint  corev1.TaintEffect
		// wantAll says that other nodes are candidates too.
		wantAll bool
	}{
		"nothing":           {change: func(*corev1.Pod) {}, wantAll: true},
		"a node selector":   {change: func(pod *corev1.Pod) { pod.Spec.NodeSelector = map[string]string{pool: "java"} }},
		"required affinity": {change: func(pod *corev1.Pod) { pod.Spec.Affinity = affinity(in) }},
		"preferred affinity": {wantAll: true, change: func(pod *corev1.Pod) {
			pod.Spec.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
				PreferredDuringSchedulingIgnoredDuringExecution: []corev1.PreferredSchedulingTerm{{Weight: 1, Preference: in}}}}
		}},
		"NoSchedule":       {change: func(*corev1.Pod) {}, taint: corev1.TaintEffectNoSchedule},
		"NoExecute":        {change: func(*corev1.Pod) {}, taint: corev1.TaintEffectNoExecute},
		"PreferNoSchedule": {change: func(*corev1.Pod) {}, taint: corev1.TaintEffectPreferNoSchedule, wantAll: true},
	} {
		t.Run(name, func(t *testing.T) {
			h := &hall{t: t, ix: New(testConfig)}
			var selected []string
			for i := range 60 {
				node := st.MakeNode().Name(fmt.Sprint("n", i)).Label("zone", "a").Label("rack", fmt.Sprint(i/20))
				if i%10 == 0 {
					node.Label(pool, "java")
					selected = append(selected, fmt.Sprint("n", i))
				} else if tc.taint != "" {
					node.Taints([]corev1.Taint{{Key: "for", Value: "others", Effect: tc.taint}})
				}
				h.addNode(node)
			}
			pod := h.pod("web")
			tc.change(pod)
			d := h.drawFor(pod)
			others, found := 0, map[string]bool{}
			for range 10 {
				for _, node := range drawn(d.Next(8)) {
					found[node] = true
					if !slices.Contains(selected, node) {
						others++
					}
				}
			}
			if (others > 0) != tc.wantAll {
				t.Errorf("%d candidates are nodes that are not selected, want some: %v", others, tc.wantAll)
			}
			for _, node := range selected {
				if !found[node] {
					t.Errorf("%s is no candidate", node)
				}
			}
		})
	}
}
