// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package index

import (
	"fmt"
	"testing"
)

// BenchmarkDraw draws the first candidates of a pod whose workload has replicas on
// 50 nodes, and BenchmarkStratify orders the nodes anew.
func BenchmarkDraw(b *testing.B) {
	for _, nodes := range []int{1000, 50_000} {
		b.Run(fmt.Sprintf("%d nodes", nodes), func(b *testing.B) {
			ix, w := benchmarkIndex(nodes)
			for b.Loop() {
				ix.NewDraw(w).Next(4)
			}
		})
	}
}

func BenchmarkStratify(b *testing.B) {
	for _, nodes := range []int{1000, 50_000} {
		b.Run(fmt.Sprintf("%d nodes", nodes), func(b *testing.B) {
			ix, w := benchmarkIndex(nodes)
			for b.Loop() {
				ix.strata = strata{}
				ix.NewDraw(w)
			}
		})
	}
}

func benchmarkIndex(nodes int) (*Index, Wanted) {
	f := fleet{nodes: nodes, pods: nodes, replicas: 50}
	ix := New(testConfig)
	infos := f.infos()
	for _, info := range infos {
		info.(*fleetNode).room = room{milliCPU: 1000, memory: 1 << 30, pods: 10}
	}
	ix.Refresh(infos, RefreshOptions{All: true})
	pod := infos[0].GetPods()[0].GetPod()
	w, _ := ix.WorkloadOf(pod)
	return ix, Wanted{Workload: w, FamilyPercent: 25, Pod: pod, MilliCPU: 100, Memory: 1 << 20}
}
