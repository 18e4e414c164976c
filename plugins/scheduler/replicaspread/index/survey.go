// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package index

import (
	"unsafe"
)

// Survey is what an index says about the whole cluster.
type Survey struct {
	Size
	// AtRisk counts, per level, the workloads whose fullest domain holds more
	// pods than it would if they lay evenly over all domains: those that lose
	// more than they need when that domain fails. Which domains a workload can
	// use at all (node selectors, taints) is not known here.
	AtRisk [MaxLevels]int
	// Bytes is an estimate of the memory that the index takes.
	Bytes int64
}

// surveyBatch is the number of counts after which a survey lets others have the
// index: it takes them some 50 µs.
const surveyBatch = 4096

// Survey walks over all workloads. It does so bit by bit, so that a scheduling
// cycle never waits for more than one batch or one huge workload. A workload
// that comes or goes meanwhile may or may not be counted, every other one is
// counted once.
func (ix *Index) Survey() Survey {
	ix.surveys.Lock()
	defer ix.surveys.Unlock()
	ix.mu.Lock()
	ix.survey++
	at := len(ix.order)
	ix.mu.Unlock()
	var s Survey
	// From the end: dropping a workload moves the last one to its place, which
	// has been seen by then.
	for at > 0 {
		at = ix.surveyBatch(&s, at)
	}
	s.Size = ix.Size()
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	s.Bytes = ix.bytes()
	return s
}

// surveyBatch surveys some workloads before the given position, and returns the
// position from which on it has seen all.
func (ix *Index) surveyBatch(s *Survey, at int) int {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	left := surveyBatch
	for at = min(at, len(ix.order)); at > 0 && left > 0; at-- {
		g := ix.order[at-1]
		left--
		if g.seen == ix.survey {
			continue
		}
		g.seen = ix.survey
		for level := range ix.config.Levels {
			left -= g.podsIn[level].len()
			if domains := int32(len(ix.domains[level].ids)); domains > 0 && g.podsIn[level].most() > (g.pods+domains-1)/domains {
				s.AtRisk[level]++
			}
		}
	}
	return at
}

// bytes estimates the memory of the index from the number of its parts. A test
// holds it to what the heap says.
func (ix *Index) bytes() int64 {
	const (
		// A string and a pointer in a Go map, at its average load.
		tableEntry = 40
		perNode    = int64(unsafe.Sizeof(node{})+unsafe.Sizeof(slot{})) + tableEntry
		// Its name, in a list and a table, and its text.
		perDomain = 16 + 4 + tableEntry + 48
		perGroup  = int64(unsafe.Sizeof(group{})) + tableEntry + 8
		perTenant = int64(unsafe.Sizeof(tenant{}))
		// A pointer. The pods themselves are the scheduler's.
		perPod = 8
		// Between 8 bytes in a list, half full at worst, and 9 in a map, filled
		// to between seven sixteenths and seven eighths.
		perCount = 14
	)
	domains := 0
	for level := range ix.config.Levels {
		domains += len(ix.domains[level].names)
	}
	return int64(len(ix.nodes))*perNode + int64(domains)*perDomain + int64(len(ix.workloads)+len(ix.families))*perGroup +
		int64(ix.shares)*perTenant + int64(ix.kept)*perPod + int64(ix.counts)*perCount
}
