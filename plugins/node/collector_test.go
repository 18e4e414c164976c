// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"runtime"
	"testing"
	"time"
)

// sink keeps what tests allocate from being optimised away.
var sink []byte

func TestCollectorCollectsBetweenRequests(t *testing.T) {
	c := newCollector()
	collections := 0
	c.gc = func() { collections++ }
	// What was allocated is counted in full after a collection.
	runtime.GC()
	c.collected = c.allocated()
	for _, tc := range []struct {
		name      string
		allocated int
		requests  int32
		want      int
	}{
		{name: "too little to be worth it", allocated: worthwhile / 8},
		{name: "enough, while a request is answered", allocated: worthwhile, requests: 1},
		{name: "enough, and nobody waits", want: 1},
		{name: "nothing more since", want: 1},
	} {
		sink = make([]byte, tc.allocated)
		c.requests.Store(tc.requests)
		c.collect()
		if collections != tc.want {
			t.Errorf("%s: %d collections, want %d", tc.name, collections, tc.want)
		}
	}
}

func TestCollectorCollectsAfterAnAnswer(t *testing.T) {
	c := newCollector()
	collected := make(chan struct{})
	c.gc = func() { close(collected) }
	sink = make([]byte, worthwhile)
	c.soon()
	select {
	case <-collected:
	case <-time.After(time.Minute):
		t.Fatal("nothing was collected in a minute")
	}
}
