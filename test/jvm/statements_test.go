// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package jvm_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/evenkeel/evenkeel/test/jvm/jdk"
)

// statement is a fact about HotSpot: what a start comes to.
type statement struct {
	process
	// since and until are the first and the last release that it holds for; 0 is no
	// bound.
	since, until int
	// needs names a limit of this machine that it cannot do without.
	needs func(*testing.T)

	wantExit      int
	wantFlags     map[string]string
	wantCollector string
	// wantOutput must be in what it prints, and notOutput must not.
	wantOutput []string
	notOutput  string
}

// holds reports whether the statement speaks of a release.
func (s statement) holds(j jdk.JDK) bool {
	return j.Major >= s.since && (s.until == 0 || j.Major <= s.until)
}

// checkStatements runs each statement on each JDK that it speaks of. A tool that
// an installation does not have is said.
func checkStatements(t *testing.T, statements map[string]statement) {
	for _, name := range slices.Sorted(maps.Keys(statements)) {
		s := statements[name]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if s.needs != nil {
				s.needs(t)
			}
			ran := 0
			for _, j := range machine.jdks {
				if !s.holds(j) {
					continue
				}
				if s.tool != "" {
					if _, ok := j.Tool(s.tool); !ok {
						note("not in JDK %d: the tool %s", j.Major, s.tool)
						continue
					}
				}
				if s.uid != 0 && j.Root != "" {
					note("not in JDK %d: a user of its own", j.Major)
					continue
				}
				ran++
				t.Run(fmt.Sprintf("jdk%d", j.Major), func(t *testing.T) { s.check(t, j) })
			}
			if ran == 0 {
				note("ABSENT: a JDK for the statement %q (%d to %d)", name, s.since, s.until)
				t.Skipf("ABSENT: no JDK here is one that it speaks of (%d to %d)", s.since, s.until)
			}
		})
	}
}

func (s statement) check(t *testing.T, j jdk.JDK) {
	t.Helper()
	summary.cases.Add(1)
	res := start(t, j, s.process)
	output := res.Output()
	if res.ExitCode != s.wantExit {
		t.Errorf("exit code %d; want %d\n%s", res.ExitCode, s.wantExit, tail(output))
	}
	flags := flagsOf(res.Stdout)
	got := map[string]string{}
	for name := range s.wantFlags {
		got[name] = flags[name]
	}
	if diff := cmp.Diff(s.wantFlags, got); s.wantFlags != nil && diff != "" {
		t.Errorf("flags (-want +got):\n%s", diff)
	}
	if got := collector(flags); s.wantCollector != "" && got != s.wantCollector {
		t.Errorf("the collector is %s; want %s", got, s.wantCollector)
	}
	for _, want := range s.wantOutput {
		if !strings.Contains(output, want) {
			t.Errorf("the output does not have %q:\n%s", want, tail(output))
		}
	}
	if s.notOutput != "" && strings.Contains(output, s.notOutput) {
		t.Errorf("the output has %q:\n%s", s.notOutput, tail(output))
	}
}

func bytes(n int64) string { return fmt.Sprint(n) }

// options is an environment in which JAVA_TOOL_OPTIONS has a value.
func options(value string) map[string]string { return map[string]string{"JAVA_TOOL_OPTIONS": value} }

// TestPercentagesFollowOneRule holds what the pair of percentages rests on.
func TestPercentagesFollowOneRule(t *testing.T) {
	of := func(memory int64, options ...string) process {
		return process{memory: memory, cpu: 1000, args: show(options...)}
	}
	heap := func(n int64) map[string]string { return map[string]string{"MaxHeapSize": bytes(n)} }
	checkStatements(t, map[string]statement{
		"below 250 MiB the minimum rules and the maximum does nothing": {needs: needLimits,
			process: of(128*mebi, "-XX:MaxRAMPercentage=75.0"), wantFlags: heap(64 * mebi)},
		"below 250 MiB the pair does": {needs: needLimits,
			process: of(128*mebi, "-XX:MaxRAMPercentage=75.0", "-XX:MinRAMPercentage=75.0"), wantFlags: heap(96 * mebi)},
		"by default a quarter is the heap": {needs: needLimits, process: of(gibi), wantFlags: heap(256 * mebi)},
		"by default half of a small limit is": {needs: needLimits,
			process: of(128 * mebi), wantFlags: heap(64 * mebi)},
		"by default it is 126 MiB from 250 MiB": {needs: needLimits, process: of(256 * mebi), wantFlags: heap(126 * mebi)},
		"to 500 MiB":                            {needs: needLimits, process: of(300 * mebi), wantFlags: heap(126 * mebi)},
		"whatever the maximum says": {needs: needLimits,
			process: of(256*mebi, "-XX:MaxRAMPercentage=40.0"), wantFlags: heap(126 * mebi)},
		"the pair has no such floor": {needs: needLimits,
			process: of(256*mebi, "-XX:MaxRAMPercentage=40.0", "-XX:MinRAMPercentage=40.0"), wantFlags: heap(104 * mebi)},
		"the first heap is a 64th": {needs: needLimits,
			process: of(gibi), wantFlags: map[string]string{"InitialHeapSize": bytes(16 * mebi)}},
		"and at least 8 MiB": {needs: needLimits,
			process: of(128 * mebi), wantFlags: map[string]string{"InitialHeapSize": bytes(8 * mebi)}},
		"MaxRAM takes the place of the memory that is there": {
			process:   process{args: show("-XX:MaxRAM=536870912", "-XX:MaxRAMPercentage=75.0", "-XX:MinRAMPercentage=75.0")},
			wantFlags: heap(384 * mebi)},
		"a percentage without a dot is an error to an old parser": {until: 8,
			process: process{args: show("-XX:MaxRAMPercentage=75")}, wantExit: 1,
			wantOutput: []string{"Improperly specified VM option 'MaxRAMPercentage=75'"}},
		"and none to a later one": {since: 11, needs: needLimits,
			process: of(gibi, "-XX:MaxRAMPercentage=75"), wantFlags: heap(768 * mebi)},
		"a heap has no unit Mi": {process: process{args: show("-Xmx384Mi")}, wantExit: 1,
			wantOutput: []string{"Invalid maximum heap size: -Xmx384Mi"}},
		"old container support is no option any more": {since: 11,
			process:  process{args: show("-XX:+UnlockExperimentalVMOptions", "-XX:+UseCGroupMemoryLimitForHeap")},
			wantExit: 1, wantOutput: []string{"Unrecognized VM option 'UseCGroupMemoryLimitForHeap'"}},
		"the rest has no bound that a container would need": {needs: needLimits, process: of(gibi),
			wantFlags: map[string]string{"ThreadStackSize": "1024", "MaxDirectMemorySize": "0"}},
		"240 MiB are reserved for compiled code": {until: 21, needs: needLimits, process: of(gibi),
			wantFlags: map[string]string{"ReservedCodeCacheSize": bytes(240 * mebi)}},
		"and a page more by a later release": {since: 25, needs: needLimits, process: of(gibi),
			wantFlags: map[string]string{"ReservedCodeCacheSize": bytes(240*mebi + 4*kibi)}},
	})
}

// TestPairGivesThePercentageAtEverySize holds the pair to its percentage, rounded
// up to 2 MiB, on both sides of where HotSpot changes its rule.
func TestPairGivesThePercentageAtEverySize(t *testing.T) {
	needLimits(t)
	forEachJDK(t, func(t *testing.T, j jdk.JDK) {
		t.Parallel()
		for _, memory := range []int64{100, 128, 200, 249, 251, 300, 500, 512, 1000} {
			for _, percent := range []float64{40, 60, 72.5} {
				summary.cases.Add(1)
				p := fmt.Sprintf("%.1f", percent)
				res := start(t, j, process{memory: memory * mebi, cpu: 1000,
					args: show("-XX:MaxRAMPercentage="+p, "-XX:MinRAMPercentage="+p)})
				want := alignUp(int64(float64(memory*mebi)*percent/100), 2*mebi)
				if got := number(t, flagsOf(res.Stdout), "MaxHeapSize"); got != want {
					t.Errorf("%d MiB at %s %%: the heap is %d; want %d", memory, p, got, want)
				}
			}
		}
	})
}

// TestHeapFlagsYieldToEachOther holds which of two heap flags counts: the kind of
// the flag, and not its place.
func TestHeapFlagsYieldToEachOther(t *testing.T) {
	of := func(env map[string]string, options ...string) process {
		return process{memory: gibi, cpu: 2000, env: env, args: show(options...)}
	}
	heap := func(n int64) map[string]string { return map[string]string{"MaxHeapSize": bytes(n)} }
	const pair = "-XX:MaxRAMPercentage=75.0 -XX:MinRAMPercentage=75.0"
	checkStatements(t, map[string]statement{
		"an injected -Xmx defeats the user's percentage": {needs: needLimits,
			process: of(options("-Xmx200m"), "-XX:MaxRAMPercentage=50.0"), wantFlags: heap(200 * mebi)},
		"an injected percentage yields to the user's -Xmx": {needs: needLimits,
			process: of(options(pair), "-Xmx300m"), wantFlags: heap(300 * mebi)},
		"in the same variable too": {needs: needLimits,
			process: of(options("-Xmx300m " + pair)), wantFlags: heap(300 * mebi)},
		"the last of equal flags counts": {needs: needLimits,
			process: of(options(pair), "-XX:MaxRAMPercentage=50.0"), wantFlags: heap(512 * mebi)},
		"an injected -Xms above the user's -Xmx ends the JVM": {
			process: of(options("-Xms512m"), "-Xmx256m"), wantExit: 1, needs: needLimits,
			wantOutput: []string{"Initial heap size set to a larger value than the maximum heap size"}},
		"an injected initial percentage is cut to it": {needs: needLimits,
			process:   of(options("-XX:InitialRAMPercentage=50.0"), "-Xmx64m"),
			wantFlags: map[string]string{"InitialHeapSize": bytes(64 * mebi), "MaxHeapSize": bytes(64 * mebi)}},
		"a user's -Xms raises an injected percentage": {needs: needLimits,
			process:   of(options(pair), "-Xms900m"),
			wantFlags: map[string]string{"InitialHeapSize": bytes(900 * mebi), "MaxHeapSize": bytes(900 * mebi)}},
	})
}

// TestCollectorChoice holds how HotSpot chooses a collector.
func TestCollectorChoice(t *testing.T) {
	of := func(memory, cpu int64, env map[string]string, options ...string) process {
		return process{memory: memory, cpu: cpu, env: env, args: show(options...)}
	}
	const server = "-XX:+AlwaysActAsServerClassMachine"
	statements := map[string]statement{
		"1791 MiB are no server": {needs: needLimits, process: of(1791*mebi, 2000, nil), wantCollector: "Serial"},
		"1792 MiB are":           {needs: needLimits, since: 9, process: of(1792*mebi, 2000, nil), wantCollector: "G1"},
		"of JDK 8 too, with the collector of its time": {needs: needLimits, until: 8,
			process: of(1792*mebi, 2000, nil), wantCollector: "Parallel"},
		"one processor is none": {needs: needLimits, process: of(4*gibi, 1000, nil), wantCollector: "Serial"},
		"a processor and a little are two": {needs: needLimits, since: 9,
			process: of(4*gibi, 1001, nil), wantCollector: "G1"},
		"half of one is one": {needs: needLimits, process: of(4*gibi, 500, nil), wantCollector: "Serial"},
		"threads of a collector come from the processors": {needs: needLimits, since: 9, process: of(2*gibi, 2000, nil),
			wantFlags: map[string]string{"ParallelGCThreads": "2", "ConcGCThreads": "1"}},
		"with MaxRAM the real memory chooses": {needs: needLimits, since: 9,
			process: of(2*gibi, 2000, nil, "-XX:MaxRAM=536870912"), wantCollector: "G1"},
		"an injected collector and another of the user's end the JVM": {
			process: of(0, 0, options("-XX:+UseG1GC"), "-XX:+UseParallelGC"), wantExit: 1, since: 10,
			wantOutput: []string{"Multiple garbage collectors selected"}},
		"of JDK 8 too": {until: 8,
			process: of(0, 0, options("-XX:+UseG1GC"), "-XX:+UseParallelGC"), wantExit: 1,
			wantOutput: []string{"Conflicting collector combinations in option list"}},
		"told to act as on a server it takes the server's": {needs: needLimits, since: 9,
			process: of(gibi, 2000, options(server)), wantCollector: "G1"},
		"JDK 8 its own": {needs: needLimits, until: 8,
			process: of(gibi, 2000, options(server)), wantCollector: "Parallel"},
	}
	for name, since := range map[string]int{"Serial": 8, "Parallel": 8, "G1": 8, "Z": 17, "Shenandoah": 17} {
		statements["told so it leaves the user his "+name] = statement{needs: needLimits, since: since,
			process: of(gibi, 2000, options(server), "-XX:+Use"+name+"GC"), wantCollector: name}
	}
	checkStatements(t, statements)
}
