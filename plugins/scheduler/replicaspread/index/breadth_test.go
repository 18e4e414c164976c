// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package index

import (
	"fmt"
	"testing"

	st "k8s.io/kubernetes/pkg/scheduler/testing"
)

// TestDrawSpansRacksThoughOneIsBest has a replica in every rack save one. Were all
// candidates in that one, a pod that it does not take would find none.
func TestDrawSpansRacksThoughOneIsBest(t *testing.T) {
	h := cell(t, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8)
	for rack := range 9 {
		h.place("web", fmt.Sprintf("a-r%d-0", rack))
	}
	for range 20 {
		racks := racksOf(drawn(h.draw("web").Next(8)))
		if racks["a-r9"] != perRack {
			t.Errorf("%d candidates are in the rack without a replica, want %d; all: %v", racks["a-r9"], perRack, racks)
		}
		for rack, n := range racks {
			if n > perRack {
				t.Errorf("%d candidates are in rack %s, want %d at most", n, rack, perRack)
			}
		}
	}
}

// TestNodesWithoutAZoneAreNoRefuge has a workload with a replica in every zone. Nodes
// without a label for it, each a zone of its own, are drawn no more than others.
func TestNodesWithoutAZoneAreNoRefuge(t *testing.T) {
	h := newHall(t, testConfig, 3, 4, 5)
	for zone := range 3 {
		h.place("web", fmt.Sprintf("%c-r0-0", 'a'+zone))
	}
	const without = 20
	for i := range without {
		h.addNode(st.MakeNode().Name(fmt.Sprintf("none-r-%d", i)).Label("rack", fmt.Sprint("none", i/5)))
	}
	there, all := 0, 0
	for range 20 {
		for rack, n := range racksOf(drawn(h.draw("web").Next(8))) {
			all += n
			if rack == "none-r" {
				there += n
			}
		}
	}
	// 20 nodes of 80.
	if there < all/8 || there > all/2 {
		t.Errorf("%d of %d candidates are nodes without a zone, want about %d", there, all, all/4)
	}
}
