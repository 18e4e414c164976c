// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package machine runs the parts of a node for the tests of test/node: a container
// runtime with NRI, evenkeel-node, and pods that are made through the runtime's
// own interface. It runs inside the namespaces of package private; what is
// expected of the parts is for the tests to say.
package machine

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/evenkeel/evenkeel/test/node/programs"
)

// Patience bounds every wait. It is long because a loaded machine is slow, and is
// never spent when things work.
const Patience = 3 * time.Minute

// settingsEnv carries the Settings to the processes inside.
const settingsEnv = "EVENKEEL_NODE_SETTINGS"

// Settings are what the process outside has prepared.
type Settings struct {
	Paths programs.Paths
	// Dir is the folder of this run, on a file system that overlays can be made on.
	Dir string
	// Cgroup is the name of this run's cgroup, below the root of every hierarchy.
	Cgroup string
}

// Export puts the settings into the environment.
func (s Settings) Export() error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return os.Setenv(settingsEnv, string(text))
}

// Imported returns the settings from the environment.
func Imported() (Settings, error) {
	var s Settings
	if err := json.Unmarshal([]byte(os.Getenv(settingsEnv)), &s); err != nil {
		return Settings{}, fmt.Errorf("reading %s: %w", settingsEnv, err)
	}
	return s, nil
}

// nodeIP is the node's address, on the loopback device of the private network. It
// is of a block for documentation.
const nodeIP = "192.0.2.10"

// SetUp is done by the first process inside: the network, what a kubelet writes to
// of /proc/sys, and folders that stay private.
func (s Settings) SetUp() error {
	for _, args := range [][]string{{"link", "set", "lo", "up"}, {"addr", "add", nodeIP + "/32", "dev", "lo"}} {
		if err := runQuietly(s.Paths.Busybox, append([]string{"ip"}, args...)...); err != nil {
			return err
		}
	}
	for name, value := range map[string]string{"vm/overcommit_memory": "1", "kernel/panic": "10", "kernel/panic_on_oops": "1"} {
		file := filepath.Join(s.Dir, "sys", filepath.Base(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(value+"\n"), 0o644); err != nil {
			return err
		}
		if err := syscall.Mount(file, "/proc/sys/"+name, "", syscall.MS_BIND, ""); err != nil {
			return fmt.Errorf("putting a file over /proc/sys/%s: %w", name, err)
		}
	}
	for _, folder := range []string{"/var/lib", "/var/log"} {
		upper, work := filepath.Join(s.Dir, "overlay", folder, "upper"), filepath.Join(s.Dir, "overlay", folder, "work")
		for _, dir := range []string{upper, work} {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return err
			}
		}
		if err := syscall.Mount("overlay", folder, "overlay", 0, "lowerdir="+folder+",upperdir="+upper+",workdir="+work); err != nil {
			return fmt.Errorf("mounting an overlay on %s: %w", folder, err)
		}
	}
	return nil
}

// WaitFor waits until the condition returns nil, and fails the test with its last
// error when that takes too long.
func WaitFor(tb testing.TB, what string, condition func() error) {
	tb.Helper()
	for deadline := time.Now().Add(Patience); ; time.Sleep(20 * time.Millisecond) {
		err := condition()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			tb.Fatalf("waited %v for %s: %v", Patience, what, err)
		}
	}
}
