// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"runtime"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// quiet is how long after an answer the garbage is collected: long enough for the
	// answer to be on its way, and shorter than what a runtime takes to its next request.
	quiet = 500 * time.Microsecond
	// worthwhile is how much must have been allocated since the last time, in bytes: a
	// quarter of the four MiB at which Go collects by itself, so that the daemon is
	// ahead of it.
	worthwhile = 1 << 20
)

// collector collects garbage between requests. Left to itself Go collects while it
// allocates, which is while it reads a request, and somebody waits for it (test/node,
// TestCostOfARequest).
type collector struct {
	// requests counts those that are being answered.
	requests atomic.Int32
	timer    *time.Timer
	// gc is runtime.GC, save in tests.
	gc func()

	mu sync.Mutex
	// sample holds the bytes that were ever allocated, collected those of them that
	// were at the last collection.
	sample    []metrics.Sample
	collected uint64
}

func newCollector() *collector {
	c := &collector{gc: runtime.GC, sample: []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}}
	c.timer = time.AfterFunc(time.Hour, c.collect)
	c.timer.Stop()
	return c
}

// soon collects in a moment, if it is quiet then.
func (c *collector) soon() { c.timer.Reset(quiet) }

// collect collects if there is enough and nobody waits for an answer. Otherwise the
// next answer is the next occasion, and Go's own collector the last resort.
func (c *collector) collect() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.requests.Load() > 0 || c.allocated()-c.collected < worthwhile {
		return
	}
	c.gc()
	c.collected = c.allocated()
}

func (c *collector) allocated() uint64 {
	metrics.Read(c.sample)
	return c.sample[0].Value.Uint64()
}
