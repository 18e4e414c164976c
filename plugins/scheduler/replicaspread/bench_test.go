// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replicaspread

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/backend/cache"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/metrics"
	st "k8s.io/kubernetes/pkg/scheduler/testing"

	"github.com/evenkeel/evenkeel/plugins/scheduler/replicaspread/index"
)

// The benchmarks run in a data centre of 5,000 nodes, unless they say otherwise,
// with 20 pods each, which belong to Deployments of 50 replicas.
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

func benchCluster(b *testing.B, nodes int) (cache.Cache, *cache.Snapshot, *ReplicaSpread) {
	b.Helper()
	metrics.Register()
	c, snapshot := cache.New(b.Context(), nil, false, false), cache.NewEmptySnapshot()
	for n := range nodes {
		c.AddNode(klog.Background(), st.MakeNode().Name(fmt.Sprintf("node-%d", n)).Label(corev1.LabelHostname, fmt.Sprintf("node-%d", n)).
			Label("rack", fmt.Sprintf("rack-%d", n/20)).Label(corev1.LabelTopologyZone, fmt.Sprintf("zone-%d", n%3)).Obj())
	}
	for i := range nodes * benchPodsPerNode {
		pod := benchPod(i)
		pod.Spec.NodeName = fmt.Sprintf("node-%d", i%nodes)
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

func (h *benchHandle) SharedInformerFactory() informers.SharedInformerFactory { return nil }

// BenchmarkScheduleSteady is the plugin's share of one scheduling cycle: one
// node has changed since the last one, and 100 candidates are scored. "capped"
// filters 100 nodes too.
func BenchmarkScheduleSteady(b *testing.B) {
	for name, bc := range map[string]struct {
		nodes int
		caps  []string
	}{
		"nodes=5000":         {nodes: 5000},
		"nodes=15000":        {nodes: 15_000},
		"nodes=5000/capped":  {nodes: 5000, caps: []string{"rack", "3"}},
		"nodes=15000/capped": {nodes: 15_000, caps: []string{"rack", "3"}},
	} {
		b.Run(name, func(b *testing.B) {
			c, snapshot, pl := benchCluster(b, bc.nodes)
			list, err := snapshot.NodeInfos().List()
			if err != nil {
				b.Fatal(err)
			}
			candidates, scores := list[:benchCandidates], make(fwk.NodeScoreList, benchCandidates)
			for i, node := range candidates {
				scores[i].Name = node.Node().Name
			}
			pl.counter.index.Refresh(list, index.RefreshOptions{All: true})
			next := bc.nodes * benchPodsPerNode
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				next++
				placed := benchPod(next)
				placed.Spec.NodeName = fmt.Sprintf("node-%d", next%bc.nodes)
				if err := c.AssumePod(klog.Background(), placed); err != nil {
					b.Fatal(err)
				}
				if err := c.UpdateSnapshot(klog.Background(), snapshot); err != nil {
					b.Fatal(err)
				}
				pod, state := withCaps(benchPod(next+1), bc.caps...), framework.NewCycleState()
				b.StartTimer()
				pl.Reserve(b.Context(), nil, placed, placed.Spec.NodeName) // Of the cycle before.
				if _, status := pl.PreFilter(b.Context(), state, pod, list); status.IsSuccess() {
					for _, node := range candidates {
						pl.Filter(b.Context(), state, pod, node)
					}
				}
				if status := pl.PreScore(b.Context(), state, pod, candidates); !status.IsSuccess() {
					b.Fatal(status)
				}
				if status := pl.NormalizeScore(b.Context(), state, pod, scores); !status.IsSuccess() {
					b.Fatal(status)
				}
			}
		})
	}
}

// BenchmarkRefreshUnchanged is the price of asking whether nodes changed: all of
// them, or those that were touched.
func BenchmarkRefreshUnchanged(b *testing.B) {
	for _, nodes := range []int{1000, 5000, 15_000, 50_000} {
		_, snapshot, pl := benchCluster(b, nodes)
		list, err := snapshot.NodeInfos().List()
		if err != nil {
			b.Fatal(err)
		}
		pl.counter.index.Refresh(list, index.RefreshOptions{All: true})
		for _, all := range []bool{true, false} {
			b.Run(fmt.Sprintf("nodes=%d/all=%t", nodes, all), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					pl.counter.index.Touch("node-7")
					if read := pl.counter.index.Refresh(list, index.RefreshOptions{All: all}); read != 0 {
						b.Fatalf("%d nodes were read", read)
					}
				}
			})
		}
	}
}

// BenchmarkRefreshAll is the first cycle: 100,000 pods are read.
func BenchmarkRefreshAll(b *testing.B) {
	_, snapshot, _ := benchCluster(b, benchNodes)
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
		if read := pl.(*ReplicaSpread).counter.index.Refresh(list, index.RefreshOptions{All: true}); read != benchNodes {
			b.Fatalf("%d nodes were read", read)
		}
	}
}

// BenchmarkPodWithoutCaps is what a pod pays for caps that it does not have.
func BenchmarkPodWithoutCaps(b *testing.B) {
	_, _, pl := benchCluster(b, 1)
	pod := benchPod(1)
	pod.Annotations = map[string]string{"evenkeel.io/status": "{}", "a": "1", "b": "2", "c": "3"}
	state := framework.NewCycleState()
	b.ReportAllocs()
	for b.Loop() {
		if _, status := pl.PreFilter(b.Context(), state, pod, nil); !status.IsSkip() {
			b.Fatal(status)
		}
	}
}

// BenchmarkSurvey is what a scrape of the metrics takes, in batches between
// which scheduling goes on.
func BenchmarkSurvey(b *testing.B) {
	_, snapshot, pl := benchCluster(b, benchNodes)
	list, err := snapshot.NodeInfos().List()
	if err != nil {
		b.Fatal(err)
	}
	pl.counter.index.Refresh(list, index.RefreshOptions{All: true})
	b.ReportAllocs()
	for b.Loop() {
		if survey := pl.counter.index.Survey(); survey.Workloads != benchWorkloads {
			b.Fatalf("%d workloads", survey.Workloads)
		}
	}
}
