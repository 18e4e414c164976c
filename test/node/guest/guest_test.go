// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package guest_test

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/evenkeel/evenkeel/internal/controlplane/binaries"
	"github.com/evenkeel/evenkeel/test/node/guest/emulator"
	"github.com/evenkeel/evenkeel/test/node/guest/initramfs"
	"github.com/evenkeel/evenkeel/test/node/machine"
	"github.com/evenkeel/evenkeel/test/node/programs"
)

//go:embed init.sh
var initScript []byte

// bound is how long the guest may take, from its start to its end.
const bound = 10 * time.Minute

// margin is what the test itself needs after the guest.
const margin = 10 * time.Second

// The folder and the cgroup of the tests in the guest.
const (
	dir    = "/node"
	cgroup = "guest"
)

// ownTests are those of package inside.
var ownTests = []string{
	"TestHierarchyIsUnified",
	"TestKernelContainerAndMetricsAgree",
	"TestRunningContainersAreChanged",
	"TestOtherUpdatesLeaveTheLimit",
}

// nodeTests are those of package node that run in the guest too.
var nodeTests = []string{
	"TestContainersHaveTheirNumber",
	"TestForkBombIsStopped",
	"TestExecNeedsRoom",
	"TestDaemonFails",
}

// nodeSkip is the half of TestDaemonFails that is left out for its time: what the
// runtime does without a plugin does not depend on cgroups.
const nodeSkip = "^TestDaemonFails$/^best_effort$"

// expected are the names that must have passed in the guest.
func expected() []string {
	return slices.Concat(ownTests, nodeTests, []string{"TestDaemonFails/required"})
}

func TestLimitsHoldOnCgroupV2(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: it boots a machine in software emulation; make test-node runs it")
	}
	root, err := binaries.FindRoot()
	if err != nil {
		t.Fatal(err)
	}
	cache := filepath.Join(root, "bin", "node", "guest")
	parts, err := emulator.Ensure(t.Context(), cache, func(line string) { t.Log(line) })
	if errors.Is(err, emulator.ErrMissing) {
		t.Skipf("NOT RUN: this machine cannot boot a guest: %v", err)
	} else if err != nil {
		t.Fatal(err)
	}
	paths, err := programs.Ensure(t.Context(), func(line string) { t.Log(line) })
	if errors.Is(err, programs.ErrNoPackages) {
		t.Skipf("NOT RUN: what runs in the guest cannot be had: %v", err)
	} else if err != nil {
		t.Fatal(err)
	}
	m := emulator.Machine{
		Parts: parts, Initramfs: filepath.Join(cache, "initramfs"), CPUs: 2, MiB: 2048,
		// No controller is left for version 1.
		Parameters: []string{"cgroup_no_v1=all"},
		Console:    filepath.Join(cache, "console.log"), Results: filepath.Join(cache, "tests.log"),
	}
	writeInitramfs(t, m.Initramfs, root, paths, parts)
	t.Cleanup(func() { _ = os.Remove(m.Initramfs) })
	if err := errors.Join(os.RemoveAll(m.Console), os.RemoveAll(m.Results)); err != nil {
		t.Fatal(err)
	}

	begin := time.Now()
	end := begin.Add(bound)
	// Ended by the test's own deadline, there would be no log to read.
	if d, ok := t.Deadline(); ok && d.Before(end.Add(margin)) {
		end = d.Add(-margin)
	}
	ctx, cancel := context.WithDeadlineCause(t.Context(), end, fmt.Errorf("it may take %v", end.Sub(begin).Round(time.Second)))
	defer cancel()
	if err := m.Run(ctx); err != nil {
		t.Error(err)
	}
	t.Logf("the guest ran for %v; its logs are %s and %s", time.Since(begin).Round(time.Second), m.Console, m.Results)
	results, err := os.ReadFile(m.Results)
	if err != nil {
		t.Error(err)
	}
	judge(t, string(results))
	if t.Failed() {
		t.Logf("the end of the guest's console:\n%s", tail(m.Console, 40))
		t.Logf("the end of what its tests said:\n%s", tail(m.Results, 150))
	}
}

// judge expects each test to have run and to have passed, and each program to
// have come to its end: a test that is no more is not one that holds.
func judge(t *testing.T, results string) {
	t.Helper()
	verdicts := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^ *--- (\w+): (\S+) \((.*)\)$`).FindAllStringSubmatch(results, -1) {
		verdicts[m[2]] = m[1]
		t.Logf("in the guest: %s %s (%s)", m[1], m[2], m[3])
	}
	for _, name := range expected() {
		if got := verdicts[name]; got != "PASS" {
			t.Errorf("in the guest, %s: %s, want PASS", name, map[bool]string{true: "did not end", false: got}[got == ""])
		}
	}
	for _, program := range []string{"inside.test", "node.test"} {
		if !strings.Contains(results, "guest: "+program+" ended with 0") {
			t.Errorf("in the guest, %s did not end with code 0", program)
		}
	}
	if _, seen, ok := strings.Cut(results, "--- what was seen\n"); ok {
		t.Logf("what was seen:\n%s", strings.TrimSpace(seen))
	}
}

// writeInitramfs writes all that the guest has.
func writeInitramfs(t *testing.T, file, root string, paths programs.Paths, parts emulator.Parts) {
	t.Helper()
	overlay, err := parts.Module(t.Context(), "kernel/fs/overlayfs/overlay.ko")
	if err != nil {
		t.Fatal(err)
	}
	settings, err := json.Marshal(machine.Settings{Dir: dir, Cgroup: cgroup, Paths: programs.Paths{
		Containerd: "/bin/containerd", Shim: "/bin/containerd-shim-runc-v2", Ctr: "/bin/ctr",
		Runc: "/bin/runc", Busybox: "/bin/busybox", Libraries: "/lib/x86_64-linux-gnu", Bin: "/bin",
	}})
	if err != nil {
		t.Fatal(err)
	}
	a, err := initramfs.Create(file, paths.Libraries)
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"/dev", "/proc", "/sys", "/run", "/tmp", "/mnt", "/root", "/var/lib", "/var/log", dir} {
		a.Folder(folder)
	}
	a.Script("/init", initScript)
	a.Text("/lib/overlay.ko", overlay)
	a.Text("/etc/environment", fmt.Appendf(nil, "GUEST_DIR=%s\nGUEST_CGROUP=%s\nGUEST_NODE_TESTS='^(%s)$'\nGUEST_NODE_SKIP='%s'\nexport EVENKEEL_NODE_SETTINGS='%s'\n",
		dir, cgroup, strings.Join(nodeTests, "|"), nodeSkip, settings))
	// What containerd copies into pods.
	a.Text("/etc/hosts", []byte("127.0.0.1 localhost\n"))
	a.Text("/etc/resolv.conf", nil)
	a.Link("/bin/sh", "busybox")
	for _, program := range []string{paths.Containerd, paths.Shim, paths.Ctr, paths.Runc, paths.Busybox} {
		a.Program("/bin/"+filepath.Base(program), program)
	}
	out := filepath.Join(root, "bin", "node", "guest")
	for _, b := range [][]string{
		{"evenkeel-node", "build", "./cmd/evenkeel-node"},
		{"node.test", "test", "-c", "./test/node"},
		{"inside.test", "test", "-c", "./test/node/guest/inside"},
	} {
		program := filepath.Join(out, b[0])
		build(t, root, append([]string{b[1], "-o", program}, b[2:]...))
		a.Program("/bin/"+b[0], program)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
}

// build builds without C libraries, as the container image has evenkeel-node.
func build(t *testing.T, root string, args []string) {
	t.Helper()
	args = append(args[:1:1], append([]string{"-ldflags", "-s -w"}, args[1:]...)...)
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

func tail(file string, lines int) []byte {
	content, err := os.ReadFile(file)
	if err != nil {
		return []byte(err.Error())
	}
	all := bytes.Split(bytes.TrimSpace(content), []byte("\n"))
	return bytes.Join(all[max(0, len(all)-lines):], []byte("\n"))
}
