// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package measure

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"syscall"
	"time"
)

// Collector says how the garbage collector's work is attributed.
type Collector string

const (
	// Charged keeps the collector from running in between and adds its share by
	// calculation. A process whose live heap is L collects once per L*GOGC/100
	// allocated bytes, and what a collection costs is measured by running one
	// between the measurements. A burst allocates so little of that that a
	// collection would fall into one measurement in twenty, mostly the wrong one:
	// what another profile allocated would be paid by the one that is running.
	Charged Collector = "charged"
	// Natural leaves the collector alone, at each profile's GOGC. It is right in
	// the long run only, when each profile collects many times.
	Natural Collector = "natural"
)

// reserve returns how many bytes may be allocated between two collections while
// the collector is off: as much as there is, within reason.
func reserve() uint64 {
	return min(max(heap(), 32<<20), 512<<20)
}

// collections are the collections that were measured, and the heap they left.
type collections struct {
	cpu, wall []time.Duration
	live      uint64
}

// collect runs one collection and measures it.
func (c *collections) collect() error {
	before, err := now()
	if err != nil {
		return err
	}
	runtime.GC()
	after, err := now()
	if err != nil {
		return err
	}
	used := after.since(before)
	c.cpu, c.wall = append(c.cpu, used.cpu), append(c.wall, used.wall)
	c.live = heap()
	return nil
}

// share returns what collecting costs per allocated byte at a GOGC, in seconds
// of CPU and of time. The time is that of a process that does nothing else
// meanwhile, which is pessimistic: marking runs beside the work.
func (c *collections) share(gogc int) (cpu, wall float64) {
	trigger := float64(c.live) * float64(gogc) / 100
	return median(c.cpu).Seconds() / trigger, median(c.wall).Seconds() / trigger
}

// hold turns the collector off, and touches the bytes that will be allocated
// in between, so that no measurement pays for the kernel's first look at them.
// The returned function turns it on again.
func hold(bytes uint64) (release func()) {
	before := debug.SetGCPercent(-1)
	block := make([]byte, bytes)
	for i := 0; i < len(block); i += 4096 {
		block[i] = 1
	}
	runtime.KeepAlive(block)
	return func() { debug.SetGCPercent(before) }
}

// heap returns the size of all objects in memory.
func heap() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// allocated returns all bytes that were ever allocated.
func allocated() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.TotalAlloc
}

// mark is a point in the life of the process.
type mark struct {
	cpu  time.Duration
	wall time.Time
}

// used is what the process used between two marks.
type used struct {
	cpu, wall time.Duration
}

// now reads the CPU time of all threads of the process, user and system.
func now() (mark, error) {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return mark{}, fmt.Errorf("reading the CPU time of the process: %w", err)
	}
	return mark{cpu: time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), wall: time.Now()}, nil
}

func (m mark) since(before mark) used {
	return used{cpu: m.cpu - before.cpu, wall: m.wall.Sub(before.wall)}
}

// median returns the middle of a list, and 0 for an empty one.
func median[T time.Duration | float64](values []T) T {
	return quantile(values, 0.5)
}

// quantile returns the smallest value that the given share of the values does
// not exceed.
func quantile[T time.Duration | float64](values []T, share float64) T {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(int(share*float64(len(sorted))), len(sorted)-1)]
}
