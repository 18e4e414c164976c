// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"strings"
	"testing"

	"github.com/evenkeel/evenkeel/api/pidlimits"
	"github.com/evenkeel/evenkeel/test/node/machine"
)

// idle is a command that does nothing until it is ended.
var idle = []string{"/bin/sh", "-c", "trap 'exit 0' TERM; while :; do sleep 1; done"}

func TestContainersHaveTheirNumber(t *testing.T) {
	runtime := machine.StartContainerd(t, settings, false)
	machine.StartDaemon(t, settings, "{default: 1024, ceiling: 8192}").WaitReady(t)
	pod := runtime.StartPod(t, "checkout", pidlimits.Limits{"app": 2048, "proxy": 128, "batch": 16384, "wrong": -1})
	for container, want := range map[string]string{
		"app": "2048", "proxy": "128", "batch": "8192", "wrong": "1024", "debugger": "1024",
	} {
		c := pod.Start(t, container, idle...)
		if got := c.PidsMax(t); got != want {
			t.Errorf("container %s: pids.max is %s, want %s", container, got, want)
		}
	}
	bare := runtime.StartPod(t, "bare", nil).Start(t, "app", idle...)
	if got := bare.PidsMax(t); got != "1024" {
		t.Errorf("without annotation: pids.max is %s, want the default", got)
	}
	saw("pids.max in the cgroup is the number of the annotation, per container; the default and the ceiling hold")
}

func TestNoDaemonNoLimit(t *testing.T) {
	runtime := machine.StartContainerd(t, settings, false)
	c := runtime.StartPod(t, "control", pidlimits.Limits{"app": 512}).Start(t, "app", idle...)
	if got := c.PidsMax(t); got != "max" {
		t.Errorf("pids.max is %s without a daemon: the other tests prove nothing", got)
	}
}

// A fork bomb ends at its limit; the neighbour in the same pod, another pod and
// the runtime go on.
func TestForkBombIsStopped(t *testing.T) {
	const limit = 128
	runtime := machine.StartContainerd(t, settings, false)
	machine.StartDaemon(t, settings, "{}").WaitReady(t)
	pod := runtime.StartPod(t, "victim", pidlimits.Limits{"bomb": limit, "neighbour": 256})
	neighbour := pod.Start(t, "neighbour", idle...)
	other := runtime.StartPod(t, "other", pidlimits.Limits{"app": 256}).Start(t, "app", idle...)
	// Each process starts two more and stays.
	bomb := pod.Start(t, "bomb", "/bin/sh", "-c", "b() { b & b & sleep 600; }; b; sleep 600")
	machine.WaitFor(t, "the bomb to meet its limit", func() error {
		if n := bomb.Refused(t); n == 0 {
			return errNotYet
		}
		return nil
	})
	if got := bomb.PidsCurrent(t); got > limit {
		t.Errorf("the bomb has %d processes, with a limit of %d", got, limit)
	}
	for name, c := range map[string]*machine.Container{"neighbour": neighbour, "other pod": other} {
		if out, err := c.Exec(t, "/bin/sh", "-c", "for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; wait; echo alive"); err != nil || strings.TrimSpace(out) != "alive" {
			t.Errorf("%s: %q, %v", name, out, err)
		}
	}
	late := runtime.StartPod(t, "late", pidlimits.Limits{"app": 256}).Start(t, "app", idle...)
	if !late.Running(t) {
		t.Error("a pod that was started beside the bomb does not run")
	}
	bomb.Remove(t)
	if !neighbour.Running(t) || !other.Running(t) {
		t.Error("a neighbour has ended with the bomb")
	}
	saw("a fork bomb stays at or below its limit of %d, its neighbours fork, exec and live on, and a new pod starts beside it", limit)
}

// An exec joins the container's cgroup: below the limit it works, in a full
// container it does not.
func TestExecNeedsRoom(t *testing.T) {
	const limit = 128
	runtime := machine.StartContainerd(t, settings, false)
	machine.StartDaemon(t, settings, "{}").WaitReady(t)
	pod := runtime.StartPod(t, "exec", pidlimits.Limits{"app": limit, "full": limit})
	// Half of the limit is in use.
	half := pod.Start(t, "app", "/bin/sh", "-c", "for i in $(seq 64); do sleep 600 & done; wait")
	machine.WaitFor(t, "the processes", func() error { return atLeast(half.PidsCurrent(t), 65) })
	if out, err := half.Exec(t, "/bin/sh", "-c", "sleep 0; echo ok"); err != nil || strings.TrimSpace(out) != "ok" {
		t.Errorf("exec below the limit: %q, %v", out, err)
	}
	full := pod.Start(t, "full", "/bin/sh", "-c", "for i in $(seq 127); do sleep 600 & done; wait")
	machine.WaitFor(t, "the container to be full", func() error { return atLeast(full.PidsCurrent(t), limit) })
	if out, err := full.Exec(t, "/bin/sh", "-c", "sleep 0; echo ok"); err == nil && strings.TrimSpace(out) == "ok" {
		t.Error("exec in a full container works: the limit does not hold for it")
	}
	if !full.Running(t) {
		t.Error("the full container has ended for an exec")
	}
	saw("exec in a container that is full fails, and the container runs on")
	saw("exec works in a container with half of its limit in use")
}
