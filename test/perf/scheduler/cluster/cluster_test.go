// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/api/wellknown"
)

func testShape() Shape {
	return Shape{Nodes: 60, PodsPerNode: 5, Racks: 6, Zones: 3, NodesPerHost: 2, ServiceSize: 25,
		Services: ManyNamespaces, ExistingAntiAffinity: 50, AntiAffinity: Required, Seed: 1}
}

func TestShapeAndSeedGiveTheSameObjects(t *testing.T) {
	first, second := New(testShape()), New(testShape())
	if diff := cmp.Diff(first.Nodes, second.Nodes); diff != "" {
		t.Errorf("nodes (-first +second):\n%s", diff)
	}
	if diff := cmp.Diff(first.Pods, second.Pods); diff != "" {
		t.Errorf("pods (-first +second):\n%s", diff)
	}
	other := testShape()
	other.Seed = 2
	if cmp.Equal(first.Pods, New(other).Pods) {
		t.Error("another seed gives the same pods")
	}
}

// TestRunningPodsAreSpreadEvenly: required anti-affinity of the running pods
// must hold, and a node must have as many as was asked for.
func TestRunningPodsAreSpreadEvenly(t *testing.T) {
	c := New(testShape())
	perNode, seen := map[string]int{}, map[string]bool{}
	for _, pod := range c.Pods {
		perNode[pod.Spec.NodeName]++
		key := pod.Namespace + " on " + pod.Spec.NodeName
		if seen[key] {
			t.Errorf("two replicas of %s", key)
		}
		seen[key] = true
	}
	for _, node := range c.Nodes {
		if got := perNode[node.Name]; got != 5 {
			t.Errorf("%d pods on %s, want 5", got, node.Name)
		}
	}
	anti := 0
	for _, w := range c.Workloads {
		if w.affinity != nil {
			anti++
		}
	}
	// 60 nodes are dealt 25, 25 and 10 in each of 5 rounds.
	if len(c.Workloads) != 15 || anti == 0 || anti == 15 {
		t.Errorf("%d workloads, of which %d declare anti-affinity; want 15, and about half", len(c.Workloads), anti)
	}
}

func TestHostsLieInRacksAndRacksInZones(t *testing.T) {
	c := New(testShape())
	within := func(inner, outer string, wantInner int) {
		t.Helper()
		parents := map[string]string{}
		for _, node := range c.Nodes {
			child, parent := node.Labels[inner], node.Labels[outer]
			if was, ok := parents[child]; ok && was != parent {
				t.Errorf("%s is in %s and in %s", child, was, parent)
			}
			parents[child] = parent
		}
		if len(parents) != wantInner {
			t.Errorf("%d values of %s, want %d", len(parents), inner, wantInner)
		}
	}
	within(corev1.LabelHostname, wellknown.TopologyHost, 60)
	within(wellknown.TopologyHost, wellknown.TopologyRack, 30)
	within(wellknown.TopologyRack, wellknown.TopologyZone, 6)
}

func TestServicesSayWhoOwnsAPod(t *testing.T) {
	for services, want := range map[Services]struct {
		namespace    string
		owned        bool
		hasPodHashes bool
	}{
		ManyNamespaces: {namespace: "ns-new-000003", owned: true, hasPodHashes: true},
		OneNamespace:   {namespace: "apps", owned: true, hasPodHashes: true},
		NoServices:     {namespace: "ns-new-000003"},
	} {
		t.Run(string(services), func(t *testing.T) {
			shape := testShape()
			shape.Services = services
			w := shape.Fresh(3)
			pod := w.Pod(0, "mine")
			if pod.Namespace != want.namespace || pod.Spec.SchedulerName != "mine" || pod.Spec.NodeName != "" {
				t.Errorf("pod %s/%s for %s on %q", pod.Namespace, pod.Name, pod.Spec.SchedulerName, pod.Spec.NodeName)
			}
			if got := len(pod.OwnerReferences) == 1 && w.Service != nil && w.ReplicaSet != nil; got != want.owned {
				t.Errorf("owned: %t, want %t", got, want.owned)
			}
			if _, got := pod.Labels["pod-template-hash"]; got != want.hasPodHashes {
				t.Errorf("pod-template-hash: %t, want %t", got, want.hasPodHashes)
			}
			if pod.Spec.Affinity == nil {
				t.Error("the anti-affinity of new pods is missing")
			}
		})
	}
}

func TestPlacementCountsWhatAFailureCosts(t *testing.T) {
	// Racks of 10 nodes, two nodes to a host, two racks to a zone.
	c := New(testShape())
	nodes := map[string]*corev1.Node{}
	for _, node := range c.Nodes {
		nodes[node.Name] = node
	}
	burst := func(at ...int) []*corev1.Pod {
		var pods []*corev1.Pod
		for i, node := range at {
			pod := c.Shape.Fresh(0).Pod(i, "mine")
			pod.Spec.NodeName = c.Nodes[node].Name
			pods = append(pods, pod)
		}
		return pods
	}
	for name, tc := range map[string]struct {
		bursts        [][]int
		wantCoLocated int
		wantRack      float64
		wantZone      float64
	}{
		"one per rack":                 {bursts: [][]int{{0, 10, 20, 30, 40, 50}}, wantRack: 1, wantZone: 0},
		"two on a host":                {bursts: [][]int{{0, 1, 20, 40}}, wantCoLocated: 2, wantRack: 2, wantZone: 1},
		"three on a node":              {bursts: [][]int{{0, 0, 0, 20, 40}}, wantCoLocated: 3, wantRack: 3, wantZone: 2},
		"an empty zone counts":         {bursts: [][]int{{0, 10, 20, 30}}, wantRack: 1, wantZone: 2},
		"the mean of two, and the sum": {bursts: [][]int{{0, 1}, {0, 2, 4, 20}}, wantCoLocated: 2, wantRack: 2.5, wantZone: 2.5},
	} {
		t.Run(name, func(t *testing.T) {
			var p Placement
			for _, at := range tc.bursts {
				p.Add(c, nodes, burst(at...))
			}
			got := fmt.Sprint(p.CoLocated, p.WorstRack(), p.ZoneSkew())
			if want := fmt.Sprint(tc.wantCoLocated, tc.wantRack, tc.wantZone); got != want {
				t.Errorf("co-located, worst rack and zone skew are %s, want %s", got, want)
			}
		})
	}
}

func TestIdealIsTheLeastThereCanBe(t *testing.T) {
	for n, want := range map[int][2]int{1: {1, 1}, 6: {1, 0}, 7: {2, 1}, 50: {9, 1}, 54: {9, 0}} {
		rack, zone := testShape().Ideal(n)
		if got := [2]int{rack, zone}; got != want {
			t.Errorf("%d replicas: worst rack and zone skew are %v at best, want %v", n, got, want)
		}
	}
}
