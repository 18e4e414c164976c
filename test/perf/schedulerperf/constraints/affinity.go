// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package constraints

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"
)

// matches reports whether a term of one pod's (anti-)affinity means another pod.
// The API server has merged matchLabelKeys and mismatchLabelKeys into the
// selector.
func (j *judge) matches(owner *corev1.Pod, term *corev1.PodAffinityTerm, other *corev1.Pod) bool {
	if !selects(term.LabelSelector, other.Labels) {
		return false
	}
	if len(term.Namespaces) == 0 && term.NamespaceSelector == nil {
		return other.Namespace == owner.Namespace
	}
	return slices.Contains(term.Namespaces, other.Namespace) ||
		term.NamespaceSelector != nil && selects(term.NamespaceSelector, j.namespaces[other.Namespace])
}

func (j *judge) sameDomain(a, b *corev1.Pod, key string) bool {
	one, ok := j.domain(a, key)
	other, also := j.domain(b, key)
	return ok && also && one == other
}

// apart checks required anti-affinity. That of pods that were there first is
// checked with it: whoever declared it, the two share a domain.
func (j *judge) apart(pod *corev1.Pod) []string {
	if pod.Spec.Affinity == nil || pod.Spec.Affinity.PodAntiAffinity == nil {
		return nil
	}
	var found []string
	terms := pod.Spec.Affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution
	for i := range terms {
		for _, other := range j.pods {
			if other != pod && j.matches(pod, &terms[i], other) && j.sameDomain(pod, other, terms[i].TopologyKey) {
				found = append(found, fmt.Sprintf("its anti-affinity over %s keeps it from pod %s", terms[i].TopologyKey, klog.KObj(other)))
			}
		}
	}
	return found
}

// together checks required affinity: in the domain of each term is another pod
// that all terms mean. A pod that its own terms mean may be the only one of its
// kind in the cluster.
func (j *judge) together(pod *corev1.Pod) []string {
	if pod.Spec.Affinity == nil || pod.Spec.Affinity.PodAffinity == nil {
		return nil
	}
	terms := pod.Spec.Affinity.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution
	if len(terms) == 0 {
		return nil
	}
	meantByAll := func(other *corev1.Pod) bool {
		return !slices.ContainsFunc(terms, func(term corev1.PodAffinityTerm) bool { return !j.matches(pod, &term, other) })
	}
	var kind []*corev1.Pod
	for _, other := range j.pods {
		if other != pod && meantByAll(other) {
			kind = append(kind, other)
		}
	}
	first := len(kind) == 0 && meantByAll(pod)
	var found []string
	for _, term := range terms {
		if _, ok := j.domain(pod, term.TopologyKey); !ok {
			found = append(found, fmt.Sprintf("its affinity is over %s, which the node lacks", term.TopologyKey))
			continue
		}
		if !first && !slices.ContainsFunc(kind, func(other *corev1.Pod) bool { return j.sameDomain(pod, other, term.TopologyKey) }) {
			found = append(found, fmt.Sprintf("its affinity over %s finds no pod beside it", term.TopologyKey))
		}
	}
	return found
}
