// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package world

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	resourcev1 "k8s.io/api/resource/v1"
	"k8s.io/utils/ptr"
)

// otherKinds are gates, claims of devices and features of nodes.
var otherKinds = []Kind{
	{Name: "scheduling gate", Percent: 2, add: func(_ *World, pod *corev1.Pod) {
		pod.Spec.SchedulingGates = []corev1.PodSchedulingGate{{Name: "example.com/quota"}}
	}},
	{Name: "missing resource claim", Percent: 1, add: func(w *World, pod *corev1.Pod) { addResourceClaim(pod, w.name("missing")) }},
	resourceClaimKind("claim of devices in a zone", func(w *World, claim *resourcev1.ResourceClaim) {
		// Allocated already: the devices are in one zone.
		claim.Status.Allocation = &resourcev1.AllocationResult{NodeSelector: zoneOf(pick(w, zones)).Required}
	}),
	resourceClaimKind("claim of a free device", func(*World, *resourcev1.ResourceClaim) {}),
	{Name: "declared node feature", Percent: 4, add: func(_ *World, pod *corev1.Pod) {
		pod.Spec.HostNetwork, pod.Spec.HostUsers = true, ptr.To(false)
	}, Strip: func(pod *corev1.Pod) bool {
		had := pod.Spec.HostNetwork
		pod.Spec.HostNetwork, pod.Spec.HostUsers = false, nil
		return had
	}},
	{Name: "preemptionPolicy Never", Percent: 6, add: func(_ *World, pod *corev1.Pod) {
		pod.Spec.PreemptionPolicy = ptr.To(corev1.PreemptNever)
	}},
}

// resourceClaimKind makes a claim for the pod, whose name in the pod tells the kind.
func resourceClaimKind(name string, edit func(*World, *resourcev1.ResourceClaim)) Kind {
	prefix := prefixOf(name)
	claims := func(pod *corev1.Pod) *[]corev1.PodResourceClaim { return &pod.Spec.ResourceClaims }
	return Kind{Name: name, Percent: 4,
		add: func(w *World, pod *corev1.Pod) {
			claim := w.deviceClaim(pod.Namespace)
			claim.Name = w.name(strings.TrimSuffix(prefix, "-"))
			edit(w, claim)
			w.put(claim)
			addResourceClaim(pod, claim.Name)
		},
		Strip: stripAll(claims, func(c corev1.PodResourceClaim) bool { return strings.HasPrefix(c.Name, prefix) }),
	}
}

func addResourceClaim(pod *corev1.Pod, name string) {
	pod.Spec.ResourceClaims = append(pod.Spec.ResourceClaims, corev1.PodResourceClaim{Name: name, ResourceClaimName: ptr.To(name)})
}
