// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package jvm_test

import (
	"math/bits"
	"testing"
)

// heapRule is how HotSpot comes to its maximum heap from the pair of percentages.
type heapRule struct {
	major     int
	memory    int64
	percent   float64
	collector string
}

// size is the MaxHeapSize that the flags show: the percentage of the memory
// (Arguments::set_heap_size), rounded up to the alignment of the heap
// (GCArguments::initialize_heap_flags_and_sizes). That is what one page of the
// card table stands for, 512 * 4096 bytes, and with G1 at least a region
// (G1Arguments::initialize_alignments).
func (r heapRule) size() int64 {
	heap := int64(float64(r.memory) * r.percent / 100)
	align := 2 * mebi
	if r.collector == "G1" {
		align = max(align, r.region(heap))
	}
	return alignUp(heap, align)
}

// region is the size of G1's regions, of which there are to be about 2048
// (HeapRegion::setup_heap_region_size). Since 16 it comes of the maximum heap,
// rounded up to a power of two (JDK-8241670); before of the mean of the
// initial and the maximum heap, rounded down. The initial one is a 64th of the memory.
func (r heapRule) region(heap int64) int64 {
	const least, most = mebi, 32 * mebi
	if r.major >= 16 {
		return min(powerOfTwo(max(heap/2048, least), true), most)
	}
	initial := max(r.memory/64, 8*mebi)
	return min(powerOfTwo(max((heap+initial)/2/2048, least), false), most)
}

// powerOfTwo rounds n to a power of two.
func powerOfTwo(n int64, up bool) int64 {
	down := int64(1) << (bits.Len64(uint64(n)) - 1)
	if up && down != n {
		return down * 2
	}
	return down
}

func alignUp(n, align int64) int64 { return (n + align - 1) / align * align }

// TestHeapRule checks the rule's arithmetic on numbers worked out by hand.
func TestHeapRule(t *testing.T) {
	for name, tc := range map[string]struct {
		rule heapRule
		want int64
	}{
		"a serial heap":             {heapRule{17, 1000 * mebi, 72.5, "Serial"}, 726 * mebi},
		"a multiple of 2 MiB stays": {heapRule{17, 128 * mebi, 75, "Serial"}, 96 * mebi},
		"G1 with regions of 2 MiB":  {heapRule{17, 4 * gibi, 71.9, "G1"}, 2946 * mebi},
		"G1 with regions of 16 MiB": {heapRule{17, 32 * gibi, 80, "G1"}, 26224 * mebi},
		"G1 of 11 with 4 MiB":       {heapRule{11, 32 * gibi, 80, "G1"}, 26216 * mebi},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tc.rule.size(); got != tc.want {
				t.Errorf("the heap is %d MiB; want %d", got/mebi, tc.want/mebi)
			}
		})
	}
}
