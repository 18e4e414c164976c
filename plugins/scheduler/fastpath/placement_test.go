// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package fastpath

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"
)

// place schedules pods one after the other and returns how many each node got.
func (h *hall) place(t *testing.T, pods int, pod func(i int) *corev1.Pod) map[string]int {
	t.Helper()
	on := map[string]int{}
	for i := range pods {
		p := pod(i)
		p.Name, p.UID = fmt.Sprint("pod-", i), types.UID(fmt.Sprint("pod-", i))
		result, err := h.schedule(t, p)
		if err != nil {
			on["nowhere"]++
			continue
		}
		on[result.SuggestedHost]++
		p.Spec.NodeName = result.SuggestedHost
		if err := h.Cache.AssumePod(klog.FromContext(t.Context()), p); err != nil {
			t.Fatal(err)
		}
		if err := h.Cache.UpdateSnapshot(klog.FromContext(t.Context()), h.snapshot); err != nil {
			t.Fatal(err)
		}
	}
	return on
}

// replica is a pod of one of many workloads of so many replicas.
func replica(i, replicas int) *corev1.Pod {
	owner := fmt.Sprint("app-", i/replicas)
	pod := testPod().OwnerReference(owner, schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "ReplicaSet"}).Obj()
	pod.OwnerReferences[0].UID = types.UID(owner)
	return pod
}

// TestNodesWithoutLabelsAreNoHotSpots has nodes of which some, or half, have no
// label for rack and zone, so that each is alone in its domains.
func TestNodesWithoutLabelsAreNoHotSpots(t *testing.T) {
	const nodes, pods = 300, 600
	for name, tc := range map[string]struct {
		unlabelled  int
		pod         func(i int) *corev1.Pod
		least, most int
	}{
		"plain pods, few without":  {unlabelled: 10, pod: func(int) *corev1.Pod { return testPod().Obj() }, least: 10, most: 40},
		"plain pods, half without": {unlabelled: 150, pod: func(int) *corev1.Pod { return testPod().Obj() }, least: 250, most: 350},
		// Each is a zone and a rack without a replica, so when it is among the
		// candidates it is the best of them.
		"replicas, few without": {unlabelled: 10, pod: func(i int) *corev1.Pod { return replica(i, 5) }, least: 10, most: 150},
	} {
		t.Run(name, func(t *testing.T) {
			var all []*corev1.Node
			for i := range nodes {
				node := labelled(i)
				if i >= nodes-tc.unlabelled {
					node.Labels = map[string]string{}
				}
				all = append(all, node.Obj())
			}
			h := newHallOf(t, all, 0, fmt.Sprintf(profileText, 8, ""))
			on, there, fullest := h.place(t, pods, tc.pod), 0, 0
			for i, node := range all {
				fullest = max(fullest, on[node.Name])
				if i >= nodes-tc.unlabelled {
					there += on[node.Name]
				}
			}
			if there < tc.least || there > tc.most {
				t.Errorf("%d of %d pods are on the %d nodes without labels of %d, want %d to %d", there, pods, tc.unlabelled, nodes, tc.least, tc.most)
			}
			if h.original > 0 {
				t.Errorf("the original function placed %d pods, so this tests little", h.original)
			}
		})
	}
}

// TestPoolsAreSpreadOver gives all pods a node selector that one node in ten has.
func TestPoolsAreSpreadOver(t *testing.T) {
	var all []*corev1.Node
	for i := range 600 {
		node := labelled(i)
		if i%10 == 0 {
			node.Label("pool", "java")
		}
		all = append(all, node.Obj())
	}
	h := newHallOf(t, all, 0, fmt.Sprintf(profileText, 8, ""))
	zones := map[string]int{}
	on := h.place(t, 30, func(i int) *corev1.Pod {
		pod := replica(i, 30)
		pod.Spec.NodeSelector = map[string]string{"pool": "java"}
		return pod
	})
	for _, node := range all {
		if on[node.Name] > 1 {
			t.Errorf("%s has %d replicas, though there are 60 nodes for 30", node.Name, on[node.Name])
		}
		zones[node.Labels["topology.kubernetes.io/zone"]] += on[node.Name]
	}
	for zone, n := range zones {
		if n != 10 {
			t.Errorf("zone %s has %d of 30 replicas, want 10", zone, n)
		}
	}
	if h.original > 0 {
		t.Errorf("the original function placed %d pods", h.original)
	}
}

// TestCapsHoldOnTheFastPath caps the replicas of a rack, in 30 racks.
func TestCapsHoldOnTheFastPath(t *testing.T) {
	h := newHall(t, 300, 0, 8)
	on := h.place(t, 70, func(i int) *corev1.Pod {
		pod := replica(i, 70)
		pod.Annotations = map[string]string{"spread.evenkeel.io/max-per-rack": "2"}
		return pod
	})
	racks := map[int]int{}
	for i := range 300 {
		racks[i/10] += on[fmt.Sprintf("node-%03d", i)]
	}
	for rack, n := range racks {
		if n != 2 {
			t.Errorf("rack %d has %d replicas, want the 2 of the cap", rack, n)
		}
	}
	if on["nowhere"] != 10 {
		t.Errorf("%d pods wait, want the 10 that the caps leave no place for", on["nowhere"])
	}
}

// TestSoftTaintsAreAvoided taints most nodes with PreferNoSchedule.
func TestSoftTaintsAreAvoided(t *testing.T) {
	var all []*corev1.Node
	for i := range 300 {
		node := labelled(i)
		if i%10 != 0 {
			node.Taints([]corev1.Taint{{Key: "old", Effect: corev1.TaintEffectPreferNoSchedule}})
		}
		all = append(all, node.Obj())
	}
	h := newHallOf(t, all, 0, fmt.Sprintf(profileText, 8, ""))
	on := h.place(t, 25, func(i int) *corev1.Pod { return replica(i, 25) })
	for i, node := range all {
		if i%10 != 0 && on[node.Name] > 0 {
			t.Errorf("%s, which is tainted, has a replica, though there are 30 nodes without a taint for 25", node.Name)
		}
	}
}
