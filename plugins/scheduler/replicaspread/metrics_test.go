// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replicaspread

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/component-base/metrics"
	"k8s.io/component-base/metrics/legacyregistry"
	"k8s.io/component-base/metrics/testutil"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/backend/cache"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	st "k8s.io/kubernetes/pkg/scheduler/testing"
)

func counterValue(t *testing.T, c metrics.CounterMetric) float64 {
	t.Helper()
	v, err := testutil.GetCounterMetricValue(c)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestMetrics gathers what the process's registry has, by the names that
// dashboards and alerts use.
func TestMetrics(t *testing.T) {
	surveyed := func() bool { return gathered(t, "evenkeel_scheduler_replicaspread_index_nodes") }
	registerMetrics()
	until(t, "the schedulers of other tests are gone", func() bool { return !surveyed() })
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var nodes []*corev1.Node
	for _, name := range []string{"a", "b", "c"} {
		nodes = append(nodes, st.MakeNode().Name(name).Label("rack", "of "+name).Label(corev1.LabelTopologyZone, "z").Obj())
	}
	// Two of three replicas share a host and a rack: one in each would be even. All
	// must be in the one zone. web lies evenly.
	snapshot := cache.NewSnapshot([]*corev1.Pod{
		placed(replica("db-1", "db"), "a", 0), placed(replica("db-2", "db"), "a", 0), placed(replica("db-3", "db"), "b", 0),
		placed(replica("web-1", "web"), "a", 0), placed(replica("web-2", "web"), "b", 0), placed(replica("web-3", "web"), "c", 0),
		placed(replica("web-4", "web"), "c", 0),
	}, nodes)
	capsHit.Reset()
	obj, err := New(ctx, testArgs(), testHandle(t, snapshot))
	if err != nil {
		t.Fatal(err)
	}
	pl := obj.(*ReplicaSpread)
	pod, state := withCaps(replica("db-9", "db"), "rack", "1", "zone", "9"), framework.NewCycleState()
	if _, status := pl.PreFilter(ctx, state, pod, nil); !status.IsSuccess() {
		t.Fatal(status)
	}
	clone := state.Clone()
	for _, node := range []string{"a", "b", "c"} {
		// Two nodes are ruled out, more than once: it is one attempt.
		for _, state := range []fwk.CycleState{state, clone} {
			pl.Filter(ctx, state, pod, nodeInfo(t, snapshot, node))
		}
	}
	const want = `
# HELP evenkeel_scheduler_replicaspread_caps_hit_total [ALPHA] Scheduling attempts in which a cap on replicas ruled out at least one node, by level (host, rack, zone).
# TYPE evenkeel_scheduler_replicaspread_caps_hit_total counter
evenkeel_scheduler_replicaspread_caps_hit_total{level="rack"} 1
# HELP evenkeel_scheduler_replicaspread_index_nodes [ALPHA] Nodes in the index of replicas.
# TYPE evenkeel_scheduler_replicaspread_index_nodes gauge
evenkeel_scheduler_replicaspread_index_nodes 3
# HELP evenkeel_scheduler_replicaspread_index_workloads [ALPHA] Workloads with at least one pod on a node in the index of replicas.
# TYPE evenkeel_scheduler_replicaspread_index_workloads gauge
evenkeel_scheduler_replicaspread_index_workloads 2
# HELP evenkeel_scheduler_replicaspread_workloads_at_risk [ALPHA] Workloads whose fullest domain of a level (host, rack, zone) holds more replicas than if they lay evenly over all domains, as of the last scheduling cycle.
# TYPE evenkeel_scheduler_replicaspread_workloads_at_risk gauge
evenkeel_scheduler_replicaspread_workloads_at_risk{level="host"} 1
evenkeel_scheduler_replicaspread_workloads_at_risk{level="rack"} 1
evenkeel_scheduler_replicaspread_workloads_at_risk{level="zone"} 0
`
	names := []string{
		"evenkeel_scheduler_replicaspread_caps_hit_total", "evenkeel_scheduler_replicaspread_index_nodes",
		"evenkeel_scheduler_replicaspread_index_workloads", "evenkeel_scheduler_replicaspread_workloads_at_risk",
	}
	if err := testutil.GatherAndCompare(legacyregistry.DefaultGatherer, strings.NewReader(want), names...); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"evenkeel_scheduler_replicaspread_index_bytes", "evenkeel_scheduler_replicaspread_index_recounts_total", "evenkeel_scheduler_replicaspread_index_divergence_total"} {
		if !gathered(t, name) {
			t.Errorf("no metric %s", name)
		}
	}
	// The index of a scheduler that has ended is not surveyed any more.
	cancel()
	until(t, "the metrics of the index are gone with the scheduler", func() bool { return !surveyed() })
}

// until waits for a condition.
func until(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !condition(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("in vain for a minute: %s", what)
		}
	}
}

func gathered(t *testing.T, name string) bool {
	t.Helper()
	families, err := legacyregistry.DefaultGatherer.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return true
		}
	}
	return false
}
