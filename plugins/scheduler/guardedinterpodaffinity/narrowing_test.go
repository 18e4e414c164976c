// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package guardedinterpodaffinity

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/component-base/metrics/testutil"
	"k8s.io/kubernetes/pkg/scheduler/framework"

	"github.com/evenkeel/evenkeel/api/config"
	"github.com/evenkeel/evenkeel/plugins/scheduler/guardedinterpodaffinity/index"
	"github.com/evenkeel/evenkeel/plugins/scheduler/guardtest"
	"github.com/evenkeel/evenkeel/plugins/scheduler/podindex"
)

// selecting is a term over the zone with an expression.
func selecting(operator metav1.LabelSelectorOperator, values ...string) corev1.PodAffinityTerm {
	return corev1.PodAffinityTerm{
		TopologyKey:   corev1.LabelTopologyZone,
		LabelSelector: &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "app", Operator: operator, Values: values}}},
	}
}

func preferring(term corev1.PodAffinityTerm) *corev1.Affinity {
	return &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{
		PreferredDuringSchedulingIgnoredDuringExecution: []corev1.WeightedPodAffinityTerm{{Weight: 1, PodAffinityTerm: term}},
	}}
}

// TestDelegationsAreCounted by what the in-tree plugin was shown, in a cluster where
// a pod that must be away from web is placed on one of the nodes.
func TestDelegationsAreCounted(t *testing.T) {
	everywhere := webTerm
	everywhere.NamespaceSelector = &metav1.LabelSelector{}
	selectsNothing := webTerm
	selectsNothing.LabelSelector = nil
	type rise = map[string]float64
	for name, tc := range map[string]struct {
		app                         string
		affinity                    *corev1.Affinity
		wantPreFilter, wantPreScore rise
		// wantNodes are those that can make a difference for Filter.
		wantNodes []string
	}{
		"no term can matter":                     {app: "db"},
		"a placed pod's term":                    {app: "web", wantPreFilter: rise{"decisive": 1}, wantNodes: []string{"n1"}},
		"its own, by equality":                   {app: "db", affinity: requiredAffinity(webTerm), wantPreFilter: rise{"decisive": 1}, wantNodes: []string{"n3"}},
		"its own, by In":                         {app: "db", affinity: requiredAntiAffinity(selecting(metav1.LabelSelectorOpIn, "web", "cache")), wantPreFilter: rise{"decisive": 1}, wantNodes: []string{"n2", "n3"}},
		"its own, by NotIn":                      {app: "db", affinity: requiredAntiAffinity(selecting(metav1.LabelSelectorOpNotIn, "web")), wantPreFilter: rise{"all": 1}},
		"its own, by Exists":                     {app: "db", affinity: requiredAntiAffinity(selecting(metav1.LabelSelectorOpExists)), wantPreFilter: rise{"all": 1}},
		"its own, by equality and by NotIn":      {app: "db", affinity: requiredAntiAffinity(webTerm, selecting(metav1.LabelSelectorOpNotIn, "web")), wantPreFilter: rise{"all": 1}},
		"its own, in namespaces by their labels": {app: "db", affinity: requiredAntiAffinity(everywhere), wantPreFilter: rise{"all": 1}},
		"its own, that selects nothing":          {app: "db", affinity: requiredAntiAffinity(selectsNothing), wantPreFilter: rise{"decisive": 1}},
		"a preferred one, by equality":           {app: "db", affinity: preferring(webTerm), wantPreScore: rise{"decisive": 1}},
		"a preferred one, by Exists":             {app: "db", affinity: preferring(selecting(metav1.LabelSelectorOpExists)), wantPreScore: rise{"all": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t)
			for i := range 4 {
				c.AddNode(node(fmt.Sprint("n", i)))
			}
			c.Place(onNode(podOf("other", "away"), "n1"), onNode(podOf("cache", ""), "n2"), onNode(podOf("web", ""), "n3"))
			c.Update()
			p := pair(c, config.GuardedInterPodAffinityArgs{})
			pod := podOf(tc.app, "")
			pod.Spec.Affinity = tc.affinity
			state := framework.NewCycleState()
			got := delegationsOf(t, pluginOf(p), func() {
				if _, status, _ := p.Guarded.RunPreFilterPlugins(t.Context(), state, pod); !status.IsSuccess() {
					t.Fatal(status)
				}
			})
			if diff := cmp.Diff(tc.wantPreFilter, got); diff != "" {
				t.Errorf("at PreFilter (-want +got):\n%s", diff)
			}
			nodes, known := pluginOf(p).decisive(t.Context(), pod, c.Nodes(), required, index.AntiAffinity|index.HostAntiAffinity)
			if diff := cmp.Diff(tc.wantNodes, guardtest.NamesOf(nodes)); diff != "" || known == (tc.wantPreFilter["all"] > 0) {
				t.Errorf("the decisive nodes, which are known: %v (-want +got):\n%s", known, diff)
			}
			got = delegationsOf(t, pluginOf(p), func() {
				if status := p.Guarded.RunPreScorePlugins(t.Context(), state, pod, c.Nodes()); !status.IsSuccess() {
					t.Fatal(status)
				}
			})
			if diff := cmp.Diff(tc.wantPreScore, got); diff != "" {
				t.Errorf("at PreScore (-want +got):\n%s", diff)
			}
		})
	}
}

// delegationsOf returns by how much the counters of delegations rise, or nil.
func delegationsOf(t *testing.T, pl *GuardedInterPodAffinity, do func()) map[string]float64 {
	t.Helper()
	read := func() (counts [len(views)]float64) {
		for v := range views {
			n, err := testutil.GetCounterMetricValue(pl.metrics.views[v])
			guardtest.Must(t, err)
			counts[v] = n
		}
		return counts
	}
	before := read()
	do()
	var rose map[string]float64
	for v, n := range read() {
		if n != before[v] {
			if rose == nil {
				rose = map[string]float64{}
			}
			rose[views[v]] = n - before[v]
		}
	}
	return rose
}

// TestQueryAsksForTheParticular covers which of several labels of a term the index
// of pods is asked for.
func TestQueryAsksForTheParticular(t *testing.T) {
	in := func(key string, values ...string) metav1.LabelSelectorRequirement {
		return metav1.LabelSelectorRequirement{Key: key, Operator: metav1.LabelSelectorOpIn, Values: values}
	}
	for name, tc := range map[string]struct {
		expressions []metav1.LabelSelectorRequirement
		want        podindex.Query
	}{
		"the fewest values": {
			expressions: []metav1.LabelSelectorRequirement{in("app", "web"), in("tier", "front", "back")},
			want:        podindex.Query{Key: "app", Values: []podindex.Value{{Namespace: "shop", Value: "web"}}},
		},
		"of as many, the last": {
			expressions: []metav1.LabelSelectorRequirement{in("app.kubernetes.io/instance", "production"), in("app.kubernetes.io/name", "web")},
			want:        podindex.Query{Key: "app.kubernetes.io/name", Values: []podindex.Value{{Namespace: "shop", Value: "web"}}},
		},
		"only what is compared for equality": {
			expressions: []metav1.LabelSelectorRequirement{in("app", "web"), {Key: "tier", Operator: metav1.LabelSelectorOpExists}},
			want:        podindex.Query{Key: "app", Values: []podindex.Value{{Namespace: "shop", Value: "web"}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			pod := podOf("db", "")
			pod.Spec.Affinity = requiredAffinity(corev1.PodAffinityTerm{TopologyKey: corev1.LabelHostname, LabelSelector: &metav1.LabelSelector{MatchExpressions: tc.expressions}})
			info, err := framework.NewPodInfo(pod)
			guardtest.Must(t, err)
			got, ok := pluginOf(pair(newCluster(t), config.GuardedInterPodAffinityArgs{})).queryOf(&info.GetRequiredAffinityTerms()[0])
			if diff := cmp.Diff(tc.want, got); diff != "" || !ok {
				t.Errorf("known: %v (-want +got):\n%s", ok, diff)
			}
		})
	}
}
