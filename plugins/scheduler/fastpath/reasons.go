// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package fastpath

import (
	corev1 "k8s.io/api/core/v1"
)

// reason says why the fast path did not place a pod, as a label of its metric.
type reason string

// What became of a cycle.
const (
	// placed: it did place it.
	placed reason = "placed"
	// fewNodes: the original function looks at all nodes of a cluster this small.
	fewNodes reason = "few-nodes"
	// extenders: an extender wants to see the nodes.
	extenders reason = "extenders"
	// unfitProfile: the profile prefers nodes in a way that candidates do not show.
	unfitProfile reason = "profile"
	// podGroup: the pods of a group are placed together.
	podGroup reason = "pod-group"
	// nominated: preemption has chosen a node for the pod.
	nominated reason = "nominated"
	// volumes: where the pod can run depends on where its volumes are.
	volumes reason = "volumes"
	// devices: the pod claims devices, by a claim or by an extended resource that a
	// DeviceClass stands behind.
	devices reason = "devices"
	// preferences: the pod prefers some nodes, which may be anywhere, or prefers pods
	// and none of the candidates is as good for that as a node can be.
	preferences reason = "preferences"
	// preFilter: PreFilter rejected the pod or failed; the original function says so.
	preFilter reason = "pre-filter"
	// namedNodes: PreFilter has named the few nodes that come into question.
	namedNodes reason = "named-nodes"
	// noSource: the profile's ReplicaSpread names no candidates, by its arguments.
	noSource reason = "no-source"
	// softTaint: the best candidate has a PreferNoSchedule taint against the pod.
	softTaint reason = "soft-taint"
	// noneFits: no candidate fits.
	noneFits reason = "none-fits"
	// failed: a plugin returned an error; the original function meets it again.
	failed reason = "error"
)

var reasons = []reason{placed, fewNodes, extenders, unfitProfile, podGroup, nominated, volumes, devices, preferences, preFilter, namedNodes, noSource, softTaint, noneFits, failed}

// unanswerable returns what a pod asks for that a few candidates cannot answer,
// or placed if there is nothing of that kind.
func unanswerable(pod *corev1.Pod) reason {
	if pod.Status.NominatedNodeName != "" {
		return nominated
	}
	for i := range pod.Spec.Volumes {
		if v := &pod.Spec.Volumes[i]; v.PersistentVolumeClaim != nil || v.Ephemeral != nil {
			return volumes
		}
	}
	if len(pod.Spec.ResourceClaims) > 0 {
		return devices
	}
	if prefers(pod) {
		return preferences
	}
	return placed
}

// prefers reports whether a pod has a preference of nodes: the one it prefers is
// hardly among the candidates.
func prefers(pod *corev1.Pod) bool {
	for i := range pod.Spec.TopologySpreadConstraints {
		if pod.Spec.TopologySpreadConstraints[i].WhenUnsatisfiable == corev1.ScheduleAnyway {
			return true
		}
	}
	a := pod.Spec.Affinity
	return a != nil && a.NodeAffinity != nil && len(a.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution) > 0
}

// prefersPods reports whether a pod prefers to be near other pods or away from them.
// Whether it can be among the candidates as well as anywhere is known afterwards.
func prefersPods(pod *corev1.Pod) bool {
	a := pod.Spec.Affinity
	return a != nil &&
		(a.PodAffinity != nil && len(a.PodAffinity.PreferredDuringSchedulingIgnoredDuringExecution) > 0 ||
			a.PodAntiAffinity != nil && len(a.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution) > 0)
}
