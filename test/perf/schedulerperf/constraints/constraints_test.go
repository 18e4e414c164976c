// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package constraints

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	st "k8s.io/kubernetes/pkg/scheduler/testing"
)

// node makes a node with room for two pods of one CPU each.
func node(name, zone string) *st.NodeWrapper {
	n := st.MakeNode().Name(name).Label("host", name).Capacity(map[corev1.ResourceName]string{corev1.ResourceCPU: "2", corev1.ResourcePods: "10"})
	if zone != "" {
		n.Label("zone", zone)
	}
	return n
}

func pod(name, on string) *st.PodWrapper {
	return st.MakePod().Namespace("shop").Name(name).Node(on).Label("app", "web")
}

// TestViolationsAreFound shows the judge each kind of broken constraint beside
// the nearest placement that keeps it.
func TestViolationsAreFound(t *testing.T) {
	web := &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}}
	honor, ignore := corev1.NodeInclusionPolicyHonor, corev1.NodeInclusionPolicyIgnore
	spread := func(p *st.PodWrapper, minDomains *int32, affinity, taints *corev1.NodeInclusionPolicy) *st.PodWrapper {
		return p.SpreadConstraint(1, "zone", corev1.DoNotSchedule, web, minDomains, affinity, taints, nil)
	}
	inShops := func(p *st.PodWrapper) *st.PodWrapper {
		p.PodAntiAffinity("host", web, st.PodAntiAffinityWithRequiredReq)
		p.Spec.Affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution[0].NamespaceSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"kind": "shop"}}
		return p
	}
	three := int32(3)
	nodes := []*st.NodeWrapper{node("a1", "a"), node("a2", "a"), node("b1", "b"), node("c1", "")}
	tainted := []*st.NodeWrapper{node("a1", "a"), node("b1", "b").Taints([]corev1.Taint{{Key: "down", Effect: corev1.TaintEffectNoSchedule}})}

	for name, tc := range map[string]struct {
		nodes []*st.NodeWrapper
		pods  []*st.PodWrapper
		want  []string
	}{
		"nothing declared": {nodes: nodes, pods: []*st.PodWrapper{pod("1", "a1"), pod("2", "a1"), pod("3", "")}},
		"no such node":     {nodes: nodes, pods: []*st.PodWrapper{pod("1", "z")}, want: []string{"pod shop/1 on node z: there is no such node"}},
		"a full node": {nodes: nodes, pods: []*st.PodWrapper{
			pod("1", "a1").Req(map[corev1.ResourceName]string{"cpu": "1"}), pod("2", "a1").Req(map[corev1.ResourceName]string{"cpu": "1"})}},
		"an overfull node": {nodes: nodes, pods: []*st.PodWrapper{
			pod("1", "a1").Req(map[corev1.ResourceName]string{"cpu": "1"}), pod("2", "a1").Req(map[corev1.ResourceName]string{"cpu": "1500m"})},
			want: []string{"node a1: its pods ask for 2500m of cpu and it has 2"}},
		"a node selector": {nodes: nodes, pods: []*st.PodWrapper{
			pod("1", "a1").NodeSelector(map[string]string{"zone": "a"}), pod("2", "a2").NodeSelector(map[string]string{"zone": "b"})},
			want: []string{"pod shop/2 on node a2: its node selector or node affinity does not match the node"}},
		"a taint": {nodes: tainted, pods: []*st.PodWrapper{pod("1", "b1"), pod("2", "b1").Toleration("down")},
			want: []string{"pod shop/1 on node b1: it does not tolerate the taint down:NoSchedule"}},

		"anti-affinity that is kept": {nodes: nodes, pods: []*st.PodWrapper{
			pod("1", "a1").PodAntiAffinity("host", web, st.PodAntiAffinityWithRequiredReq), pod("2", "a2")}},
		"anti-affinity of the pod that was first": {nodes: nodes, pods: []*st.PodWrapper{
			pod("1", "a1").PodAntiAffinity("zone", web, st.PodAntiAffinityWithRequiredReq), pod("2", "a2")},
			want: []string{"pod shop/1 on node a1: its anti-affinity over zone keeps it from pod shop/2"}},
		"anti-affinity over a label that both lack": {nodes: nodes, pods: []*st.PodWrapper{
			pod("1", "c1").PodAntiAffinity("zone", web, st.PodAntiAffinityWithRequiredReq), pod("2", "c1")}},
		"anti-affinity in another namespace": {nodes: nodes, pods: []*st.PodWrapper{
			pod("1", "a1").PodAntiAffinity("host", web, st.PodAntiAffinityWithRequiredReq), pod("2", "a1").Namespace("market")}},
		"anti-affinity by the labels of namespaces": {nodes: nodes, pods: []*st.PodWrapper{
			inShops(pod("1", "a1")), pod("2", "a1").Namespace("market"), pod("3", "a1").Namespace("other")},
			want: []string{"pod shop/1 on node a1: its anti-affinity over host keeps it from pod market/2"}},

		"affinity that is kept": {nodes: nodes, pods: []*st.PodWrapper{
			pod("1", "a1").PodAffinity("zone", web, st.PodAffinityWithRequiredReq), pod("2", "a2").PodAffinity("zone", web, st.PodAffinityWithRequiredReq)}},
		"affinity of the first of its kind": {nodes: nodes, pods: []*st.PodWrapper{pod("1", "a1").PodAffinity("zone", web, st.PodAffinityWithRequiredReq)}},
		"affinity to what is not there": {nodes: nodes, pods: []*st.PodWrapper{
			pod("1", "a1").Label("app", "db").PodAffinity("zone", web, st.PodAffinityWithRequiredReq)},
			want: []string{"pod shop/1 on node a1: its affinity over zone finds no pod beside it"}},
		"affinity to what is elsewhere": {nodes: nodes, pods: []*st.PodWrapper{
			pod("1", "a1").PodAffinity("zone", web, st.PodAffinityWithRequiredReq), pod("2", "b1")},
			want: []string{"pod shop/1 on node a1: its affinity over zone finds no pod beside it"}},
		"affinity over a label that the node lacks": {nodes: nodes, pods: []*st.PodWrapper{pod("1", "c1").PodAffinity("zone", web, st.PodAffinityWithRequiredReq)},
			want: []string{"pod shop/1 on node c1: its affinity is over zone, which the node lacks"}},

		"a skew that is allowed": {nodes: nodes, pods: []*st.PodWrapper{spread(pod("1", "a1"), nil, nil, nil), spread(pod("2", "b1"), nil, nil, nil), spread(pod("3", "a2"), nil, nil, nil)}},
		"a skew that is not": {nodes: nodes, pods: []*st.PodWrapper{pod("1", "a1"), spread(pod("2", "a2"), nil, nil, nil)},
			want: []string{"pod shop/2 on node a2: its spread constraint over zone allows a skew of 1, and a is at 2"}},
		"a skew of other pods": {nodes: nodes, pods: []*st.PodWrapper{pod("1", "a1").Label("app", "db"), pod("2", "a1").Namespace("market"), spread(pod("3", "a2"), nil, nil, nil)}},
		"a skew and too few domains": {nodes: nodes, pods: []*st.PodWrapper{
			spread(pod("1", "a1"), &three, nil, nil), spread(pod("2", "b1"), &three, nil, nil), pod("3", "b1")},
			want: []string{"pod shop/2 on node b1: its spread constraint over zone allows a skew of 1, and b is at 2"}},
		"a spread over a label that the node lacks": {nodes: nodes, pods: []*st.PodWrapper{spread(pod("1", "c1"), nil, nil, nil)},
			want: []string{"pod shop/1 on node c1: its spread constraint is over zone, which the node lacks"}},
		"a zone that the pod may not be in": {nodes: nodes, pods: []*st.PodWrapper{
			pod("1", "a1"), spread(pod("2", "a2"), nil, nil, nil).NodeSelector(map[string]string{"zone": "a"})}},
		"a zone that counts though the pod may not be in it": {nodes: nodes, pods: []*st.PodWrapper{
			pod("1", "a1"), spread(pod("2", "a2"), nil, &ignore, nil).NodeSelector(map[string]string{"zone": "a"})},
			want: []string{"pod shop/2 on node a2: its spread constraint over zone allows a skew of 1, and a is at 2"}},
		"a tainted zone that does not count": {nodes: tainted, pods: []*st.PodWrapper{pod("1", "a1"), spread(pod("2", "a1"), nil, nil, &honor)}},
		"a tainted zone that counts": {nodes: tainted, pods: []*st.PodWrapper{pod("1", "a1"), spread(pod("2", "a1"), nil, nil, nil)},
			want: []string{"pod shop/2 on node a1: its spread constraint over zone allows a skew of 1, and a is at 2"}},
	} {
		t.Run(name, func(t *testing.T) {
			c := Cluster{Namespaces: []corev1.Namespace{
				{ObjectMeta: metav1.ObjectMeta{Name: "shop"}}, {ObjectMeta: metav1.ObjectMeta{Name: "other"}},
				{ObjectMeta: metav1.ObjectMeta{Name: "market", Labels: map[string]string{"kind": "shop"}}},
			}}
			for _, n := range tc.nodes {
				c.Nodes = append(c.Nodes, *n.Obj())
			}
			for _, p := range tc.pods {
				c.Pods = append(c.Pods, *p.Obj())
			}
			if diff := cmp.Diff(tc.want, c.Violations()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			overfull := slices.DeleteFunc(slices.Clone(tc.want), func(s string) bool { return !strings.HasPrefix(s, "node ") })
			if got := c.Overfull(); fmt.Sprint(got) != fmt.Sprint(overfull) {
				t.Errorf("overfull nodes are %v, want %v", got, overfull)
			}
		})
	}
}
