// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package guardedinterpodaffinity

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	featuregatetesting "k8s.io/component-base/featuregate/testing"
	"k8s.io/kubernetes/pkg/features"
	st "k8s.io/kubernetes/pkg/scheduler/testing"

	"github.com/evenkeel/evenkeel/api/config"
	"github.com/evenkeel/evenkeel/plugins/scheduler/guardedinterpodaffinity/index"
	"github.com/evenkeel/evenkeel/plugins/scheduler/guardtest"
)

// The benchmarks run in a data centre of 5,000 nodes with 20 pods each, which
// belong to 2,000 services in a namespace each, with 50 replicas.
const (
	benchNodes       = 5000
	benchPodsPerNode = 20
	benchServices    = 2000
)

func benchPod(i int, affinity func(corev1.PodAffinityTerm) *corev1.Affinity) *corev1.Pod {
	app, name := fmt.Sprintf("app-%d", i%benchServices), fmt.Sprintf("pod-%d", i)
	pod := st.MakePod().Namespace(app).Name(name).UID(name).Labels(map[string]string{
		"app": app, "tier": "backend", "pod-template-hash": "6d4cf56db6",
	}).Obj()
	pod.Spec.Affinity = affinity(corev1.PodAffinityTerm{
		TopologyKey:   corev1.LabelHostname,
		LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": app, "tier": "backend"}},
	})
	return pod
}

func none(corev1.PodAffinityTerm) *corev1.Affinity { return nil }

func apart(term corev1.PodAffinityTerm) *corev1.Affinity { return requiredAntiAffinity(term) }

func ratherApart(term corev1.PodAffinityTerm) *corev1.Affinity {
	return &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{
		PreferredDuringSchedulingIgnoredDuringExecution: []corev1.WeightedPodAffinityTerm{{Weight: 100, PodAffinityTerm: term}},
	}}
}

func benchCluster(b *testing.B, affinity func(corev1.PodAffinityTerm) *corev1.Affinity) *guardtest.Cluster {
	b.Helper()
	c := newCluster(b)
	for n := range benchNodes {
		c.AddNode(st.MakeNode().Name(fmt.Sprintf("node-%d", n)).Label(corev1.LabelHostname, fmt.Sprintf("node-%d", n)).
			Label("rack", fmt.Sprintf("rack-%d", n/20)).Label(corev1.LabelTopologyZone, fmt.Sprintf("zone-%d", n%3)).Obj())
	}
	for i := range benchNodes * benchPodsPerNode {
		c.Place(onNode(benchPod(i, affinity), fmt.Sprintf("node-%d", i%benchNodes)))
	}
	c.Update()
	return c
}

// BenchmarkCycle is the share of inter-pod affinity in one scheduling cycle (see
// guardtest), in clusters whose placed pods have the affinity that is said, and for
// an incoming pod that has it, or not, and that no placed pod minds.
func BenchmarkCycle(b *testing.B) {
	for _, bc := range []struct {
		name             string
		placed, incoming func(corev1.PodAffinityTerm) *corev1.Affinity
		fastPath         bool
	}{
		{"placed=none/incoming=none", none, none, false},
		{"placed=required/incoming=none", apart, none, false},
		{"placed=required/incoming=none/HostnameFastPath", apart, none, true},
		{"placed=required/incoming=required", apart, apart, false},
		{"placed=preferred/incoming=none", ratherApart, none, false},
		{"placed=none/incoming=required", none, apart, false},
	} {
		b.Run(bc.name, func(b *testing.B) {
			featuregatetesting.SetFeatureGateDuringTest(b, utilfeature.DefaultFeatureGate, features.InterPodAffinityHostnameFastPath, bc.fastPath)
			c := benchCluster(b, bc.placed)
			next := benchNodes * benchPodsPerNode
			c.BenchmarkCycle(b, pair(c, config.GuardedInterPodAffinityArgs{HardPodAffinityWeight: 1}), func() *corev1.Pod {
				next++
				return onNode(benchPod(next, bc.placed), fmt.Sprintf("node-%d", next%benchNodes))
			}, func() *corev1.Pod { // One that no placed pod knows.
				pod := benchPod(next, bc.incoming)
				pod.Namespace, pod.Labels["app"] = "new", "new"
				return pod
			})
		})
	}
}

// BenchmarkRefreshAll is the first cycle: 100,000 pods are read.
func BenchmarkRefreshAll(b *testing.B) {
	c := benchCluster(b, apart)
	list, err := c.Snapshot.NodeInfos().HavePodsWithAffinityList()
	guardtest.Must(b, err)
	b.ReportAllocs()
	for b.Loop() {
		ix := index.New()
		if read := ix.Refresh(list, false); read != benchNodes {
			b.Fatalf("%d nodes were read", read)
		}
	}
}

// BenchmarkRefreshGrowing is a cluster that fills up: each placement puts one
// more node on the list of those with affinity.
func BenchmarkRefreshGrowing(b *testing.B) {
	c := benchCluster(b, apart)
	list, err := c.Snapshot.NodeInfos().HavePodsWithAffinityList()
	guardtest.Must(b, err)
	ix, without := index.New(), list[:0:0]
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		b.StopTimer()
		i = (i + 1) % benchNodes
		without = append(append(without[:0], list[:i]...), list[i+1:]...)
		ix.Refresh(without, false)
		b.StartTimer()
		ix.Refresh(list, false)
	}
}

// BenchmarkMatch compares a pod with the terms of 2,000 services, which all have
// the tier, the hash or a common label in their selectors.
func BenchmarkMatch(b *testing.B) {
	c := benchCluster(b, apart)
	list, err := c.Snapshot.NodeInfos().HavePodsWithAffinityList()
	guardtest.Must(b, err)
	ix := index.New()
	ix.Refresh(list, false)
	pod := benchPod(0, none)
	pod.Namespace = "new"
	pod.UID = types.UID("new")
	b.ReportAllocs()
	for b.Loop() {
		if ix.Match(pod, nil) != 0 {
			b.Fatal("a pod of another namespace matches")
		}
	}
}
