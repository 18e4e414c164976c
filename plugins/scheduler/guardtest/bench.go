// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package guardtest

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/scheduler/framework"
)

// benchCandidates is how many nodes a benchmark's cycle looks at after PreFilter.
const benchCandidates = 100

// BenchmarkCycle measures the share of either plugin in one scheduling cycle:
// PreFilter, and Filter, PreScore and Score of 100 candidates, on one thread.
// Before each cycle, a pod is placed on a node.
func (c *Cluster) BenchmarkCycle(b *testing.B, p Pair, placed, incoming func() *corev1.Pod) {
	for _, profile := range []struct {
		name string
		framework.Framework
	}{{"in-tree", p.InTree}, {"guarded", p.Guarded}} {
		b.Run(profile.name, func(b *testing.B) {
			c.cycle(b, profile, incoming()) // The first one reads all nodes.
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				Must(b, c.cache.AssumePod(klog.Background(), placed()))
				c.Update()
				pod := incoming()
				b.StartTimer()
				c.cycle(b, profile, pod)
			}
		})
	}
}

func (c *Cluster) cycle(b *testing.B, profile framework.Framework, pod *corev1.Pod) {
	ctx, state, all := b.Context(), framework.NewCycleState(), c.Nodes()
	if _, status, _ := profile.RunPreFilterPlugins(ctx, state, pod); !status.IsSuccess() {
		b.Fatal(status)
	}
	candidates := all[:benchCandidates]
	for _, info := range candidates {
		profile.RunFilterPluginsWithNominatedPods(ctx, state, pod, info)
	}
	if status := profile.RunPreScorePlugins(ctx, state, pod, candidates); !status.IsSuccess() {
		b.Fatal(status)
	}
	if _, status := profile.RunScorePlugins(ctx, state, pod, candidates); !status.IsSuccess() {
		b.Fatal(status)
	}
}
