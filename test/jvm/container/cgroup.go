// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package container

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sync/atomic"
	"time"
)

// cgroupRoot is where the cgroup file systems are mounted.
var cgroupRoot = "/sys/fs/cgroup"

// cgroup is a pair of limits: two folders in version 1, one in version 2.
type cgroup struct {
	v2          bool
	memory, cpu string
}

var cgroups atomic.Int64

// Limits returns the version of the cgroups that Run can make on this machine,
// 1 or 2, or an error that says why it cannot.
func Limits() (version int, err error) {
	g, err := newCgroup(64<<20, 1000)
	if err != nil {
		return 0, err
	}
	g.remove()
	if g.v2 {
		return 2, nil
	}
	return 1, nil
}

// newCgroup makes a cgroup with these limits, of which 0 is none.
func newCgroup(memory, milliCPU int64) (*cgroup, error) {
	name := fmt.Sprintf("evenkeel-test-%d-%d", os.Getpid(), cgroups.Add(1))
	g := &cgroup{memory: filepath.Join(cgroupRoot, "memory", name), cpu: filepath.Join(cgroupRoot, "cpu", name)}
	if _, err := os.Stat(filepath.Join(cgroupRoot, "cgroup.controllers")); err == nil {
		g = &cgroup{v2: true, memory: filepath.Join(cgroupRoot, name)}
		g.cpu = g.memory
		// Both are on already where systemd runs the machine.
		_ = os.WriteFile(filepath.Join(cgroupRoot, "cgroup.subtree_control"), []byte("+memory +cpu"), 0o644)
	}
	var errs []error
	for _, folder := range g.folders() {
		errs = append(errs, os.Mkdir(folder, 0o755))
	}
	set := func(folder, file, value string) {
		errs = append(errs, os.WriteFile(filepath.Join(folder, file), []byte(value), 0o644))
	}
	const period = 100_000 // microseconds, as a kubelet has it
	quota := format(milliCPU * period / 1000)
	switch {
	case errors.Join(errs...) != nil:
	case g.v2:
		if memory > 0 {
			set(g.memory, "memory.max", format(memory))
		}
		if milliCPU > 0 {
			set(g.cpu, "cpu.max", quota+" "+format(period))
		}
	default:
		if memory > 0 {
			set(g.memory, "memory.limit_in_bytes", format(memory))
		}
		if milliCPU > 0 {
			set(g.cpu, "cpu.cfs_period_us", format(period))
			set(g.cpu, "cpu.cfs_quota_us", quota)
		}
	}
	if err := errors.Join(errs...); err != nil {
		g.remove()
		return nil, fmt.Errorf("making a cgroup: %w", err)
	}
	return g, nil
}

func (g *cgroup) folders() []string {
	if g.v2 {
		return []string{g.memory}
	}
	return []string{g.memory, g.cpu}
}

// procs are the files that take the id of a process.
func (g *cgroup) procs() []string {
	var out []string
	for _, folder := range g.folders() {
		out = append(out, filepath.Join(folder, "cgroup.procs"))
	}
	return out
}

var oomKills = regexp.MustCompile(`(?m)^oom_kill [1-9]`)

// oomKilled reports whether the kernel has ended a process for the memory limit.
func (g *cgroup) oomKilled() bool {
	file := "memory.oom_control"
	if g.v2 {
		file = "memory.events"
	}
	content, err := os.ReadFile(filepath.Join(g.memory, file))
	return err == nil && oomKills.Match(content)
}

// remove removes the cgroup. The kernel may count a process that has ended for a
// moment longer.
func (g *cgroup) remove() {
	for _, folder := range g.folders() {
		for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
			if err := os.Remove(folder); err == nil || errors.Is(err, os.ErrNotExist) {
				break
			}
		}
	}
}
