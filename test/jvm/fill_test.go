// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package jvm_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/evenkeel/evenkeel/test/jvm/container"
	"github.com/evenkeel/evenkeel/test/jvm/jdk"
	"github.com/evenkeel/evenkeel/webhooks/jvm"
)

// filledPercent is how much of its heap a service keeps alive here: with more, a
// collector cannot work.
const filledPercent = 85

// TestBudgetCanBeFilled fills each part that the budget counts, to what it counts,
// under a hard limit. Beside it, on one JDK, the same program runs with the JVM's
// own defaults and with the percentage that is often advised, whose ends are told
// and not judged.
func TestBudgetCanBeFilled(t *testing.T) {
	needLimits(t)
	cfg := shipped(t)
	classes := compile(t, "programs/Fill.java")
	forEachJDK(t, func(t *testing.T, j jdk.JDK) {
		t.Parallel()
		for _, memory := range []int64{512 * mebi, gibi, 2 * gibi} {
			if memory > gibi && j.Major != required {
				// A large heap takes seconds, and the parts beside it do not grow with it.
				continue
			}
			summary.cases.Add(1)
			budget := jvm.NewBudget(&cfg.Features.JVM.Heap, memory, 0)
			if budget.Rule != jvm.RuleBudget {
				t.Fatalf("%d MiB: the heap is by the rule %q, so the parts do not fit", memory/mebi, budget.Rule)
			}
			threads := budget.Threads / cfg.Features.JVM.Heap.ThreadStack.Value()
			pod := podOf(t, fmt.Sprintf(`
command: [java, "-XX:CompileCommand=exclude,Deep::deep", -cp, %s, Fill, "%d", "%d", "%d", "%d", "%d"]
resources: {limits: {memory: %d, cpu: 2}}`,
				classes, budget.Metaspace, threads, cfg.Features.JVM.Heap.ThreadStack.Value(), budget.Direct, filledPercent, memory))

			plain := pod.Spec.Containers[0].DeepCopy()
			advised := podOf(t, ownOptions("JAVA_TOOL_OPTIONS", "-XX:MaxRAMPercentage=75.0")).Spec.Containers[0]
			advised.Command, advised.Args, advised.Resources = plain.Command, nil, plain.Resources
			ours, _ := admit(t, cfg, pod)

			res := startContainer(t, j, ours, nil)
			checkFilled(t, memory, budget, res)
			noteFill(j, memory, "Evenkeel", res)
			if j.Major != required {
				continue
			}
			noteFill(j, memory, "the JVM's defaults", startContainer(t, j, plain, nil))
			noteFill(j, memory, "MaxRAMPercentage=75", startContainer(t, j, &advised, nil))
		}
	})
}

// checkFilled holds the program to have filled what it was told to.
func checkFilled(t *testing.T, memory int64, budget jvm.Budget, res *container.Result) {
	t.Helper()
	if res.ExitCode != 0 || res.OOMKilled {
		t.Errorf("%d MiB: exit code %d, killed for memory: %v\n%s", memory/mebi, res.ExitCode, res.OOMKilled, tail(res.Output()))
		return
	}
	got := filled(res)
	for part, want := range map[string]int64{
		"threads": budget.Threads, "metaspace": budget.Metaspace, "direct": budget.Direct,
		// What a JVM says that it may use at most is less than its heap: Parallel keeps
		// a survivor space free, up to an eighth.
		"heap": budget.Heap() * filledPercent / 100 * 7 / 8,
	} {
		if got[part] < want {
			t.Errorf("%d MiB: %s is %d MiB; the budget is for %d\n%s", memory/mebi, part, got[part]/mebi, want/mebi, res.Stdout)
		}
	}
}

var filledPattern = regexp.MustCompile(`(?m)^(\w+) (\d+)$`)

// filled reads what the program printed of the parts.
func filled(res *container.Result) map[string]int64 {
	parts := map[string]int64{}
	for _, m := range filledPattern.FindAllStringSubmatch(res.Stdout, -1) {
		parts[m[1]], _ = strconv.ParseInt(m[2], 10, 64)
	}
	return parts
}

// noteFill puts an end into the summary.
func noteFill(j jdk.JDK, memory int64, how string, res *container.Result) {
	end := "filled"
	switch {
	case res.OOMKilled:
		end = "KILLED by the kernel"
	case res.ExitCode != 0:
		end = fmt.Sprintf("ended with exit code %d", res.ExitCode)
	}
	got := filled(res)
	resident := "?"
	if got["resident"] > 0 {
		resident = fmt.Sprint(got["resident"] / mebi)
	}
	if res.ExitCode != 0 && !res.OOMKilled {
		lines := strings.Split(strings.TrimSpace(res.Stderr), "\n")
		end += ": " + lines[len(lines)-1]
	}
	note("fill: %4d MiB, JDK %2d, %-20s heap of %4d MiB, %s MiB resident, %s", memory/mebi, j.Major, how, got["max"]/mebi, resident, end)
}
