// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package jvm_test

import (
	"fmt"
	"testing"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/test/jvm/jdk"
	"github.com/evenkeel/evenkeel/webhooks/jvm"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// TestInjectedOptionsMakeTheHeapOfTheBudget gives pods of every size the options
// of the shipped configuration and starts their JVMs under their limits.
func TestInjectedOptionsMakeTheHeapOfTheBudget(t *testing.T) {
	cfg := shipped(t)
	memories := []int64{64 * mebi, 96 * mebi, 127 * mebi, 128 * mebi, 160 * mebi, 192 * mebi, 224 * mebi, 256 * mebi, 320 * mebi, 384 * mebi,
		512 * mebi, 640 * mebi, 768 * mebi, 1000 * mebi, 1023 * mebi, gibi, 1280 * mebi, 1536 * mebi, 1791 * mebi, 1792 * mebi, 2 * gibi,
		2560 * mebi, 3 * gibi, 4 * gibi, 6 * gibi, 8 * gibi, 10 * gibi, 12 * gibi, 16 * gibi, 20 * gibi, 24 * gibi, 32 * gibi}
	for _, memory := range memories {
		if machine.limits == nil && !canLimit(memory) {
			note("limit of %d MiB: above the memory of this machine, so given by -XX:MaxRAM", memory/mebi)
		}
	}
	forEachJDK(t, func(t *testing.T, j jdk.JDK) {
		t.Parallel()
		for _, memory := range memories {
			for _, cpu := range []int64{0, 500, 1000, 1500, 2000, 4000} {
				// Processors choose the collector, and the rest is the same: all of them for a
				// few sizes, and on both sides of the choice for the others.
				if all := memory == 512*mebi || memory == gibi || memory == 2*gibi; all || cpu == 1000 || cpu == 2000 {
					checkHeap(t, cfg, j, memory, cpu)
				}
			}
		}
	})
}

// checkHeap holds one JVM to the budget of its limits.
func checkHeap(t *testing.T, cfg *v1alpha1.AdmissionConfiguration, j jdk.JDK, memory, cpu int64) {
	t.Helper()
	summary.cases.Add(1)
	what := fmt.Sprintf("%d MiB, %dm CPU", memory/mebi, cpu)
	limits := fmt.Sprintf("args: [-version]\nresources: {limits: {memory: %d, cpu: %dm}}", memory, cpu)
	if cpu == 0 {
		limits = fmt.Sprintf("args: [-version]\nresources: {limits: {memory: %d}}", memory)
	}
	c, result := admit(t, cfg, podOf(t, limits))
	res := startContainer(t, j, c, nil, "-XX:+PrintFlagsFinal")
	if res.ExitCode != 0 || res.OOMKilled {
		t.Errorf("%s: exit code %d, out of memory: %v\n%s", what, res.ExitCode, res.OOMKilled, tail(res.Output()))
		return
	}
	flags := flagsOf(res.Stdout)

	wantCollector := wantedCollector(cfg, j, memory, cpu)
	if !canLimit(memory) && memory < physicalMemory() {
		// Without cgroups the machine itself chooses.
		wantCollector = collector(flags)
	}
	if got := collector(flags); got != wantCollector {
		t.Errorf("%s: the collector is %s; want %s", what, got, wantCollector)
	}

	got := number(t, flags, "MaxHeapSize")
	rule := heapRule{major: j.Major, memory: memory, collector: wantCollector}
	if memory < cfg.Features.JVM.Heap.MinimumLimit.Value() {
		// No heap is set: half of so small a limit is the JVM's own choice.
		if result.Code != mutate.CodeLimitTooSmall || percentOf(t, c, "MaxRAMPercentage") != 0 {
			t.Errorf("%s: the limit is below the minimum, yet the result is %q", what, result.Code)
		}
		rule.percent = 50
		if want := rule.size(); got != want {
			t.Errorf("%s: the heap is %d; want the JVM's own %d", what, got, want)
		}
		return
	}
	budget := jvm.NewBudget(&cfg.Features.JVM.Heap, memory, 0)
	rule.percent = float64(budget.Permille) / 10
	if a, b := percentOf(t, c, "MaxRAMPercentage"), percentOf(t, c, "MinRAMPercentage"); a != rule.percent || b != rule.percent {
		t.Errorf("%s: the percentages are %v and %v; the budget says %v", what, a, b, rule.percent)
	}
	if want := rule.size(); got != want {
		t.Errorf("%s: the heap is %d; want %d", what, got, want)
	}
	// What was promised, in the terms of the promise. G1 rounds a heap up to its
	// region, which is larger than 2 MiB from a heap of 4 GiB on.
	most := max(2*mebi, alignment(rule, budget.Heap()))
	if over := got - budget.Heap(); over < 0 || over > most {
		t.Errorf("%s: the heap is %d and the budget's %d: %d apart", what, got, budget.Heap(), over)
	}
}

// alignment is what the heap is rounded up to.
func alignment(r heapRule, heap int64) int64 {
	if r.collector == "G1" {
		return r.region(heap)
	}
	return 0
}

// wantedCollector is the collector that a container is to have: that of a server
// where the configuration says so, and what HotSpot takes by itself without a
// CPU limit, when it sees the processors of the machine.
func wantedCollector(cfg *v1alpha1.AdmissionConfiguration, j jdk.JDK, memory, cpu int64) string {
	server := memory >= 1792*mebi
	if cpu > 0 {
		server = cpu > 1000 && memory >= cfg.Features.JVM.ServerClass.MinMemory.Value()
	}
	switch {
	case !server:
		return "Serial"
	case j.Major == 8:
		return "Parallel"
	}
	return "G1"
}
