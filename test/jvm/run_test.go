// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package jvm_test

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/evenkeel/evenkeel/test/jvm/container"
	"github.com/evenkeel/evenkeel/test/jvm/jdk"
)

const (
	kibi = int64(1) << 10
	mebi = int64(1) << 20
	gibi = int64(1) << 30
)

// process is a start of a JVM or of one of its tools.
type process struct {
	// tool of the JDK, java by default. command takes its place with any program.
	tool    string
	command []string
	args    []string
	env     map[string]string
	memory  int64
	cpu     int64 // in thousandths
	uid     int
	dir     string
	binds   []container.Bind
}

// start runs a process with a JDK to its end.
func start(t *testing.T, j jdk.JDK, p process) *container.Result {
	t.Helper()
	command := p.command
	if command == nil {
		tool := p.tool
		if tool == "" {
			tool = "java"
		}
		path, ok := j.Tool(tool)
		if !ok {
			t.Fatalf("%s has no %s", j, tool)
		}
		command = []string{path}
	}
	env := []string{"PATH=" + j.Home + "/bin:/usr/bin:/bin", "JAVA_HOME=" + j.Home}
	for _, name := range slices.Sorted(maps.Keys(p.env)) {
		env = append(env, name+"="+p.env[name])
	}
	dir := p.dir
	if dir == "" {
		// A JVM that dies leaves a report where it runs.
		dir = t.TempDir()
	}
	summary.starts.Add(1)
	res, err := container.Run(t.Context(), container.Spec{
		Args: append(slices.Clone(command), p.args...), Env: env, Dir: dir, Root: j.Root,
		Memory: p.memory, MilliCPU: p.cpu, UID: p.uid, Binds: p.binds,
	})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// show is the arguments with which java prints its flags and its properties.
func show(options ...string) []string {
	return append(options, "-XX:+PrintFlagsFinal", "-XshowSettings:properties", "-version")
}

var flagPattern = regexp.MustCompile(`(?m)^ *\w+ (\w+) +:?= (\S*)`)

// flagsOf reads what -XX:+PrintFlagsFinal printed.
func flagsOf(output string) map[string]string {
	flags := map[string]string{}
	for _, m := range flagPattern.FindAllStringSubmatch(output, -1) {
		flags[m[1]] = m[2]
	}
	return flags
}

// number reads a flag that is one.
func number(t *testing.T, flags map[string]string, name string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(flags[name], 10, 64)
	if err != nil {
		t.Fatalf("the flag %s: %v", name, err)
	}
	return n
}

// collector is the collector that a JVM has chosen, such as G1. JDK 8 takes the
// serial one without a word.
func collector(flags map[string]string) string {
	var on []string
	for name, value := range flags {
		gc, ok := strings.CutPrefix(name, "Use")
		gc, isGC := strings.CutSuffix(gc, "GC")
		// UseParallelOldGC and the like are parts of a collector.
		if ok && isGC && value == "true" && slices.Contains([]string{"Serial", "Parallel", "G1", "Z", "Shenandoah", "ConcMarkSweep", "Epsilon"}, gc) {
			on = append(on, gc)
		}
	}
	if len(on) == 0 {
		return "Serial"
	}
	slices.Sort(on)
	return strings.Join(on, "+")
}

// tail is the end of an output, for a message.
func tail(output string) string {
	const most = 1500
	if len(output) > most {
		return "..." + output[len(output)-most:]
	}
	return output
}
