// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package guardedpodtopologyspread

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	st "k8s.io/kubernetes/pkg/scheduler/testing"
	"k8s.io/utils/ptr"

	"github.com/evenkeel/evenkeel/plugins/scheduler/guardtest"
)

// maker makes the nodes and pods that matter for topology spread constraints.
type maker struct{ *guardtest.Random }

var (
	namespaceNames = []string{"east", "west"}
	topologyKeys   = []string{corev1.LabelHostname, corev1.LabelHostname, corev1.LabelTopologyZone, corev1.LabelTopologyZone, "rack", "rack"}
	labelValues    = map[string][]string{"app": {"a", "b", "c"}, "tier": {"x", "y"}, "rev": {"1", "2", ""}}
	labelKeys      = []string{"app", "tier", "rev"}
	poolValues     = map[string][]string{"pool": {"gold", "iron"}, "size": {"1", "2", "30"}}
	poolKeys       = []string{"pool", "size"}
)

func (r maker) Node(name string) *corev1.Node {
	node := st.MakeNode().Name(name)
	node.Labels = r.Labels(80, poolKeys, poolValues)
	if r.Percent(90) {
		node.Label(corev1.LabelTopologyZone, fmt.Sprintf("zone-%d", r.IntN(3)))
	}
	if r.Percent(90) {
		node.Label("rack", fmt.Sprintf("rack-%d", r.IntN(6)))
	}
	if r.Percent(3) {
		node.Label("rack", "") // Legal, and a domain.
	}
	if r.Percent(95) {
		node.Label(corev1.LabelHostname, name)
	}
	if r.Percent(3) {
		node.Labels = nil
	}
	for r.Percent(25) {
		node.Spec.Taints = append(node.Spec.Taints, corev1.Taint{
			Key: "for", Value: guardtest.Pick(r, []string{"db", "web"}),
			Effect: guardtest.Pick(r, []corev1.TaintEffect{corev1.TaintEffectNoSchedule, corev1.TaintEffectNoExecute, corev1.TaintEffectPreferNoSchedule}),
		})
	}
	return node.Obj()
}

func (r maker) Pod() *corev1.Pod {
	pod := r.NewPod(namespaceNames)
	pod.Labels = r.PodLabels()
	for r.Percent(75) && len(pod.Spec.TopologySpreadConstraints) < 4 {
		pod.Spec.TopologySpreadConstraints = append(pod.Spec.TopologySpreadConstraints, r.constraint())
	}
	if r.Percent(20) {
		pod.Spec.NodeSelector = map[string]string{"pool": guardtest.Pick(r, poolValues["pool"])}
	}
	if r.Percent(25) {
		pod.Spec.Affinity = &corev1.Affinity{NodeAffinity: r.affinity()}
	}
	if r.Percent(30) {
		pod.Spec.Tolerations = []corev1.Toleration{{Key: "for", Operator: corev1.TolerationOpEqual, Value: "db"}}
	}
	return pod
}

func (r maker) Incoming() *corev1.Pod {
	pod := r.Pod()
	switch {
	case r.Percent(3):
		return r.broken()
	case r.Percent(10):
		pod.Spec.TopologySpreadConstraints = nil
	}
	return pod
}

func (r maker) Placed() *corev1.Pod { return r.Pod() }

func (r maker) PodLabels() map[string]string { return r.Labels(80, labelKeys, labelValues) }

func (r maker) constraint() corev1.TopologySpreadConstraint {
	c := corev1.TopologySpreadConstraint{
		MaxSkew: int32(1 + r.IntN(3)), TopologyKey: guardtest.Pick(r, topologyKeys),
		WhenUnsatisfiable: guardtest.Pick(r, []corev1.UnsatisfiableConstraintAction{corev1.DoNotSchedule, corev1.ScheduleAnyway}),
	}
	if r.Percent(2) {
		c.TopologyKey = "nowhere"
	}
	switch {
	case r.Percent(5): // An absent selector matches no pod.
	case r.Percent(5): //nolint:gocritic // drawn anew; an empty one matches no pod either
		c.LabelSelector = &metav1.LabelSelector{}
	default:
		c.LabelSelector = r.Selector(80, labelKeys, labelValues, r.One)
	}
	if r.Percent(20) {
		c.MatchLabelKeys = []string{"rev", "absent"}
	}
	if r.Percent(30) && c.WhenUnsatisfiable == corev1.DoNotSchedule {
		c.MinDomains = ptr.To(int32(1 + r.IntN(8)))
	}
	policies := []corev1.NodeInclusionPolicy{corev1.NodeInclusionPolicyHonor, corev1.NodeInclusionPolicyIgnore}
	if r.Percent(40) {
		c.NodeAffinityPolicy = ptr.To(guardtest.Pick(r, policies))
	}
	if r.Percent(40) {
		c.NodeTaintsPolicy = ptr.To(guardtest.Pick(r, policies))
	}
	return c
}

// affinity returns a required node affinity, seldom by the node's name or for none.
func (r maker) affinity() *corev1.NodeAffinity {
	affinity := &corev1.NodeSelector{}
	for range 1 + r.IntN(2) {
		var term corev1.NodeSelectorTerm
		switch {
		case r.Percent(10):
			term.MatchFields = []corev1.NodeSelectorRequirement{{Key: "metadata.name", Operator: corev1.NodeSelectorOpIn, Values: []string{"node-1"}}}
		case r.Percent(30):
			term.MatchExpressions = []corev1.NodeSelectorRequirement{{Key: "size", Operator: corev1.NodeSelectorOpGt, Values: []string{"1"}}}
		case r.Percent(35):
			term.MatchExpressions = []corev1.NodeSelectorRequirement{{Key: "pool", Operator: corev1.NodeSelectorOpDoesNotExist}}
		case r.Percent(20): // One that cannot be parsed.
			term.MatchExpressions = []corev1.NodeSelectorRequirement{{Key: "pool", Operator: "Near"}}
		default:
			term.MatchExpressions = []corev1.NodeSelectorRequirement{{Key: "rack", Operator: corev1.NodeSelectorOpNotIn, Values: []string{"rack-1", "rack-2"}}}
		}
		affinity.NodeSelectorTerms = append(affinity.NodeSelectorTerms, term)
	}
	return &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: affinity}
}

// broken returns a pod with a constraint that cannot be parsed.
func (r maker) broken() *corev1.Pod {
	pod := r.Pod()
	c := r.constraint()
	c.LabelSelector = &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "app", Operator: metav1.LabelSelectorOpIn}}}
	pod.Spec.TopologySpreadConstraints = append(pod.Spec.TopologySpreadConstraints, c)
	return pod
}
