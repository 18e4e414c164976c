// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package jvm

import (
	"fmt"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
)

// Budget is how a memory limit is divided, in bytes. The parts and the heap add
// up to the limit, unless the heap is at its floor or ceiling.
type Budget struct {
	// Limit is what is divided.
	Limit int64
	// The parts besides the heap, as v1alpha1.HeapBudget names them.
	Metaspace, CodeCache, Threads, Direct, Native int64
	// Agents is what is reserved for injected agents.
	Agents int64
	// Permille is the heap in thousandths of the limit, rounded down: a
	// percentage with one decimal, as the JVM's options take it.
	Permille int64
	// Rule says what decided the heap.
	Rule Rule
}

// Rule says what decided the size of a heap.
type Rule string

const (
	// RuleBudget means that the heap is what the other parts leave.
	RuleBudget Rule = "budget"
	// RuleFloor means that they leave less than the floor, which the heap has.
	RuleFloor Rule = "floor"
	// RuleCeiling means that they leave more than the ceiling, which the heap has.
	RuleCeiling Rule = "ceiling"
	// RuleAnnotation means that the pod asked for a percentage.
	RuleAnnotation Rule = "annotation"
)

// NewBudget divides a memory limit, which must be positive. agents is the sum of
// what is reserved for injected agents.
func NewBudget(cfg *v1alpha1.HeapBudget, limit, agents int64) Budget {
	b := Budget{
		Limit:     limit,
		Metaspace: cfg.Metaspace.Value(),
		CodeCache: cfg.CodeCache.Of(limit),
		Threads:   int64(*cfg.Threads) * cfg.ThreadStack.Value(),
		Direct:    cfg.Direct.Of(limit),
		Native:    cfg.Native.Of(limit),
		Agents:    agents,
		Rule:      RuleBudget,
	}
	// In floating point because a limit may be as large as an int64.
	b.Permille = int64(float64(limit-b.Parts()) / float64(limit) * 1000)
	if floor := int64(*cfg.FloorPercent) * 10; b.Permille < floor {
		b.Permille, b.Rule = floor, RuleFloor
	}
	if ceiling := int64(*cfg.CeilingPercent) * 10; b.Permille > ceiling {
		b.Permille, b.Rule = ceiling, RuleCeiling
	}
	return b
}

// Parts is the sum of what is not the heap.
func (b Budget) Parts() int64 {
	return b.Metaspace + b.CodeCache + b.Threads + b.Direct + b.Native + b.Agents
}

// Heap is the heap in bytes.
func (b Budget) Heap() int64 { return permilleOf(b.Limit, b.Permille) }

// maxLeastLimit is where LeastLimit gives up: 1 TiB, more than any container has.
const maxLeastLimit = 1 << 40

// LeastLimit returns the least memory limit, in whole MiB, that holds the whole
// budget: the heap is not below its floor, and there is room for the agents
// above the minimum. It returns 0 where the parts that grow with the limit and
// the floor leave no such limit.
func LeastLimit(cfg *v1alpha1.HeapBudget, agents int64) int64 {
	const mi = 1 << 20
	holds := func(limit int64) bool {
		return limit-agents >= cfg.MinimumLimit.Value() && NewBudget(cfg, limit, agents).Rule != RuleFloor
	}
	// The parts grow more slowly than the limit, or never fit, so what holds once
	// holds for all that is larger.
	low, high := int64(0), int64(maxLeastLimit/mi)
	if !holds(high * mi) {
		return 0
	}
	for high-low > 1 {
		if middle := (low + high) / 2; holds(middle * mi) {
			high = middle
		} else {
			low = middle
		}
	}
	return high * mi
}

// permilleOf returns so many thousandths of n without overflowing.
func permilleOf(n, permille int64) int64 {
	return n/1000*permille + n%1000*permille/1000
}

// formatPermille writes thousandths as a percentage with one decimal and a dot:
// JDK 13 and before read a number without one as an error.
func formatPermille(permille int64) string {
	return fmt.Sprintf("%d.%d", permille/10, permille%10)
}
