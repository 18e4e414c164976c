// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package index

import (
	"fmt"
	"runtime"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	st "k8s.io/kubernetes/pkg/scheduler/testing"
	"k8s.io/utils/ptr"
)

// fleet is a cluster of Deployments of equal size.
type fleet struct {
	nodes, pods, replicas int
}

// infos are the nodes: 20 to a rack, three zones.
func (f fleet) infos() []fwk.NodeInfo {
	infos := make([]fwk.NodeInfo, f.nodes)
	for i := range infos {
		node := st.MakeNode().Name(fmt.Sprintf("node-%d", i)).Label("kubernetes.io/hostname", fmt.Sprintf("node-%d", i)).
			Label("rack", fmt.Sprintf("rack-%d", i/20)).Label("zone", fmt.Sprintf("zone-%d", i%3)).Obj()
		infos[i] = &fleetNode{number: i, node: node, pods: f.podsOn(i)}
	}
	return infos
}

func (f fleet) podsOn(node int) []fwk.PodInfo {
	var pods []fwk.PodInfo
	for i := node; i < f.pods; i += f.nodes {
		// The replicas of a Deployment are spread: they have consecutive numbers.
		owner := fmt.Sprintf("app-%d-abc", i/f.replicas)
		pods = append(pods, &framework.PodInfo{Pod: &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
			Namespace: "ns", Name: fmt.Sprintf("pod-%d", i), Labels: map[string]string{"pod-template-hash": "abc"},
			OwnerReferences: []metav1.OwnerReference{{Kind: "ReplicaSet", Name: owner, UID: types.UID("0f5a6c3e-7f0b-4c55-9d5f-" + owner), Controller: ptr.To(true)}},
		}}})
	}
	return pods
}

// fleetNode is one node of a fleet.
type fleetNode struct {
	fwk.NodeInfo
	number int
	node   *corev1.Node
	pods   []fwk.PodInfo
	room   room
}

func (n *fleetNode) Node() *corev1.Node   { return n.node }
func (n *fleetNode) GetGeneration() int64 { return int64(n.number) }
func (n *fleetNode) GetAllocatable() fwk.Resource {
	return &framework.Resource{MilliCPU: n.room.milliCPU, Memory: n.room.memory, AllowedPodNumber: n.room.pods}
}
func (n *fleetNode) GetRequested() fwk.Resource { return &framework.Resource{} }
func (n *fleetNode) GetPods() []fwk.PodInfo     { return n.pods }

// heap returns the bytes that are in use.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// measure returns an index of the fleet and the bytes it takes.
func (f fleet) measure() (*Index, int64) {
	infos := f.infos()
	before := heap()
	ix := New(testConfig)
	ix.Refresh(infos, RefreshOptions{})
	after := heap()
	runtime.KeepAlive(infos)
	return ix, after - before
}

// TestMemoryIsBounded measures an index of 45,000 pods in shapes from Deployments
// of two to a single huge one, and holds the estimate in the metrics to it.
func TestMemoryIsBounded(t *testing.T) {
	for name, tc := range map[string]struct {
		replicas int
		// wantAtMost is in bytes per pod, a quarter above what was measured.
		wantAtMost int64
	}{
		"of 2":      {replicas: 2, wantAtMost: 470},
		"of 10":     {replicas: 10, wantAtMost: 170},
		"of 50":     {replicas: 50, wantAtMost: 112},
		"of 45,000": {replicas: 45_000, wantAtMost: 27},
	} {
		t.Run(name, func(t *testing.T) {
			ix, bytes := fleet{nodes: 1500, pods: 45_000, replicas: tc.replicas}.measure()
			if perPod := bytes / 45_000; perPod > tc.wantAtMost {
				t.Errorf("%d bytes per pod, want at most %d", perPod, tc.wantAtMost)
			}
			estimate := ix.Survey().Bytes
			if estimate < bytes*7/10 || estimate > bytes*13/10 {
				t.Errorf("the estimate is %d bytes, measured were %d", estimate, bytes)
			}
			t.Logf("%d bytes per pod, %d by the estimate", bytes/45_000, estimate/45_000)
		})
	}
}

// BenchmarkMemory450k reports the memory of an index of 450,000 pods on 15,000
// nodes.
func BenchmarkMemory450k(b *testing.B) {
	for _, replicas := range []int{2, 10, 50, 225, 50_000} {
		b.Run(fmt.Sprintf("deployments of %d", replicas), func(b *testing.B) {
			for b.Loop() {
				ix, bytes := fleet{nodes: 15_000, pods: 450_000, replicas: replicas}.measure()
				b.ReportMetric(float64(bytes)/450_000, "bytes/pod")
				b.ReportMetric(float64(bytes)/1e6, "MB")
				b.ReportMetric(float64(ix.Survey().Bytes)/1e6, "MB-estimated")
			}
		})
	}
}

// TestRevisionsLeaveNothingBehind rolls a Deployment out again and again: dead
// revisions are forgotten, and neither the tables nor the heap grow.
func TestRevisionsLeaveNothingBehind(t *testing.T) {
	infos := fleet{nodes: 30}.infos()
	ix := New(testConfig)
	nodes := make([]*framework.NodeInfo, len(infos))
	list := make([]fwk.NodeInfo, len(infos))
	for i := range infos {
		nodes[i] = framework.NewNodeInfo()
		nodes[i].SetNode(infos[i].Node())
		list[i] = nodes[i]
	}
	rollOut := func(revision int) {
		for _, node := range nodes {
			object := node.Node()
			*node = *framework.NewNodeInfo(ownedPod("ReplicaSet", fmt.Sprintf("web-%d", revision), map[string]string{"pod-template-hash": fmt.Sprint(revision)}))
			node.SetNode(object)
			ix.Refresh(list, RefreshOptions{All: true})
		}
	}
	var before int64
	for revision := range 2000 {
		rollOut(revision)
		if got, want := ix.Size(), (Size{Nodes: 30, Workloads: 1, Families: 1}); got != want {
			t.Fatalf("revision %d: the size is %+v, want %+v", revision, got, want)
		}
		if revision == 200 {
			before = heap()
		}
	}
	// A workload and a family on 30 hosts in 6 racks (2 in each zone) and 3 zones.
	if len(ix.order) != 1 || cap(ix.order) > 8 || ix.counts != 2*(30+6+3) || ix.shares != 30 {
		t.Errorf("%d workloads are listed, with room for %d, with %d counts and %d shares", len(ix.order), cap(ix.order), ix.counts, ix.shares)
	}
	if grown := heap() - before; grown > 100_000 {
		t.Errorf("1,800 revisions made the heap grow by %d bytes", grown)
	}
}
