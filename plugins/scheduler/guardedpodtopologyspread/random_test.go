// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package guardedpodtopologyspread

import (
	"fmt"
	"math/rand/v2"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	st "k8s.io/kubernetes/pkg/scheduler/testing"
	"k8s.io/utils/ptr"
)

// random makes nodes and pods from few names and labels, so that constraints often
// nearly select.
type random struct {
	*rand.Rand
	made int
}

var (
	namespaceNames = []string{"east", "west"}
	topologyKeys   = []string{corev1.LabelHostname, corev1.LabelHostname, corev1.LabelTopologyZone, corev1.LabelTopologyZone, "rack", "rack"}
	labelValues    = map[string][]string{"app": {"a", "b", "c"}, "tier": {"x", "y"}, "rev": {"1", "2", ""}}
	labelKeys      = []string{"app", "tier", "rev"}
	poolValues     = map[string][]string{"pool": {"gold", "iron"}, "size": {"1", "2", "30"}}
	poolKeys       = []string{"pool", "size"}
)

func (r *random) percent(p int) bool { return r.IntN(100) < p }

func pick[T any](r *random, of []T) T { return of[r.IntN(len(of))] }

// labels returns a random value for some of the keys.
func (r *random) labels(keys []string, values map[string][]string) map[string]string {
	labels := map[string]string{}
	for _, key := range keys {
		if r.percent(80) {
			labels[key] = pick(r, values[key])
		}
	}
	return labels
}

func (r *random) node(name string) *corev1.Node {
	node := st.MakeNode().Name(name).Obj()
	node.Labels = r.labels(poolKeys, poolValues)
	if r.percent(90) {
		node.Labels[corev1.LabelTopologyZone] = fmt.Sprintf("zone-%d", r.IntN(3))
	}
	if r.percent(90) {
		node.Labels["rack"] = fmt.Sprintf("rack-%d", r.IntN(6))
	}
	if r.percent(3) {
		node.Labels["rack"] = "" // Legal, and a domain.
	}
	if r.percent(95) {
		node.Labels[corev1.LabelHostname] = name
	}
	if r.percent(3) {
		node.Labels = nil
	}
	for r.percent(25) {
		node.Spec.Taints = append(node.Spec.Taints, corev1.Taint{
			Key: "for", Value: pick(r, []string{"db", "web"}),
			Effect: pick(r, []corev1.TaintEffect{corev1.TaintEffectNoSchedule, corev1.TaintEffectNoExecute, corev1.TaintEffectPreferNoSchedule}),
		})
	}
	return node
}

// pod returns a pod that is placed nowhere.
func (r *random) pod() *corev1.Pod {
	r.made++
	name := fmt.Sprintf("pod-%d", r.made)
	pod := st.MakePod().Namespace(pick(r, namespaceNames)).Name(name).UID(name).Priority(int32(r.IntN(3))).Obj()
	pod.Labels = r.labels(labelKeys, labelValues)
	for r.percent(75) && len(pod.Spec.TopologySpreadConstraints) < 4 {
		pod.Spec.TopologySpreadConstraints = append(pod.Spec.TopologySpreadConstraints, r.constraint())
	}
	if r.percent(20) {
		pod.Spec.NodeSelector = map[string]string{"pool": pick(r, poolValues["pool"])}
	}
	if r.percent(25) {
		pod.Spec.Affinity = &corev1.Affinity{NodeAffinity: r.affinity()}
	}
	if r.percent(30) {
		pod.Spec.Tolerations = []corev1.Toleration{{Key: "for", Operator: corev1.TolerationOpEqual, Value: "db"}}
	}
	return pod
}

func (r *random) constraint() corev1.TopologySpreadConstraint {
	c := corev1.TopologySpreadConstraint{
		MaxSkew: int32(1 + r.IntN(3)), TopologyKey: pick(r, topologyKeys),
		WhenUnsatisfiable: pick(r, []corev1.UnsatisfiableConstraintAction{corev1.DoNotSchedule, corev1.ScheduleAnyway}),
	}
	if r.percent(2) {
		c.TopologyKey = "nowhere"
	}
	switch {
	case r.percent(5): // An absent selector matches no pod.
	case r.percent(5): //nolint:gocritic // drawn anew; an empty one matches no pod either
		c.LabelSelector = &metav1.LabelSelector{}
	default:
		c.LabelSelector = r.selector()
	}
	if r.percent(20) {
		c.MatchLabelKeys = []string{"rev", "absent"}
	}
	if r.percent(30) && c.WhenUnsatisfiable == corev1.DoNotSchedule {
		c.MinDomains = ptr.To(int32(1 + r.IntN(8)))
	}
	policies := []corev1.NodeInclusionPolicy{corev1.NodeInclusionPolicyHonor, corev1.NodeInclusionPolicyIgnore}
	if r.percent(40) {
		c.NodeAffinityPolicy = ptr.To(pick(r, policies))
	}
	if r.percent(40) {
		c.NodeTaintsPolicy = ptr.To(pick(r, policies))
	}
	return c
}

// selector returns a selector with one to three requirements.
func (r *random) selector() *metav1.LabelSelector {
	s := &metav1.LabelSelector{}
	for {
		key := pick(r, labelKeys)
		if r.percent(80) {
			if s.MatchLabels == nil {
				s.MatchLabels = map[string]string{}
			}
			s.MatchLabels[key] = pick(r, labelValues[key])
		} else {
			req := metav1.LabelSelectorRequirement{Key: key}
			switch r.IntN(6) {
			case 0:
				req.Operator = metav1.LabelSelectorOpExists
			case 1:
				req.Operator = metav1.LabelSelectorOpDoesNotExist
			case 2:
				req.Operator, req.Values = metav1.LabelSelectorOpNotIn, []string{pick(r, labelValues[key])}
			default:
				req.Operator = metav1.LabelSelectorOpIn
				for range 1 + r.IntN(3) {
					req.Values = append(req.Values, pick(r, labelValues[key]))
				}
			}
			s.MatchExpressions = append(s.MatchExpressions, req)
		}
		if !r.percent(40) || len(s.MatchLabels)+len(s.MatchExpressions) == 3 {
			return s
		}
	}
}

// affinity returns a required node affinity, seldom by the node's name or for none.
func (r *random) affinity() *corev1.NodeAffinity {
	affinity := &corev1.NodeSelector{}
	for range 1 + r.IntN(2) {
		var term corev1.NodeSelectorTerm
		switch {
		case r.percent(10):
			term.MatchFields = []corev1.NodeSelectorRequirement{{Key: "metadata.name", Operator: corev1.NodeSelectorOpIn, Values: []string{"node-1"}}}
		case r.percent(30):
			term.MatchExpressions = []corev1.NodeSelectorRequirement{{Key: "size", Operator: corev1.NodeSelectorOpGt, Values: []string{"1"}}}
		case r.percent(35):
			term.MatchExpressions = []corev1.NodeSelectorRequirement{{Key: "pool", Operator: corev1.NodeSelectorOpDoesNotExist}}
		case r.percent(20): // One that cannot be parsed.
			term.MatchExpressions = []corev1.NodeSelectorRequirement{{Key: "pool", Operator: "Near"}}
		default:
			term.MatchExpressions = []corev1.NodeSelectorRequirement{{Key: "rack", Operator: corev1.NodeSelectorOpNotIn, Values: []string{"rack-1", "rack-2"}}}
		}
		affinity.NodeSelectorTerms = append(affinity.NodeSelectorTerms, term)
	}
	return &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: affinity}
}

// broken returns a pod with a constraint that cannot be parsed.
func (r *random) broken() *corev1.Pod {
	pod := r.pod()
	c := r.constraint()
	c.LabelSelector = &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "app", Operator: metav1.LabelSelectorOpIn}}}
	pod.Spec.TopologySpreadConstraints = append(pod.Spec.TopologySpreadConstraints, c)
	return pod
}

// grouped returns the pod as one of a pod group.
func grouped(pod *corev1.Pod) *corev1.Pod {
	pod = pod.DeepCopy()
	pod.Spec.SchedulingGroup = &corev1.PodSchedulingGroup{PodGroupName: ptr.To("group")}
	return pod
}
