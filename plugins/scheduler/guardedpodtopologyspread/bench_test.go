// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package guardedpodtopologyspread

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	st "k8s.io/kubernetes/pkg/scheduler/testing"

	"github.com/evenkeel/evenkeel/plugins/scheduler/guardtest"
)

// The benchmark runs in a data centre of 5,000 nodes with 20 pods each, which
// belong to 2,000 services with 50 replicas, in a namespace each or in one.
const (
	benchNodes       = 5000
	benchPodsPerNode = 20
	benchServices    = 2000
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

func benchCluster(b *testing.B, together bool) *guardtest.Cluster {
	b.Helper()
	c := newCluster(b)
	for n := range benchNodes {
		name := fmt.Sprintf("node-%d", n)
		c.AddNode(st.MakeNode().Name(name).Label(corev1.LabelHostname, name).Label(corev1.LabelTopologyZone, fmt.Sprintf("zone-%d", n%3)).Obj())
	}
	for i := range benchNodes * benchPodsPerNode {
		pod := benchPod(i, together)
		pod.Spec.NodeName = fmt.Sprintf("node-%d", i*7%benchNodes)
		c.Place(pod)
	}
	c.Update()
	return c
}

// BenchmarkCycle is the share of topology spread constraints in one scheduling
// cycle (see guardtest), with services in a namespace each and in one.
func BenchmarkCycle(b *testing.B) {
	const hard, soft = corev1.DoNotSchedule, corev1.ScheduleAnyway
	for _, together := range []bool{false, true} {
		c := benchCluster(b, together)
		p := pair(c, noDefaults)
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
			b.Run(fmt.Sprintf("together=%t/%s", together, bc.name), func(b *testing.B) {
				c.BenchmarkCycle(b, p, func() *corev1.Pod {
					next++
					pod := benchPod(next, together)
					pod.Spec.NodeName = fmt.Sprintf("node-%d", next*7%benchNodes)
					return pod
				}, func() *corev1.Pod { return benchPod(next+1, together, bc.constraints...) })
			})
		}
	}
}
