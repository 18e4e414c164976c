// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package jvm_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/test/jvm/jdk"
)

// TestOutOfMemoryEndsAsMeasured holds what a JVM does when its heap is full.
func TestOutOfMemoryEndsAsMeasured(t *testing.T) {
	classes := compile(t, "programs/OutOfMemory.java")
	of := func(options ...string) process {
		return process{args: append(options, "-Xmx16m", "-cp", classes, "OutOfMemory")}
	}
	const dump = "-XX:+HeapDumpOnOutOfMemoryError"
	checkStatements(t, map[string]statement{
		"left to itself it goes on":        {process: of(), wantOutput: []string{"gone on\n"}},
		"told to exit it ends with 3":      {process: of("-XX:+ExitOnOutOfMemoryError"), wantExit: 3, notOutput: "gone on"},
		"told to crash it ends with 134":   {process: of("-XX:+CrashOnOutOfMemoryError"), wantExit: 134, notOutput: "gone on"},
		"a dump to a missing folder fails": {process: of(dump, "-XX:HeapDumpPath=/no/such/folder/heap.hprof"), wantOutput: []string{"Unable to create /no/such/folder/heap.hprof: No such file or directory"}},
	})
	forEachJDK(t, func(t *testing.T, j jdk.JDK) {
		t.Parallel()
		summary.cases.Add(2)
		folder := t.TempDir()
		res := start(t, j, of(dump, "-XX:HeapDumpPath="+folder))
		if dumps, _ := filepath.Glob(filepath.Join(folder, "java_pid*.hprof")); len(dumps) != 1 {
			t.Errorf("a dump to a folder that is there: %d files\n%s", len(dumps), tail(res.Output()))
		}
		c, _ := admit(t, shipped(t), podOf(t, fmt.Sprintf(
			"command: [java, -cp, %s, OutOfMemory]\nresources: {limits: {memory: 256Mi, cpu: 1}}", classes)))
		if res := startContainer(t, j, c, nil); res.ExitCode != 3 || res.OOMKilled {
			t.Errorf("with the injected options: exit code %d, killed for memory: %v; want 3\n%s", res.ExitCode, res.OOMKilled, tail(res.Output()))
		}
	})
}

// TestHeapDumpReachesItsVolume lets a pod that asked for a heap dump run out of
// heap, as a user who may not write to a folder of root's.
func TestHeapDumpReachesItsVolume(t *testing.T) {
	n := newNode(t)
	pod := podOf(t, "resources: {limits: {memory: 256Mi, cpu: 1}}")
	pod.Annotations = map[string]string{wellknown.JVMHeapDumpAnnotation: "on"}
	pod, _ = admitPod(t, n.cfg, pod)
	forEachJDK(t, func(t *testing.T, j jdk.JDK) {
		t.Parallel()
		summary.cases.Add(1)
		res, volumes := n.start(t, j, pod, "OutOfMemory")
		if res.ExitCode != 3 {
			t.Errorf("exit code %d; want 3\n%s", res.ExitCode, tail(res.Output()))
		}
		dumps, err := filepath.Glob(filepath.Join(volumes, "evenkeel-heapdump", "app", "*.hprof"))
		if err != nil || len(dumps) != 1 {
			t.Errorf("%d dumps in the volume (error: %v)\n%s", len(dumps), err, tail(res.Output()))
		}
	})
}
