// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package inside_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/evenkeel/evenkeel/api/pidlimits"
	"github.com/evenkeel/evenkeel/plugins/node"
	"github.com/evenkeel/evenkeel/test/node/machine"
)

// The other tests prove nothing about cgroup v2 on a machine that has another.
func TestHierarchyIsUnified(t *testing.T) {
	unified, err := node.UnifiedCgroups()
	if err != nil || !unified {
		t.Fatalf("/sys/fs/cgroup is not the unified hierarchy: %v", err)
	}
	controllers, err := os.ReadFile("/sys/fs/cgroup/cgroup.controllers")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(strings.Fields(string(controllers)), "pids") {
		t.Errorf("the controllers are %s, without pids", controllers)
	}
	kernel, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("Linux %s, controllers %s", strings.TrimSpace(string(kernel)), strings.TrimSpace(string(controllers)))
}

// The kernel, the container itself and the daemon's metrics say one number, and
// each container of a pod has its own.
func TestKernelContainerAndMetricsAgree(t *testing.T) {
	runtime := machine.StartContainerd(t, settings, false)
	daemon := machine.StartDaemon(t, settings, "{ceiling: 8192}")
	daemon.WaitReady(t)
	pod := runtime.StartPod(t, "checkout", pidlimits.Limits{"app": 2048, "proxy": 128, "batch": 16384})
	for container, want := range map[string]struct {
		text              string
		wanted, effective float64
	}{
		"app":   {"2048", 2048, 2048},
		"proxy": {"128", 128, 128},
		"batch": {"8192", 16384, 8192},
	} {
		c := pod.Start(t, container, idle...)
		if got := c.PidsMax(t); got != want.text {
			t.Errorf("container %s: pids.max is %s, want %s", container, got, want.text)
		}
		// A container is the root of the hierarchy that it sees.
		if got, err := c.Exec(t, "cat", "/sys/fs/cgroup/pids.max"); err != nil || strings.TrimSpace(got) != want.text {
			t.Errorf("container %s reads %q as its own pids.max, want %s (%v)", container, got, want.text, err)
		}
		check(t, daemon, "wanted", "checkout", container, want.wanted)
		check(t, daemon, "effective", "checkout", container, want.effective)
	}
	for state, want := range map[string]float64{"as_wanted": 2, "differs": 1, "missing": 0} {
		if got := daemon.Metric(t, "/metrics", "evenkeel_node_pids_containers", map[string]string{"state": state}); got != want {
			t.Errorf("the daemon counts %v containers as %s, want %v", got, state, want)
		}
	}
}

// check compares what the daemon says of a container's limit.
func check(t *testing.T, daemon *machine.Daemon, what, pod, container string, want float64) {
	t.Helper()
	labels := map[string]string{"namespace": "shop", "pod": pod, "container": container}
	if got := daemon.Metric(t, "/metrics/containers", "evenkeel_node_container_pids_"+what, labels); got != want {
		t.Errorf("container %s: the daemon says that %v is %s, want %v", container, got, what, want)
	}
}
