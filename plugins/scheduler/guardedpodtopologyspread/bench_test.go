// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package guardedpodtopologyspread

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	st "k8s.io/kubernetes/pkg/scheduler/testing"
)

// The benchmark runs in a data centre of 5,000 nodes with 20 pods each, which
// belong to 2,000 services with 50 replicas, in a namespace each or in one.
const (
	benchNodes       = 5000
	benchPodsPerNode = 20
	benchServices    = 2000
	benchCandidates  = 100
)

func benchPod(i int, together bool, constraints ...corev1.TopologySpreadConstraint) *corev1.Pod {
	app, name := fmt.Sprintf("app-%d", i%benchServices), fmt.Sprintf("pod-%d", i)
	namespace := app
	if together {
		namespace = "apps"
	}
	pod := st.MakePod().Namespace(namespace).Name(name).UID(name).Labels(map[string]string{
		"app": app, "tier": "backend", "pod-template-hash": "6d4cf56db6",
	}).Obj()
	for _, c := range constraints {
		c.LabelSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": app, "tier": "backend"}}
		pod.Spec.TopologySpreadConstraints = append(pod.Spec.TopologySpreadConstraints, c)
	}
	return pod
}

func benchCluster(b *testing.B, together bool) *cluster {
	b.Helper()
	c := newCluster(b)
	for n := range benchNodes {
		name := fmt.Sprintf("node-%d", n)
		c.cache.AddNode(klog.Background(), st.MakeNode().Name(name).Label(corev1.LabelHostname, name).Label(corev1.LabelTopologyZone, fmt.Sprintf("zone-%d", n%3)).Obj())
	}
	for i := range benchNodes * benchPodsPerNode {
		pod := benchPod(i, together)
		pod.Spec.NodeName = fmt.Sprintf("node-%d", i*7%benchNodes)
		c.place(pod)
	}
	c.update()
	return c
}

// BenchmarkCycle is the share of topology spread constraints in one scheduling
// cycle: PreFilter, and Filter, PreScore and Score of 100 candidates, on one
// thread. Before each cycle, a pod was placed. It runs for the in-tree plugin and
// for the guarded one, with services in a namespace each and in one.
func BenchmarkCycle(b *testing.B) {
	const hard, soft = corev1.DoNotSchedule, corev1.ScheduleAnyway
	for _, together := range []bool{false, true} {
		c := benchCluster(b, together)
		p := c.pair(noDefaults)
		next := benchNodes * benchPodsPerNode
		for _, bc := range []struct {
			name        string
			constraints []corev1.TopologySpreadConstraint
		}{
			{"none", nil},
			{"zones=hard", []corev1.TopologySpreadConstraint{overZones(hard)}},
			{"zones=hard,hosts=hard", []corev1.TopologySpreadConstraint{overZones(hard), overHosts(hard)}},
			{"zones=soft,hosts=soft", []corev1.TopologySpreadConstraint{overZones(soft), overHosts(soft)}},
		} {
			for _, plugin := range []struct {
				name string
				framework.Framework
			}{{"in-tree", p.inTree}, {"guarded", p.guarded}} {
				cycle := func(b *testing.B, pod *corev1.Pod) {
					state, candidates := framework.NewCycleState(), c.nodes()
					if _, status, _ := plugin.RunPreFilterPlugins(b.Context(), state, pod); !status.IsSuccess() {
						b.Fatal(status)
					}
					candidates = candidates[:benchCandidates]
					for _, info := range candidates {
						plugin.RunFilterPluginsWithNominatedPods(b.Context(), state, pod, info)
					}
					if status := plugin.RunPreScorePlugins(b.Context(), state, pod, candidates); !status.IsSuccess() {
						b.Fatal(status)
					}
					if _, status := plugin.RunScorePlugins(b.Context(), state, pod, candidates); !status.IsSuccess() {
						b.Fatal(status)
					}
				}
				b.Run(fmt.Sprintf("together=%t/%s/%s", together, bc.name, plugin.name), func(b *testing.B) {
					cycle(b, benchPod(next, together, bc.constraints...)) // The first one reads all nodes.
					b.ReportAllocs()
					for b.Loop() {
						b.StopTimer()
						next++
						placed := benchPod(next, together)
						placed.Spec.NodeName = fmt.Sprintf("node-%d", next*7%benchNodes)
						must(b, c.cache.AssumePod(klog.Background(), placed))
						c.update()
						pod := benchPod(next+1, together, bc.constraints...)
						b.StartTimer()
						cycle(b, pod)
					}
				})
			}
		}
	}
}
