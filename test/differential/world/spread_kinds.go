// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package world

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/evenkeel/evenkeel/api/wellknown"
)

// spreadKinds are topologySpreadConstraints and their fields.
var spreadKinds = []Kind{
	{Name: "hard spread", Percent: 9, add: func(w *World, pod *corev1.Pod) { addSpread(w, pod, corev1.DoNotSchedule) },
		Strip: stripAll(spreads, isHard)},
	{Name: "several hard spreads", Percent: 4, add: func(w *World, pod *corev1.Pod) {
		addSpread(w, pod, corev1.DoNotSchedule)
		addSpread(w, pod, corev1.DoNotSchedule)
	}, Strip: func(pod *corev1.Pod) bool {
		first := true
		return stripAll(spreads, func(c corev1.TopologySpreadConstraint) bool {
			if !isHard(c) || first {
				first = first && !isHard(c)
				return false
			}
			return true
		})(pod)
	}},
	{Name: "soft spread", Percent: 8, add: func(w *World, pod *corev1.Pod) { addSpread(w, pod, corev1.ScheduleAnyway) }},
	spreadFieldKind("spread minDomains",
		func(w *World, _ *corev1.Pod, c *corev1.TopologySpreadConstraint) {
			c.MinDomains = ptr.To(int32(3 + w.IntN(4)))
		},
		func(c corev1.TopologySpreadConstraint) bool { return c.MinDomains != nil },
		func(c *corev1.TopologySpreadConstraint) { c.MinDomains = nil }).
		suitedBy(func(w *World) { w.tainted, w.reserved = 0, "" }),
	spreadFieldKind("spread nodeAffinityPolicy Ignore",
		func(w *World, pod *corev1.Pod, c *corev1.TopologySpreadConstraint) {
			c.NodeAffinityPolicy = ptr.To(corev1.NodeInclusionPolicyIgnore)
			if len(pod.Spec.NodeSelector) == 0 { // Without one, there is nothing to ignore.
				addNodeSelector(w, pod)
			}
		},
		func(c corev1.TopologySpreadConstraint) bool { return c.NodeAffinityPolicy != nil },
		func(c *corev1.TopologySpreadConstraint) { c.NodeAffinityPolicy = nil }),
	spreadFieldKind("spread nodeTaintsPolicy Honor",
		func(_ *World, _ *corev1.Pod, c *corev1.TopologySpreadConstraint) {
			c.NodeTaintsPolicy = ptr.To(corev1.NodeInclusionPolicyHonor)
		},
		func(c corev1.TopologySpreadConstraint) bool { return c.NodeTaintsPolicy != nil },
		func(c *corev1.TopologySpreadConstraint) { c.NodeTaintsPolicy = nil }).
		suitedBy(func(w *World) { w.tainted, w.reserved = 0, pick(w, zones) }),
	spreadFieldKind("spread matchLabelKeys",
		func(w *World, _ *corev1.Pod, c *corev1.TopologySpreadConstraint) {
			c.MatchLabelKeys = []string{pick(w, []string{"revision", "tier"})}
		},
		func(c corev1.TopologySpreadConstraint) bool { return c.MatchLabelKeys != nil },
		func(c *corev1.TopologySpreadConstraint) { c.MatchLabelKeys = nil }),
}

func spreads(pod *corev1.Pod) *[]corev1.TopologySpreadConstraint {
	return &pod.Spec.TopologySpreadConstraints
}

func isHard(c corev1.TopologySpreadConstraint) bool {
	return c.WhenUnsatisfiable == corev1.DoNotSchedule
}

// topologyKeys end with one that no node has, which is drawn seldom.
var topologyKeys = []string{corev1.LabelHostname, corev1.LabelHostname, corev1.LabelTopologyZone, corev1.LabelTopologyZone, wellknown.TopologyRack, "example.com/none"}

// addSpread adds a constraint. There is at most one of each key and kind, as
// validation demands.
func addSpread(w *World, pod *corev1.Pod, when corev1.UnsatisfiableConstraintAction) {
	addSpreadOver(w, pod, pick(w, topologyKeys[:5+w.IntN(30)/29]), when)
}

func addSpreadOver(w *World, pod *corev1.Pod, key string, when corev1.UnsatisfiableConstraintAction) {
	for _, c := range pod.Spec.TopologySpreadConstraints {
		if c.TopologyKey == key && c.WhenUnsatisfiable == when {
			return
		}
	}
	pod.Spec.TopologySpreadConstraints = append(pod.Spec.TopologySpreadConstraints, corev1.TopologySpreadConstraint{
		TopologyKey: key, WhenUnsatisfiable: when, MaxSkew: int32(1 + w.IntN(2)), LabelSelector: w.selector(pod),
	})
}

func spreadFieldKind(name string, set func(*World, *corev1.Pod, *corev1.TopologySpreadConstraint), has func(corev1.TopologySpreadConstraint) bool, unset func(*corev1.TopologySpreadConstraint)) Kind {
	return Kind{Name: name, Percent: 6, Strip: editAll(spreads, has, unset), add: func(w *World, pod *corev1.Pod) {
		// Fields count most where domains are few and have many pods.
		addSpreadOver(w, pod, pick(w, topologyKeys[1:4]), corev1.DoNotSchedule)
		for i := range pod.Spec.TopologySpreadConstraints {
			if c := &pod.Spec.TopologySpreadConstraints[i]; isHard(*c) {
				set(w, pod, c)
				c.MaxSkew = 1
				c.LabelSelector = pick(w, []*metav1.LabelSelector{everyPod, everyPod, {MatchLabels: map[string]string{"app": pod.Labels["app"]}}})
			}
		}
	}}
}

// everyPod matches every pod. An empty selector does not: PodTopologySpread counts
// no pod for it.
var everyPod = &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "app", Operator: metav1.LabelSelectorOpExists}}}

// selector mostly matches the pod itself.
func (w *World) selector(pod *corev1.Pod) *metav1.LabelSelector {
	switch n := w.IntN(20); {
	case n < 11:
		return &metav1.LabelSelector{MatchLabels: map[string]string{"app": pod.Labels["app"]}}
	case n < 14:
		return &metav1.LabelSelector{MatchLabels: map[string]string{"app": pick(w, apps)}}
	case n < 16:
		return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "app", Operator: metav1.LabelSelectorOpIn, Values: some(w, apps, 2)}}}
	case n < 17:
		return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "app", Operator: metav1.LabelSelectorOpNotIn, Values: some(w, apps, 2)}}}
	case n < 18:
		return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "tier", Operator: pick(w, []metav1.LabelSelectorOperator{metav1.LabelSelectorOpExists, metav1.LabelSelectorOpDoesNotExist})}}}
	case n < 19:
		return pick(w, []*metav1.LabelSelector{{}, everyPod})
	}
	return nil // No pod.
}
