// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package world

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// affinityKinds are affinity and anti-affinity between pods and the fields of
// their terms.
var affinityKinds = []Kind{
	{Name: "pod affinity", Percent: 5, add: func(w *World, pod *corev1.Pod) {
		*affinityTerms(pod) = append(*affinityTerms(pod), w.podTerm(pod))
	}, Strip: func(pod *corev1.Pod) bool {
		if pod.Spec.Affinity == nil || pod.Spec.Affinity.PodAffinity == nil {
			return false
		}
		return stripAll(affinityTerms, func(corev1.PodAffinityTerm) bool { return true })(pod)
	}},
	{Name: "pod anti-affinity", Percent: 9, add: func(w *World, pod *corev1.Pod) {
		*antiAffinityTerms(pod) = append(*antiAffinityTerms(pod), w.podTerm(pod))
	}, Strip: func(pod *corev1.Pod) bool {
		if pod.Spec.Affinity == nil || pod.Spec.Affinity.PodAntiAffinity == nil {
			return false
		}
		return stripAll(antiAffinityTerms, func(corev1.PodAffinityTerm) bool { return true })(pod)
	}},
	{Name: "preferred pod affinity", Percent: 5, add: func(w *World, pod *corev1.Pod) {
		affinityTerms(pod)
		preferred := &pod.Spec.Affinity.PodAffinity.PreferredDuringSchedulingIgnoredDuringExecution
		*preferred = append(*preferred, corev1.WeightedPodAffinityTerm{Weight: int32(1 + w.IntN(100)), PodAffinityTerm: w.podTerm(pod)})
	}},
	{Name: "preferred pod anti-affinity", Percent: 6, add: func(w *World, pod *corev1.Pod) {
		antiAffinityTerms(pod)
		preferred := &pod.Spec.Affinity.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution
		*preferred = append(*preferred, corev1.WeightedPodAffinityTerm{Weight: int32(1 + w.IntN(100)), PodAffinityTerm: w.podTerm(pod)})
	}},
	termKind("affinity namespaces", func(w *World, _ *corev1.Pod, t *corev1.PodAffinityTerm) {
		t.Namespaces = some(w, namespaces, 1+w.IntN(2))
	},
		func(t corev1.PodAffinityTerm) bool { return len(t.Namespaces) > 0 },
		func(t *corev1.PodAffinityTerm) { t.Namespaces = nil }),
	termKind("affinity namespaceSelector", func(w *World, _ *corev1.Pod, t *corev1.PodAffinityTerm) {
		t.NamespaceSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"team": pick(w, teams)}}
	}, func(t corev1.PodAffinityTerm) bool {
		return t.NamespaceSelector != nil && len(t.NamespaceSelector.MatchLabels) > 0
	}, func(t *corev1.PodAffinityTerm) { t.NamespaceSelector = nil }),
	termKind("affinity empty namespaceSelector", func(_ *World, _ *corev1.Pod, t *corev1.PodAffinityTerm) {
		t.NamespaceSelector = &metav1.LabelSelector{}
	},
		func(t corev1.PodAffinityTerm) bool {
			return t.NamespaceSelector != nil && len(t.NamespaceSelector.MatchLabels) == 0
		}, func(t *corev1.PodAffinityTerm) { t.NamespaceSelector = nil }),
	// The API server merges these into the selector.
	termKind("affinity matchLabelKeys", func(_ *World, pod *corev1.Pod, t *corev1.PodAffinityTerm) {
		t.MatchLabelKeys = []string{"revision"}
		merge(t, metav1.LabelSelectorOpIn, pod.Labels["revision"])
	}, func(t corev1.PodAffinityTerm) bool { return t.MatchLabelKeys != nil }, func(t *corev1.PodAffinityTerm) {
		t.MatchLabelKeys = nil
		unmerge(t)
	}),
	termKind("affinity mismatchLabelKeys", func(_ *World, pod *corev1.Pod, t *corev1.PodAffinityTerm) {
		t.MismatchLabelKeys = []string{"revision"}
		merge(t, metav1.LabelSelectorOpNotIn, pod.Labels["revision"])
	}, func(t corev1.PodAffinityTerm) bool { return t.MismatchLabelKeys != nil }, func(t *corev1.PodAffinityTerm) {
		t.MismatchLabelKeys = nil
		unmerge(t)
	}),
}

// affinityTerms returns the pod's required affinity.
func affinityTerms(pod *corev1.Pod) *[]corev1.PodAffinityTerm {
	nodeAffinity(pod)
	if pod.Spec.Affinity.PodAffinity == nil {
		pod.Spec.Affinity.PodAffinity = &corev1.PodAffinity{}
	}
	return &pod.Spec.Affinity.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution
}

// antiAffinityTerms returns the pod's required anti-affinity.
func antiAffinityTerms(pod *corev1.Pod) *[]corev1.PodAffinityTerm {
	nodeAffinity(pod)
	if pod.Spec.Affinity.PodAntiAffinity == nil {
		pod.Spec.Affinity.PodAntiAffinity = &corev1.PodAntiAffinity{}
	}
	return &pod.Spec.Affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution
}

func (w *World) podTerm(pod *corev1.Pod) corev1.PodAffinityTerm {
	return corev1.PodAffinityTerm{TopologyKey: pick(w, topologyKeys[:5+w.IntN(30)/29]), LabelSelector: w.selector(pod)}
}

// termKind adds a term with a field set. The field counts for every required term
// that has it.
func termKind(name string, set func(*World, *corev1.Pod, *corev1.PodAffinityTerm), has func(corev1.PodAffinityTerm) bool, unset func(*corev1.PodAffinityTerm)) Kind {
	return Kind{Name: name, Percent: 4, add: func(w *World, pod *corev1.Pod) {
		term := w.podTerm(pod)
		set(w, pod, &term)
		terms := antiAffinityTerms(pod)
		if w.percent(35) {
			terms = affinityTerms(pod)
		}
		*terms = append(*terms, term)
	}, Strip: func(pod *corev1.Pod) bool {
		if pod.Spec.Affinity == nil {
			return false
		}
		affinity := editAll(affinityTerms, has, unset)(pod)
		return editAll(antiAffinityTerms, has, unset)(pod) || affinity
	}}
}

func merge(t *corev1.PodAffinityTerm, op metav1.LabelSelectorOperator, value string) {
	if t.LabelSelector == nil {
		t.LabelSelector = &metav1.LabelSelector{}
	}
	t.LabelSelector.MatchExpressions = append(t.LabelSelector.MatchExpressions, metav1.LabelSelectorRequirement{Key: "revision", Operator: op, Values: []string{value}})
}

func unmerge(t *corev1.PodAffinityTerm) {
	t.LabelSelector.MatchExpressions = slices.DeleteFunc(t.LabelSelector.MatchExpressions, func(r metav1.LabelSelectorRequirement) bool { return r.Key == "revision" })
}
