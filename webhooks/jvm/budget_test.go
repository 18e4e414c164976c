// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package jvm_test

import (
	"fmt"
	"testing"

	"github.com/evenkeel/evenkeel/webhooks/jvm"
)

func TestBudget(t *testing.T) {
	const mi, gi = int64(1 << 20), int64(1 << 30)
	for name, tc := range map[string]struct {
		limit, agents int64
		permille      int64
		rule          jvm.Rule
	}{
		"64Mi":                    {limit: 64 * mi, permille: 400, rule: jvm.RuleFloor},
		"128Mi":                   {limit: 128 * mi, permille: 400, rule: jvm.RuleFloor},
		"256Mi":                   {limit: 256 * mi, permille: 400, rule: jvm.RuleFloor},
		"384Mi":                   {limit: 384 * mi, permille: 400, rule: jvm.RuleFloor},
		"512Mi":                   {limit: 512 * mi, permille: 445, rule: jvm.RuleBudget},
		"768Mi":                   {limit: 768 * mi, permille: 613, rule: jvm.RuleBudget},
		"1Gi":                     {limit: gi, permille: 697, rule: jvm.RuleBudget},
		"1536Mi":                  {limit: 1536 * mi, permille: 754, rule: jvm.RuleBudget},
		"2Gi":                     {limit: 2 * gi, permille: 780, rule: jvm.RuleBudget},
		"4Gi":                     {limit: 4 * gi, permille: 800, rule: jvm.RuleCeiling},
		"8Gi":                     {limit: 8 * gi, permille: 800, rule: jvm.RuleCeiling},
		"32Gi":                    {limit: 32 * gi, permille: 800, rule: jvm.RuleCeiling},
		"1Gi with two agents":     {limit: gi, agents: 164 * mi, permille: 537, rule: jvm.RuleBudget},
		"agents beyond the limit": {limit: gi, agents: 2 * gi, permille: 400, rule: jvm.RuleFloor},
		"one byte":                {limit: 1, permille: 400, rule: jvm.RuleFloor},
		"the largest limit":       {limit: 1<<63 - 1, permille: 800, rule: jvm.RuleCeiling},
	} {
		t.Run(name, func(t *testing.T) {
			b := jvm.NewBudget(&feature(t, "{}").Heap, tc.limit, tc.agents)
			if b.Permille != tc.permille || b.Rule != tc.rule {
				t.Errorf("heap is %d‰ by %s; want %d‰ by %s", b.Permille, b.Rule, tc.permille, tc.rule)
			}
			if b.Heap() < 0 || b.Heap() > b.Limit {
				t.Errorf("heap is %d of %d", b.Heap(), b.Limit)
			}
		})
	}
}

// TestBudgetEdges has metaspace alone, of 1000Mi, so that the heap is at the
// floor of 40 % or the ceiling of 80 %, or a tenth of a percent beside it.
func TestBudgetEdges(t *testing.T) {
	const none = "codeCache: {percent: 0}, direct: {percent: 0}, native: {percent: 0}, threads: 0"
	for metaspace, want := range map[string]struct {
		permille int64
		rule     jvm.Rule
	}{
		"601Mi": {400, jvm.RuleFloor},
		"600Mi": {400, jvm.RuleBudget},
		"599Mi": {401, jvm.RuleBudget},
		"201Mi": {799, jvm.RuleBudget},
		"200Mi": {800, jvm.RuleBudget},
		"199Mi": {800, jvm.RuleCeiling},
	} {
		t.Run(metaspace, func(t *testing.T) {
			b := jvm.NewBudget(&feature(t, "{heap: {metaspace: "+metaspace+", "+none+"}}").Heap, 1000<<20, 0)
			if b.Permille != want.permille || b.Rule != want.rule {
				t.Errorf("heap is %d‰ by %s; want %d‰ by %s", b.Permille, b.Rule, want.permille, want.rule)
			}
		})
	}
}

// TestBudgetAddsUp: where the budget decides, the parts and the heap are the
// limit, but for what rounding to a decimal leaves; and a larger limit never has
// a smaller heap.
func TestBudgetAddsUp(t *testing.T) {
	cfg := &feature(t, "{}").Heap
	last := int64(0)
	for limit := int64(64 << 20); limit <= 32<<30; limit += 37 << 20 {
		b := jvm.NewBudget(cfg, limit, 0)
		if b.Heap() < last {
			t.Fatalf("at %d the heap shrinks from %d to %d", limit, last, b.Heap())
		}
		last = b.Heap()
		if b.Rule != jvm.RuleBudget {
			continue
		}
		if left := limit - b.Parts() - b.Heap(); left < 0 || left > limit/1000+1 {
			t.Fatalf("at %d the parts leave %d over", limit, left)
		}
	}
}

// TestLeastLimit: one MiB less than the least limit has the floor, and it has not.
func TestLeastLimit(t *testing.T) {
	const mi = int64(1 << 20)
	for name, tc := range map[string]struct {
		section string
		agents  int64
		want    int64
	}{
		"default":                {section: "{}", want: 470 * mi},
		"with agents":            {section: "{}", agents: 164 * mi, want: 769 * mi},
		"nothing but a minimum":  {section: "{heap: {metaspace: 0, threads: 0, codeCache: {percent: 0}, direct: {percent: 0}, native: {percent: 0}}}", agents: 10 * mi, want: 138 * mi},
		"parts that always grow": {section: "{heap: {native: {percent: 50}, codeCache: {percent: 50}}}", want: 0},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := &feature(t, tc.section).Heap
			got := jvm.LeastLimit(cfg, tc.agents)
			if got != tc.want {
				t.Fatalf("least limit is %d Mi; want %d", got/mi, tc.want/mi)
			}
			if got == 0 || tc.section != "{}" {
				return
			}
			if at, below := jvm.NewBudget(cfg, got, tc.agents), jvm.NewBudget(cfg, got-mi, tc.agents); at.Rule != jvm.RuleBudget || below.Rule != jvm.RuleFloor {
				t.Errorf("the heap is by the %s there and by the %s one MiB below", at.Rule, below.Rule)
			}
		})
	}
}

// The budget of a container of 1 GiB, as the documentation explains it.
func ExampleNewBudget() {
	b := jvm.NewBudget(&exampleConfig.Heap, 1<<30, 0)
	fmt.Printf("metaspace %d, code cache %d, threads %d, direct %d, native %d MiB\n",
		b.Metaspace>>20, b.CodeCache>>20, b.Threads>>20, b.Direct>>20, b.Native>>20)
	fmt.Printf("heap %d MiB, %d‰ of the limit by the %s\n", b.Heap()>>20, b.Permille, b.Rule)
	// Output:
	// metaspace 100, code cache 64, threads 62, direct 32, native 51 MiB
	// heap 713 MiB, 697‰ of the limit by the budget
}
