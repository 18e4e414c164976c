// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package podindex

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/pkg/scheduler/backend/cache"
	st "k8s.io/kubernetes/pkg/scheduler/testing"
)

// TestSchedulersHaveAnIndexEach and the plugins of one share it.
func TestSchedulersHaveAnIndexEach(t *testing.T) {
	var indexes Indexes
	one, other := cache.NewEmptySnapshot(), cache.NewEmptySnapshot()
	if first, second := indexes.Of(one), indexes.Of(one); first != second {
		t.Error("two plugins of one scheduler have an index each")
	}
	if indexes.Of(one) == indexes.Of(other) {
		t.Error("two schedulers share an index")
	}
}

// TestTidyKeepsAnIndexYoung though no pod asks it anything.
func TestTidyKeepsAnIndexYoung(t *testing.T) {
	node := st.MakeNode().Name("n").Obj()
	snapshot := cache.NewSnapshot([]*corev1.Pod{st.MakePod().Namespace("shop").Name("a").UID("a").Label("app", "web").Node("n").Obj()}, []*corev1.Node{node})
	query := []Query{{Key: "app", Values: []Value{{Namespace: "shop", Value: "web"}}}}
	ix, start := New(), time.Unix(1000, 0)
	tidy := func(now time.Time, what string, want int) {
		t.Helper()
		if err := ix.Tidy(now, snapshot); err != nil {
			t.Fatal(err)
		}
		if got := len(ix.Nodes(query)); got != want {
			t.Errorf("%s: %d nodes are known, want %d", what, got, want)
		}
	}
	tidy(start, "without a key", 0)
	ix.Track("app", start)
	ix.tidied = start
	tidy(start.Add(tidyEvery-1), "a moment after the last time", 0)
	tidy(start.Add(tidyEvery), "later", 1)
	full := snapshot
	snapshot = cache.NewSnapshot(nil, []*corev1.Node{node})
	tidy(start.Add(2*tidyEvery-1), "a moment later", 1)
	tidy(start.Add(2*tidyEvery), "when the pod is gone", 0)
	snapshot = full
	tidy(start.Add(3*tidyEvery), "when it is back", 1)
	tidy(start.Add(keep+1), "long after the last pod that asked", 0)
	if ix.Tracks() {
		t.Error("a label key that no pod asks for is still indexed")
	}
}
