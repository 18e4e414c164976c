// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package guardedinterpodaffinity

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	st "k8s.io/kubernetes/pkg/scheduler/testing"

	"github.com/evenkeel/evenkeel/plugins/scheduler/guardtest"
)

// maker makes the nodes and pods that matter for affinity.
type maker struct {
	*guardtest.Random
	// terms is the probability, in percent, that a pod declares a term of any
	// one kind.
	terms int
}

var (
	namespaceNames = []string{"east", "west", "north", "south"}
	topologyKeys   = []string{corev1.LabelHostname, corev1.LabelHostname, corev1.LabelTopologyZone, "rack", "nowhere"}
	labelValues    = map[string][]string{"app": {"a", "b", "c", "d", "e", "f"}, "tier": {"x", "y"}, "rev": {"1", "2", ""}}
	labelKeys      = []string{"app", "tier", "rev"}
	teamValues     = map[string][]string{"team": {"red", "blue"}, "env": {"prod", "test"}}
	teamKeys       = []string{"team", "env"}
)

func (r *maker) Node(name string) *corev1.Node {
	w := st.MakeNode().Name(name)
	if r.Percent(80) {
		w.Label(corev1.LabelTopologyZone, fmt.Sprintf("zone-%d", r.IntN(2)))
	}
	if r.Percent(80) {
		w.Label("rack", fmt.Sprintf("rack-%d", r.IntN(3)))
	}
	if r.Percent(90) {
		w.Label(corev1.LabelHostname, name)
	}
	node := w.Obj()
	if r.Percent(5) {
		node.Labels = nil
	}
	return node
}

func (r *maker) Pod() *corev1.Pod {
	pod := r.NewPod(namespaceNames)
	pod.Labels = r.PodLabels()
	pod.Spec.Affinity = r.affinity()
	return pod
}

func (r *maker) Incoming() *corev1.Pod {
	pod := r.Pod()
	switch {
	case r.Percent(3):
		return r.broken()
	case r.Percent(30):
		pod.Spec.Affinity = nil
	}
	return pod
}

func (r *maker) Placed() *corev1.Pod {
	pod := r.Pod()
	if r.Percent(3) {
		return r.broken() // What can be parsed of it counts.
	}
	return pod
}

func (r *maker) PodLabels() map[string]string { return r.labels(labelKeys, labelValues) }

func (r *maker) labels(keys []string, values map[string][]string) map[string]string {
	return r.Labels(70, keys, values)
}

func (r *maker) affinity() *corev1.Affinity {
	affinity, anti := corev1.PodAffinity{}, corev1.PodAntiAffinity{}
	affinity.RequiredDuringSchedulingIgnoredDuringExecution = some(r, r.term)
	affinity.PreferredDuringSchedulingIgnoredDuringExecution = some(r, r.weighted)
	anti.RequiredDuringSchedulingIgnoredDuringExecution = some(r, r.term)
	anti.PreferredDuringSchedulingIgnoredDuringExecution = some(r, r.weighted)
	a := &corev1.Affinity{}
	if affinity.RequiredDuringSchedulingIgnoredDuringExecution != nil || affinity.PreferredDuringSchedulingIgnoredDuringExecution != nil || r.Percent(5) {
		a.PodAffinity = &affinity
	}
	if anti.RequiredDuringSchedulingIgnoredDuringExecution != nil || anti.PreferredDuringSchedulingIgnoredDuringExecution != nil || r.Percent(5) {
		a.PodAntiAffinity = &anti
	}
	if a.PodAffinity == nil && a.PodAntiAffinity == nil && r.Percent(80) {
		return nil
	}
	return a
}

// some returns one to three, or more often none.
func some[T any](r *maker, one func() T) []T {
	if !r.Percent(r.terms) {
		return nil
	}
	made := []T{one()}
	for r.Percent(25) && len(made) < 3 {
		made = append(made, one())
	}
	return made
}

func (r *maker) weighted() corev1.WeightedPodAffinityTerm {
	return corev1.WeightedPodAffinityTerm{Weight: int32(1 + r.IntN(100)), PodAffinityTerm: r.term()}
}

func (r *maker) term() corev1.PodAffinityTerm {
	term := corev1.PodAffinityTerm{TopologyKey: guardtest.Pick(r, topologyKeys)}
	switch {
	case r.Percent(6): // An absent selector matches no pod.
	case r.Percent(6): //nolint:gocritic // drawn anew; an empty one matches every pod
		term.LabelSelector = &metav1.LabelSelector{}
	default:
		term.LabelSelector = r.selector(labelKeys, labelValues)
	}
	for r.Percent(25) && len(term.Namespaces) < 3 {
		term.Namespaces = append(term.Namespaces, guardtest.Pick(r, namespaceNames))
	}
	switch {
	case r.Percent(60):
	case r.Percent(20): // Every namespace.
		term.NamespaceSelector = &metav1.LabelSelector{}
	default:
		term.NamespaceSelector = r.selector(teamKeys, teamValues)
	}
	return term
}

// selector returns a random selector. What the API server makes of matchLabelKeys
// and mismatchLabelKeys is an In or a NotIn with one value.
func (r *maker) selector(keys []string, values map[string][]string) *metav1.LabelSelector {
	return r.Selector(50, keys, values, r.Some)
}

// broken returns a pod with a term that cannot be parsed.
func (r *maker) broken() *corev1.Pod {
	pod := r.Pod()
	term := corev1.PodAffinityTerm{TopologyKey: "rack", LabelSelector: &metav1.LabelSelector{
		MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "app", Operator: metav1.LabelSelectorOpIn}},
	}}
	weighted := []corev1.WeightedPodAffinityTerm{{Weight: 1, PodAffinityTerm: term}}
	switch required := []corev1.PodAffinityTerm{term}; r.IntN(4) {
	case 0:
		pod.Spec.Affinity = &corev1.Affinity{PodAffinity: &corev1.PodAffinity{RequiredDuringSchedulingIgnoredDuringExecution: required}}
	case 1:
		pod.Spec.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: required}}
	case 2:
		pod.Spec.Affinity = &corev1.Affinity{PodAffinity: &corev1.PodAffinity{PreferredDuringSchedulingIgnoredDuringExecution: weighted}}
	default:
		pod.Spec.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{PreferredDuringSchedulingIgnoredDuringExecution: weighted}}
	}
	return pod
}
