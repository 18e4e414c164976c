// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package constraints

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
)

var oneQuantity = resource.NewQuantity(1, resource.DecimalSI)

// spread checks the constraints that must be kept: the pod's domain holds at most
// maxSkew more pods than the domain that holds the fewest. If each pod kept that
// when it came, all keep it in the end, because the fewest only grow.
func (j *judge) spread(pod *corev1.Pod) []string {
	var hard []corev1.TopologySpreadConstraint
	for _, c := range pod.Spec.TopologySpreadConstraints {
		if mustBeKept(c) {
			hard = append(hard, c)
		}
	}
	var found []string
	for i := range hard {
		if what := j.keeps(pod, &hard[i], hard); what != "" {
			found = append(found, what)
		}
	}
	return found
}

func mustBeKept(c corev1.TopologySpreadConstraint) bool {
	return c.WhenUnsatisfiable == corev1.DoNotSchedule
}

func (j *judge) keeps(pod *corev1.Pod, c *corev1.TopologySpreadConstraint, all []corev1.TopologySpreadConstraint) string {
	counts := map[string]int{}
	for _, node := range j.nodes {
		if eligible(pod, node, c, all) {
			counts[node.Labels[c.TopologyKey]] = 0
		}
	}
	own, ok := j.domain(pod, c.TopologyKey)
	if !ok {
		return fmt.Sprintf("its spread constraint is over %s, which the node lacks", c.TopologyKey)
	}
	for _, other := range j.pods {
		node := j.nodes[other.Spec.NodeName]
		if other.Namespace != pod.Namespace || !selects(c.LabelSelector, other.Labels) || node == nil || !eligible(pod, node, c, all) {
			continue
		}
		counts[node.Labels[c.TopologyKey]]++
	}
	fewest := counts[own]
	for _, n := range counts {
		fewest = min(fewest, n)
	}
	if c.MinDomains != nil && len(counts) < int(*c.MinDomains) {
		fewest = 0
	}
	if skew := counts[own] - fewest; skew > int(c.MaxSkew) {
		return fmt.Sprintf("its spread constraint over %s allows a skew of %d, and %s is at %d", c.TopologyKey, c.MaxSkew, own, skew)
	}
	return ""
}

// eligible reports whether a node and its pods count for a constraint: it has the
// keys of all constraints, and, as the constraint asks, the pod could be there.
func eligible(pod *corev1.Pod, node *corev1.Node, c *corev1.TopologySpreadConstraint, all []corev1.TopologySpreadConstraint) bool {
	for i := range all {
		if _, ok := node.Labels[all[i].TopologyKey]; !ok {
			return false
		}
	}
	if c.NodeAffinityPolicy == nil || *c.NodeAffinityPolicy == corev1.NodeInclusionPolicyHonor {
		if ok, err := nodeaffinity.GetRequiredNodeAffinity(pod).Match(node); err != nil || !ok {
			return false
		}
	}
	if c.NodeTaintsPolicy != nil && *c.NodeTaintsPolicy == corev1.NodeInclusionPolicyHonor {
		if _, untolerated := untoleratedTaint(pod, node); untolerated {
			return false
		}
	}
	return true
}
