// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replicaspread

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// declares reports whether the pod itself says how its replicas are to be
// spread over the domains of one of the label keys: by a topology spread
// constraint or by pod anti-affinity, required or preferred. What the user says
// goes, so the level with these keys is left to the plugin that obeys it.
//
// Anti-affinity against other pods only (stay away from the database) says
// nothing about the replicas, so it does not count.
func declares(pod *corev1.Pod, keys []string) bool {
	for i := range pod.Spec.TopologySpreadConstraints {
		c := &pod.Spec.TopologySpreadConstraints[i]
		if slices.Contains(keys, c.TopologyKey) && selects(c.LabelSelector, pod) {
			return true
		}
	}
	if pod.Spec.Affinity == nil || pod.Spec.Affinity.PodAntiAffinity == nil {
		return false
	}
	anti := pod.Spec.Affinity.PodAntiAffinity
	for i := range anti.RequiredDuringSchedulingIgnoredDuringExecution {
		if declaresTerm(pod, &anti.RequiredDuringSchedulingIgnoredDuringExecution[i], keys) {
			return true
		}
	}
	for i := range anti.PreferredDuringSchedulingIgnoredDuringExecution {
		if declaresTerm(pod, &anti.PreferredDuringSchedulingIgnoredDuringExecution[i].PodAffinityTerm, keys) {
			return true
		}
	}
	return false
}

func declaresTerm(pod *corev1.Pod, term *corev1.PodAffinityTerm, keys []string) bool {
	return slices.Contains(keys, term.TopologyKey) && selectsNamespace(term, pod.Namespace) && selects(term.LabelSelector, pod)
}

// selectsNamespace reports whether a term covers the namespace. The labels of
// the namespace are not at hand here: a selector is taken to match it, because
// a term that selects the pod's own labels across namespaces means its
// replicas.
func selectsNamespace(term *corev1.PodAffinityTerm, namespace string) bool {
	if len(term.Namespaces) == 0 && term.NamespaceSelector == nil {
		return true
	}
	return slices.Contains(term.Namespaces, namespace) || term.NamespaceSelector != nil
}

// selects reports whether a selector matches the pod. matchLabelKeys need no
// look: they add the pod's own values.
func selects(selector *metav1.LabelSelector, pod *corev1.Pod) bool {
	s, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return false // The API server admits no such selector.
	}
	return s.Matches(labels.Set(pod.Labels))
}
