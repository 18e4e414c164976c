// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package fastpath

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework"

	"github.com/evenkeel/evenkeel/plugins/scheduler/replicaspread"
)

// withDevices are nodes of which one in so many has devices of a kind that the
// index knows nothing about, so that candidates are drawn without regard to it.
func withDevices(nodes, each int) []*corev1.Node {
	var all []*corev1.Node
	for i := range nodes {
		node := labelled(i).Obj()
		if i%each == 3 {
			node.Status.Allocatable["example.com/fpga"] = resource.MustParse("100")
		}
		all = append(all, node)
	}
	return all
}

// TestMoreCandidatesAreDrawnWhereFewFit places pods that most nodes do not take,
// for a reason that is not seen before Filter.
func TestMoreCandidatesAreDrawnWhereFewFit(t *testing.T) {
	h := newHallOf(t, withDevices(200, 10), 0, fmt.Sprintf(profileText, 8, ""))
	lists := map[int]int{}
	for i := range 60 {
		pod := replica(i, 10)
		pod.Spec.Containers[0].Resources.Requests["example.com/fpga"] = resource.MustParse("1")
		result, err := h.schedule(t, pod)
		if err != nil {
			t.Fatal(err)
		}
		lists[result.EvaluatedNodes]++
		if result.FeasibleNodes > result.EvaluatedNodes/2 {
			t.Errorf("%d candidates of %d are said to fit, where one node in ten does", result.FeasibleNodes, result.EvaluatedNodes)
		}
		if result.FeasibleNodes < enough && result.EvaluatedNodes < 8*(1<<rounds-1) {
			t.Errorf("%d candidates of %d fit, and no more were asked for, though %d are wanted", result.FeasibleNodes, result.EvaluatedNodes, enough)
		}
	}
	if h.original > 0 {
		t.Errorf("the original function placed %d of 60 pods that one node in ten takes", h.original)
	}
	if len(lists) < 2 || lists[8] > 30 {
		t.Errorf("pods by the number of candidates: %v, want that most took several lists", lists)
	}
}

// nominations are pods that are nominated to nodes.
type nominations map[string][]fwk.PodInfo

func (n nominations) NominatedPodsForNode(node string) []fwk.PodInfo { return n[node] }

func (nominations) AddNominatedPod(klog.Logger, fwk.PodInfo, *fwk.NominatingInfo) {}

func (nominations) UpdateNominatedPod(klog.Logger, *corev1.Pod, fwk.PodInfo) {}

func (nominations) DeleteNominatedPodIfExists(*corev1.Pod) {}

// TestCandidatesAreKeptForNominatedPods nominates a pod that fills the node to each
// of most nodes. The room is there still, but not for a pod of lower priority.
func TestCandidatesAreKeptForNominatedPods(t *testing.T) {
	h := newHall(t, 200, 0, 8)
	priority := int32(1000)
	nominated := nominations{}
	for i := range 200 {
		if i%4 == 3 {
			continue
		}
		pod := testPod().Req(map[corev1.ResourceName]string{"cpu": "64"}).Obj()
		pod.Name, pod.UID = fmt.Sprint("filler-", i), types.UID(fmt.Sprint("filler-", i))
		pod.Spec.Priority = &priority
		info, err := framework.NewPodInfo(pod)
		if err != nil {
			t.Fatal(err)
		}
		node := fmt.Sprintf("node-%03d", i)
		nominated[node] = append(nominated[node], info)
	}
	h.Profiles["default-scheduler"].SetPodNominator(nominated)
	for i := range 40 {
		result, err := h.schedule(t, replica(i, 10))
		if err != nil {
			t.Fatal(err)
		}
		if nominated[result.SuggestedHost] != nil {
			t.Errorf("pod %d got %s, which is kept for a pod of higher priority", i, result.SuggestedHost)
		}
	}
	if h.original > 4 {
		t.Errorf("the original function placed %d of 40 pods, so this tests little", h.original)
	}
}

// TestPodsOfAGroupCycleAreLeftAlone has a pod that is tried in the cycle of a pod
// group, which is told by the state of the cycle and not by the pod.
func TestPodsOfAGroupCycleAreLeftAlone(t *testing.T) {
	h := newHall(t, 200, 0, 8)
	state := framework.NewCycleState()
	state.SetPodGroupSchedulingCycle(framework.NewCycleState())
	before := counted(t, podGroup)
	if _, err := h.scheduleBy(t, h.SchedulePod, state, testPod().Obj()); err != nil {
		t.Fatal(err)
	}
	if got := counted(t, podGroup) - before; got != 1 || h.original != 1 {
		t.Errorf("%s was counted %v times, and the original function called %d times, want 1 and 1", podGroup, got, h.original)
	}
}

// candidatesFor returns the first candidates for a pod.
func (h *hall) candidatesFor(t *testing.T, pod *corev1.Pod) []*corev1.Node {
	t.Helper()
	if err := h.Cache.UpdateSnapshot(klog.Background(), h.snapshot); err != nil {
		t.Fatal(err)
	}
	state := framework.NewCycleState()
	if _, status, _ := h.Profiles["default-scheduler"].RunPreFilterPlugins(t.Context(), state, pod); !status.IsSuccess() {
		t.Fatal(status)
	}
	source, ok := replicaspread.SourceOf(state)
	if !ok {
		t.Fatal("PreFilter has left no source of candidates")
	}
	candidates, err := source.Candidates(t.Context(), pod)
	if err != nil {
		t.Fatal(err)
	}
	var nodes []*corev1.Node
	for _, info := range candidates.Next() {
		nodes = append(nodes, info.Node())
	}
	return nodes
}

// TestCandidatesSuitThePod looks at what is known of a pod when candidates are drawn:
// its workload, its family and what it requests.
func TestCandidatesSuitThePod(t *testing.T) {
	const zone = "topology.kubernetes.io/zone"
	revision := func(hash string) *corev1.Pod {
		pod := replica(0, 1)
		pod.OwnerReferences[0].Name, pod.OwnerReferences[0].UID = "web-"+hash, types.UID("web-"+hash)
		pod.Labels = map[string]string{"pod-template-hash": hash}
		return pod
	}
	large := func(resource corev1.ResourceName, quantity string) *corev1.Pod {
		return testPod().Req(map[corev1.ResourceName]string{resource: quantity}).Obj()
	}
	for name, tc := range map[string]struct {
		pod *corev1.Pod
		// placed is on the first node of each rack in the zones 0 and 1.
		placed *corev1.Pod
		// wanted says whether a node may be a candidate.
		wanted func(i int, node *corev1.Node) bool
	}{
		"where its workload is not": {pod: revision("new"), placed: revision("new"), wanted: func(_ int, n *corev1.Node) bool { return n.Labels[zone] == "2" }},
		"where its family is not":   {pod: revision("new"), placed: revision("old"), wanted: func(_ int, n *corev1.Node) bool { return n.Labels[zone] == "2" }},
		"where there is CPU":        {pod: large("cpu", "8"), placed: large("cpu", "60"), wanted: func(i int, n *corev1.Node) bool { return i%10 > 0 || n.Labels[zone] == "2" }},
		"where there is memory":     {pod: large("memory", "8Gi"), placed: large("memory", "250Gi"), wanted: func(i int, n *corev1.Node) bool { return i%10 > 0 || n.Labels[zone] == "2" }},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHall(t, 300, 0, 8)
			for i := range 300 {
				if i%10 > 0 || i/10%3 == 2 {
					continue
				}
				pod := tc.placed.DeepCopy()
				pod.Name, pod.UID = fmt.Sprint("placed-", i), types.UID(fmt.Sprint("placed-", i))
				pod.Spec.NodeName = fmt.Sprintf("node-%03d", i)
				if err := h.Cache.AddPod(klog.Background(), pod); err != nil {
					t.Fatal(err)
				}
			}
			for range 20 {
				nodes := h.candidatesFor(t, tc.pod)
				if len(nodes) != 8 {
					t.Fatalf("%d candidates, want 8", len(nodes))
				}
				unwanted := 0
				for _, node := range nodes {
					var i int
					if _, err := fmt.Sscanf(node.Labels["number"], "%d", &i); err != nil {
						t.Fatal(err)
					}
					if !tc.wanted(i, node) {
						unwanted++
					}
				}
				// A quarter is drawn from other zones than the best.
				if unwanted > 2 || unwanted > 0 && tc.pod.OwnerReferences == nil {
					t.Errorf("%d of 8 candidates are not where they should be", unwanted)
				}
			}
		})
	}
}
