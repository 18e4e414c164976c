// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package index

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	st "k8s.io/kubernetes/pkg/scheduler/testing"
)

// revision is a replica of one of two revisions of the Deployment web.
func revision(h *hall, hash string) *corev1.Pod {
	pod := h.pod("web-" + hash)
	pod.Labels = map[string]string{"pod-template-hash": hash}
	return pod
}

// TestDrawKeepsAwayFromTheFamily draws for the first replica of a new revision,
// where the old revision has replicas: on every level, and less than its own count.
func TestDrawKeepsAwayFromTheFamily(t *testing.T) {
	for name, tc := range map[string]struct {
		// old and own are the nodes with replicas of the old and the new revision.
		old, own []string
		n        int
		// want are prefixes of the nodes that may be drawn.
		want []string
	}{
		"the zone without the old revision": {old: []string{"a-r0-0"}, n: 4, want: []string{"b-"}},
		"the racks without it":              {old: []string{"a-r0-0", "a-r1-0", "b-r0-0", "b-r1-0"}, n: 4, want: []string{"a-r2-", "b-r2-"}},
		"the hosts without it": {
			old: []string{"a-r0-0", "a-r1-0", "a-r2-0", "b-r0-0", "b-r1-0", "b-r2-0"}, n: 12,
			want: []string{"a-r0-1", "a-r0-2", "a-r1-1", "a-r1-2", "a-r2-1", "a-r2-2", "b-r0-1", "b-r0-2", "b-r1-1", "b-r1-2", "b-r2-1", "b-r2-2"},
		},
		"one of its own counts more than three of the old": {
			old: []string{"a-r0-0", "a-r0-1", "a-r1-0"}, own: []string{"b-r0-0"}, n: 2, want: []string{"a-"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHall(t, testConfig, 2, 3, 3)
			for hash, nodes := range map[string][]string{"old": tc.old, "new": tc.own} {
				for _, node := range nodes {
					pod := revision(h, hash)
					h.placePod(pod, node)
				}
			}
			pod := revision(h, "new")
			if w, _ := h.ix.WorkloadOf(pod); w.Family == "" {
				t.Fatal("the pod has no family, so this tests nothing")
			}
			got := drawn(h.drawFor(pod).Next(tc.n))
			if len(got) != tc.n {
				t.Errorf("got %d candidates, want %d", len(got), tc.n)
			}
			for _, node := range got {
				if !hasAnyPrefix(node, tc.want) {
					t.Errorf("%s was drawn, want one of %v", node, tc.want)
				}
			}
		})
	}
}

func hasAnyPrefix(s string, prefixes []string) bool {
	for _, prefix := range prefixes {
		if strings.HasPrefix(s, prefix) {
			return true
		}
	}
	return false
}

// TestDrawsReachEveryZone has more zones than one draw compares.
func TestDrawsReachEveryZone(t *testing.T) {
	const zones = zonesLooked + 8
	h := &hall{t: t, ix: New(testConfig)}
	for zone := range zones {
		for node := range 2 {
			h.addNode(st.MakeNode().Name(fmt.Sprintf("z%d-r-%d", zone, node)).Label("zone", fmt.Sprint(zone)).Label("rack", "r"))
		}
	}
	reached := map[string]int{}
	for range 4 * 2 * zones / 8 {
		for _, node := range drawn(h.draw("").Next(8)) {
			reached[strings.Split(node, "-")[0]]++
		}
	}
	for zone := range zones {
		if n := reached[fmt.Sprint("z", zone)]; n == 0 || n > 32 {
			t.Errorf("zone %d was drawn %d times, want about 8", zone, n)
		}
	}
}

// cell is a hall of one zone whose racks have the given sizes.
func cell(t *testing.T, sizes ...int) *hall {
	h := &hall{t: t, ix: New(testConfig)}
	for rack, size := range sizes {
		for node := range size {
			h.addNode(st.MakeNode().Name(fmt.Sprintf("a-r%d-%d", rack, node)).Label("zone", "a").Label("rack", fmt.Sprint("r", rack)))
		}
	}
	return h
}

// TestDrawsSeeWhatIsFull fills a node in one respect at a time.
func TestDrawsSeeWhatIsFull(t *testing.T) {
	for name, tc := range map[string]struct {
		pod map[corev1.ResourceName]string
	}{
		"CPU":    {pod: map[corev1.ResourceName]string{"cpu": "7500m"}},
		"memory": {pod: map[corev1.ResourceName]string{"memory": "7.5Gi"}},
		"pods":   {pod: map[corev1.ResourceName]string{}},
	} {
		t.Run(name, func(t *testing.T) {
			h := cell(t, 4)
			pods := 1
			if len(tc.pod) == 0 {
				pods = 100
			}
			for range pods {
				pod := h.pod("db")
				pod.Spec.Containers[0].Resources.Requests = corev1.ResourceList{}
				for r, q := range tc.pod {
					pod.Spec.Containers[0].Resources.Requests[r] = resource.MustParse(q)
				}
				h.placePod(pod, "a-r0-1")
			}
			got := drawn(h.draw("web").Next(8))
			slices.Sort(got)
			if want := []string{"a-r0-0", "a-r0-2", "a-r0-3"}; !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

// TestDrawFindsTheFreeHostOfARack has one host without a replica among many.
func TestDrawFindsTheFreeHostOfARack(t *testing.T) {
	h := cell(t, nodesLooked)
	for i := range nodesLooked {
		if i != 40 {
			h.place("web", fmt.Sprintf("a-r0-%d", i))
		}
	}
	if got := drawn(h.draw("web").Next(2)); !slices.Contains(got, "a-r0-40") {
		t.Errorf("got %v, want the host without a replica among them", got)
	}
}

// TestDrawsGoOnBehindNodesThatAreFull has more cordoned nodes in a row than one draw
// looks at.
func TestDrawsGoOnBehindNodesThatAreFull(t *testing.T) {
	h := &hall{t: t, ix: New(testConfig)}
	for i := range 3 * nodesLooked {
		h.addNode(st.MakeNode().Name(fmt.Sprint("n-", i)).Label("zone", "a").Label("rack", "r").Unschedulable(i < 2*nodesLooked+10))
	}
	for range 4 {
		if len(h.draw("web").Next(2)) > 0 {
			return
		}
	}
	t.Error("four draws of a rack have found none of its last nodes")
}

// TestDislikedNodesComeLast in their rack, behind one with a replica.
func TestDislikedNodesComeLast(t *testing.T) {
	h := &hall{t: t, ix: New(testConfig)}
	for i, disliked := range []bool{true, false, true} {
		node := st.MakeNode().Name(fmt.Sprint("n-", i)).Label("zone", "a").Label("rack", "r")
		if disliked {
			node.Taints([]corev1.Taint{{Key: "old", Effect: corev1.TaintEffectPreferNoSchedule}})
		}
		h.addNode(node)
	}
	h.place("web", "n-1")
	for range 4 {
		if got := drawn(h.draw("web").Next(1)); !slices.Equal(got, []string{"n-1"}) {
			t.Errorf("got %v, want the node without a taint", got)
		}
	}
}

// TestSomeCandidatesAreElsewhere has one zone without a replica: most candidates are
// there, and a few where they serve if none of those fits.
func TestSomeCandidatesAreElsewhere(t *testing.T) {
	h := newHall(t, testConfig, 2, 10, 4)
	h.place("web", "a-r0-0")
	zones := map[string]int{}
	for _, node := range drawn(h.draw("web").Next(16)) {
		zones[node[:1]]++
	}
	if zones["a"] != 2 || zones["b"] != 14 {
		t.Errorf("candidates by zone: %v, want 2 in a and 14 in b", zones)
	}
}

// TestNodesAreDrawnAlikeWhateverTheirRack has large racks and small ones, and nodes
// without a label, for pods that are nobody's replicas.
func TestNodesAreDrawnAlikeWhateverTheirRack(t *testing.T) {
	h := cell(t, 40, 4, 40, 4, 40, 4, 40, 4)
	for i := range 8 {
		h.addNode(st.MakeNode().Name(fmt.Sprintf("a-none-%d", i)).Label("zone", "a"))
	}
	reached := map[string]int{}
	const rounds = 10
	for range rounds * len(h.infos) / 8 {
		for _, node := range drawn(h.draw("").Next(8)) {
			reached[node]++
		}
	}
	perRack := map[string]int{}
	for node, n := range reached {
		perRack[node[:strings.LastIndex(node, "-")]] += n
	}
	for rack, nodes := range map[string]int{"a-r0": 40, "a-r1": 4, "a-r2": 40, "a-r3": 4, "a-r4": 40, "a-r5": 4, "a-r6": 40, "a-r7": 4, "a-none": 8} {
		if mean := float64(perRack[rack]) / float64(nodes); mean < rounds/2. || mean > rounds*2. {
			t.Errorf("the nodes of %s were drawn %.1f times each, want about %d", rack, mean, rounds)
		}
	}
}

// TestNodesWithoutARackAreNoRefuge has a workload with a replica in every rack. Nodes
// without a label for it, each a rack of its own, are drawn no more than others.
func TestNodesWithoutARackAreNoRefuge(t *testing.T) {
	h := cell(t, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4)
	for rack := range 10 {
		h.place("web", fmt.Sprintf("a-r%d-0", rack))
	}
	for i := range 4 {
		h.addNode(st.MakeNode().Name(fmt.Sprintf("a-none-%d", i)).Label("zone", "a"))
	}
	racks := map[string]int{}
	for range 22 {
		for rack, n := range racksOf(drawn(h.draw("web").Next(8))) {
			racks[rack] += n
		}
	}
	// Of 176 candidates an eleventh are 16.
	if n := racks["a-none"]; n < 4 || n > 48 {
		t.Errorf("%d of 176 candidates are nodes without a rack, want about 16; all: %v", n, racks)
	}
}

// TestDrawsMoveOnThoughNodesCome has a new node before each draw, so that the strata
// are made anew each time.
func TestDrawsMoveOnThoughNodesCome(t *testing.T) {
	h := cell(t, 30, 30)
	reached := map[string]int{}
	for i := range 60 {
		h.addNode(st.MakeNode().Name(fmt.Sprintf("a-r2-%d", i)).Label("zone", "a").Label("rack", "r2"))
		nodes := drawn(h.draw("").Next(2))
		if len(nodes) != 2 {
			t.Fatalf("%d candidates after %d nodes came, want 2", len(nodes), i+1)
		}
		for _, node := range nodes {
			reached[node]++
		}
	}
	for node, n := range reached {
		if n > 12 {
			t.Errorf("%s was drawn in %d of 60 draws, with 90 nodes or so to draw from", node, n)
		}
	}
}

// TestStrataAreKeptWhileTheNodesStay is what makes a draw cheap.
func TestStrataAreKeptWhileTheNodesStay(t *testing.T) {
	h := cell(t, 3)
	h.draw("web")
	before := h.ix.strata.zones[0]
	h.place("web", "a-r0-0")
	h.draw("web")
	if h.ix.strata.zones[0] != before {
		t.Error("the strata were made anew though only a pod was placed")
	}
}
