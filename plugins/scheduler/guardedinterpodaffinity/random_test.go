// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package guardedinterpodaffinity

import (
	"fmt"
	"math/rand/v2"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	st "k8s.io/kubernetes/pkg/scheduler/testing"
)

// random makes nodes, namespaces and pods from few names and labels, so that
// terms often nearly match.
type random struct {
	*rand.Rand
	// terms is the probability, in percent, that a pod declares a term of any
	// one kind.
	terms int
	made  int
}

var (
	namespaceNames = []string{"east", "west", "north", "south"}
	topologyKeys   = []string{corev1.LabelHostname, corev1.LabelHostname, corev1.LabelTopologyZone, "rack", "nowhere"}
	labelValues    = map[string][]string{"app": {"a", "b", "c", "d", "e", "f"}, "tier": {"x", "y"}, "rev": {"1", "2", ""}}
	labelKeys      = []string{"app", "tier", "rev"}
	teamValues     = map[string][]string{"team": {"red", "blue"}, "env": {"prod", "test"}}
	teamKeys       = []string{"team", "env"}
)

func (r *random) percent(p int) bool { return r.IntN(100) < p }

func pick[T any](r *random, of []T) T { return of[r.IntN(len(of))] }

// labels returns a random value for some of the keys.
func (r *random) labels(keys []string, values map[string][]string) map[string]string {
	var labels map[string]string
	for _, key := range keys {
		if r.percent(70) {
			if labels == nil {
				labels = map[string]string{}
			}
			labels[key] = pick(r, values[key])
		}
	}
	return labels
}

func (r *random) node(name string) *corev1.Node {
	w := st.MakeNode().Name(name)
	if r.percent(80) {
		w.Label(corev1.LabelTopologyZone, fmt.Sprintf("zone-%d", r.IntN(2)))
	}
	if r.percent(80) {
		w.Label("rack", fmt.Sprintf("rack-%d", r.IntN(3)))
	}
	if r.percent(90) {
		w.Label(corev1.LabelHostname, name)
	}
	node := w.Obj()
	if r.percent(5) {
		node.Labels = nil
	}
	return node
}

// pod returns a pod that is placed nowhere.
func (r *random) pod() *corev1.Pod {
	r.made++
	name := fmt.Sprintf("pod-%d", r.made)
	pod := st.MakePod().Namespace(pick(r, namespaceNames)).Name(name).UID(name).Priority(int32(r.IntN(3))).Obj()
	pod.Labels = r.labels(labelKeys, labelValues)
	pod.Spec.Affinity = r.affinity()
	return pod
}

func (r *random) affinity() *corev1.Affinity {
	affinity, anti := corev1.PodAffinity{}, corev1.PodAntiAffinity{}
	affinity.RequiredDuringSchedulingIgnoredDuringExecution = some(r, r.term)
	affinity.PreferredDuringSchedulingIgnoredDuringExecution = some(r, r.weighted)
	anti.RequiredDuringSchedulingIgnoredDuringExecution = some(r, r.term)
	anti.PreferredDuringSchedulingIgnoredDuringExecution = some(r, r.weighted)
	a := &corev1.Affinity{}
	if affinity.RequiredDuringSchedulingIgnoredDuringExecution != nil || affinity.PreferredDuringSchedulingIgnoredDuringExecution != nil || r.percent(5) {
		a.PodAffinity = &affinity
	}
	if anti.RequiredDuringSchedulingIgnoredDuringExecution != nil || anti.PreferredDuringSchedulingIgnoredDuringExecution != nil || r.percent(5) {
		a.PodAntiAffinity = &anti
	}
	if a.PodAffinity == nil && a.PodAntiAffinity == nil && r.percent(80) {
		return nil
	}
	return a
}

// some returns one to three, or more often none.
func some[T any](r *random, one func() T) []T {
	if !r.percent(r.terms) {
		return nil
	}
	made := []T{one()}
	for r.percent(25) && len(made) < 3 {
		made = append(made, one())
	}
	return made
}

func (r *random) weighted() corev1.WeightedPodAffinityTerm {
	return corev1.WeightedPodAffinityTerm{Weight: int32(1 + r.IntN(100)), PodAffinityTerm: r.term()}
}

func (r *random) term() corev1.PodAffinityTerm {
	term := corev1.PodAffinityTerm{TopologyKey: pick(r, topologyKeys)}
	switch {
	case r.percent(6): // An absent selector matches no pod.
	case r.percent(6): //nolint:gocritic // drawn anew; an empty one matches every pod
		term.LabelSelector = &metav1.LabelSelector{}
	default:
		term.LabelSelector = r.selector(labelKeys, labelValues)
	}
	for r.percent(25) && len(term.Namespaces) < 3 {
		term.Namespaces = append(term.Namespaces, pick(r, namespaceNames))
	}
	switch {
	case r.percent(60):
	case r.percent(20): // Every namespace.
		term.NamespaceSelector = &metav1.LabelSelector{}
	default:
		term.NamespaceSelector = r.selector(teamKeys, teamValues)
	}
	return term
}

// selector returns a selector with one to three requirements. What the API
// server makes of matchLabelKeys and mismatchLabelKeys is an In or a NotIn with
// one value.
func (r *random) selector(keys []string, values map[string][]string) *metav1.LabelSelector {
	s := &metav1.LabelSelector{}
	for {
		key := pick(r, keys)
		if r.percent(50) {
			if s.MatchLabels == nil {
				s.MatchLabels = map[string]string{}
			}
			s.MatchLabels[key] = pick(r, values[key])
		} else {
			s.MatchExpressions = append(s.MatchExpressions, r.requirement(key, values[key]))
		}
		if !r.percent(40) || len(s.MatchLabels)+len(s.MatchExpressions) == 3 {
			return s
		}
	}
}

func (r *random) requirement(key string, values []string) metav1.LabelSelectorRequirement {
	req := metav1.LabelSelectorRequirement{Key: key}
	switch r.IntN(6) {
	case 0:
		req.Operator = metav1.LabelSelectorOpExists
	case 1:
		req.Operator = metav1.LabelSelectorOpDoesNotExist
	case 2:
		req.Operator = metav1.LabelSelectorOpNotIn
	default:
		req.Operator = metav1.LabelSelectorOpIn
	}
	if req.Operator == metav1.LabelSelectorOpIn || req.Operator == metav1.LabelSelectorOpNotIn {
		for range 1 + r.IntN(3) {
			req.Values = append(req.Values, pick(r, values)) // The same one twice is legal.
		}
	}
	return req
}

// broken returns a pod with a term that cannot be parsed.
func (r *random) broken() *corev1.Pod {
	pod := r.pod()
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

// grouped returns the pod as one of a pod group.
func grouped(pod *corev1.Pod) *corev1.Pod {
	pod = pod.DeepCopy()
	pod.Spec.SchedulingGroup = &corev1.PodSchedulingGroup{PodGroupName: ptr.To("group")}
	return pod
}
