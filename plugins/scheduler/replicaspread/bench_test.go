// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replicaspread

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/backend/cache"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/metrics"
	st "k8s.io/kubernetes/pkg/scheduler/testing"
)

// The benchmarks run in a data centre of 5,000 nodes with 20 pods each, which
// belong to 2,000 Deployments of 50 replicas.
const (
	benchNodes       = 5000
	benchPodsPerNode = 20
	benchWorkloads   = 2000
	benchCandidates  = 100
)

func benchPod(i int) *corev1.Pod {
	owner := fmt.Sprintf("app-%d-abc", i%benchWorkloads)
	pod := st.MakePod().Namespace(fmt.Sprintf("ns-%d", i%benchWorkloads)).Name(fmt.Sprintf("pod-%d", i)).UID(fmt.Sprintf("uid-%d", i)).
		Label("pod-template-hash", "abc").
		OwnerReference(owner, schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "ReplicaSet"}).Obj()
	pod.OwnerReferences[0].UID = types.UID("uid-of-" + owner)
	return pod
}

func benchCluster(b *testing.B) (cache.Cache, *cache.Snapshot, *ReplicaSpread) {
	b.Helper()
	metrics.Register()
	c, snapshot := cache.New(b.Context(), nil, false, false), cache.NewEmptySnapshot()
	for n := range benchNodes {
		c.AddNode(klog.Background(), st.MakeNode().Name(fmt.Sprintf("node-%d", n)).Label(corev1.LabelHostname, fmt.Sprintf("node-%d", n)).
			Label("rack", fmt.Sprintf("rack-%d", n/20)).Label(corev1.LabelTopologyZone, fmt.Sprintf("zone-%d", n%3)).Obj())
	}
	for i := range benchNodes * benchPodsPerNode {
		pod := benchPod(i)
		pod.Spec.NodeName = fmt.Sprintf("node-%d", i%benchNodes)
		if err := c.AddPod(klog.Background(), pod); err != nil {
			b.Fatal(err)
		}
	}
	if err := c.UpdateSnapshot(klog.Background(), snapshot); err != nil {
		b.Fatal(err)
	}
	handle := &benchHandle{snapshot: snapshot}
	pl, err := New(b.Context(), testArgs(), handle)
	if err != nil {
		b.Fatal(err)
	}
	return c, snapshot, pl.(*ReplicaSpread)
}

// benchHandle has what New asks for.
type benchHandle struct {
	fwk.Handle
	snapshot *cache.Snapshot
}

func (h *benchHandle) SnapshotSharedLister() fwk.SharedLister { return h.snapshot }

// BenchmarkScheduleSteady is the plugin's share of one scheduling cycle: one
// node has changed since the last one, and 100 candidates are scored.
func BenchmarkScheduleSteady(b *testing.B) {
	c, snapshot, pl := benchCluster(b)
	list, err := snapshot.NodeInfos().List()
	if err != nil {
		b.Fatal(err)
	}
	candidates, scores := list[:benchCandidates], make(fwk.NodeScoreList, benchCandidates)
	for i, node := range candidates {
		scores[i].Name = node.Node().Name
	}
	pl.index.Refresh(list, false)
	next := benchNodes * benchPodsPerNode
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		next++
		placed := benchPod(next)
		placed.Spec.NodeName = fmt.Sprintf("node-%d", next%benchNodes)
		if err := c.AssumePod(klog.Background(), placed); err != nil {
			b.Fatal(err)
		}
		if err := c.UpdateSnapshot(klog.Background(), snapshot); err != nil {
			b.Fatal(err)
		}
		pod, state := benchPod(next+1), framework.NewCycleState()
		b.StartTimer()
		if status := pl.PreScore(b.Context(), state, pod, candidates); !status.IsSuccess() {
			b.Fatal(status)
		}
		if status := pl.NormalizeScore(b.Context(), state, pod, scores); !status.IsSuccess() {
			b.Fatal(status)
		}
	}
}

// BenchmarkRefreshUnchanged is the price of asking 5,000 nodes whether they
// changed.
func BenchmarkRefreshUnchanged(b *testing.B) {
	_, snapshot, pl := benchCluster(b)
	list, err := snapshot.NodeInfos().List()
	if err != nil {
		b.Fatal(err)
	}
	pl.index.Refresh(list, false)
	b.ReportAllocs()
	for b.Loop() {
		if read := pl.index.Refresh(list, false); read != 0 {
			b.Fatalf("%d nodes were read", read)
		}
	}
}

// BenchmarkRefreshAll is the first cycle: 100,000 pods are read.
func BenchmarkRefreshAll(b *testing.B) {
	_, snapshot, _ := benchCluster(b)
	list, err := snapshot.NodeInfos().List()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		pl, err := New(b.Context(), testArgs(), &benchHandle{snapshot: snapshot})
		if err != nil {
			b.Fatal(err)
		}
		if read := pl.(*ReplicaSpread).index.Refresh(list, false); read != benchNodes {
			b.Fatalf("%d nodes were read", read)
		}
	}
}
