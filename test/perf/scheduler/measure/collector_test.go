// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package measure

import (
	"math"
	"runtime"
	"testing"
	"time"
)

// TestShareChargesByAllocation: with 1000 bytes alive and GOGC 400, Go collects
// after 4000 allocated bytes, so each byte pays a 4000th of a collection.
func TestShareChargesByAllocation(t *testing.T) {
	c := collections{live: 1000, cpu: []time.Duration{time.Second, 4 * time.Second, 9 * time.Second}, wall: []time.Duration{2 * time.Second}}
	for gogc, want := range map[int]struct{ cpu, wall float64 }{
		400: {cpu: 0.001, wall: 0.0005},
		100: {cpu: 0.004, wall: 0.002},
	} {
		cpu, wall := c.share(gogc)
		if math.Abs(cpu-want.cpu) > 1e-9 || math.Abs(wall-want.wall) > 1e-9 {
			t.Errorf("GOGC %d: %v s of CPU and %v s per byte, want %v and %v", gogc, cpu, wall, want.cpu, want.wall)
		}
	}
}

func TestCollectMeasuresOneCollection(t *testing.T) {
	defer hold(1 << 20)()
	garbage := make([]byte, 64<<20)
	runtime.KeepAlive(garbage)
	before := heap()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	collected := stats.NumGC
	var c collections
	if err := c.collect(); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&stats)
	if stats.NumGC != collected+1 {
		t.Errorf("%d collections ran, want one", stats.NumGC-collected)
	}
	if c.cpu[0] <= 0 || c.wall[0] <= 0 {
		t.Errorf("a collection took %s of CPU and %s", c.cpu[0], c.wall[0])
	}
	if c.live == 0 || c.live > before-32<<20 {
		t.Errorf("%d bytes are alive of %d, although 64 MiB were garbage", c.live, before)
	}
}

func TestQuantile(t *testing.T) {
	values := []float64{5, 1, 4, 2, 3}
	for share, want := range map[float64]float64{0: 1, 0.5: 3, 0.99: 5, 1: 5} {
		if got := quantile(values, share); got != want {
			t.Errorf("quantile %v is %v, want %v", share, got, want)
		}
	}
	if got := median([]float64{}); got != 0 {
		t.Errorf("the median of nothing is %v", got)
	}
}
