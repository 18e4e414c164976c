// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package inside_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/evenkeel/evenkeel/api/pidlimits"
	"github.com/evenkeel/evenkeel/test/node/machine"
)

// Containers that were started without the daemon get their limit when it comes:
// on cgroup v2 containerd carries it as a file of the hierarchy. One that has more
// processes than that keeps them and gets no other.
func TestRunningContainersAreChanged(t *testing.T) {
	const full, processes = 128, 200
	runtime := machine.StartContainerd(t, settings, false)
	pod := runtime.StartPod(t, "early", pidlimits.Limits{"app": 512, "full": full})
	app := pod.Start(t, "app", idle...)
	crowd := pod.Start(t, "full", "/bin/sh", "-c", fmt.Sprintf("for i in $(seq %d); do sleep 600 & done; exec sleep 600", processes))
	machine.WaitFor(t, "the processes", func() error {
		// The last is the shell, which became a sleep itself.
		if got := crowd.PidsCurrent(t); got != processes+1 {
			return fmt.Errorf("there are %d", got)
		}
		return nil
	})
	for name, c := range map[string]*machine.Container{"app": app, "full": crowd} {
		if got := c.PidsMax(t); got != "max" {
			t.Fatalf("container %s: pids.max is %s before there is a daemon", name, got)
		}
	}

	daemon := machine.StartDaemon(t, settings, "{}")
	daemon.WaitReady(t)
	waitUpdates(t, daemon, 2)
	agree := func() {
		t.Helper()
		for _, c := range []struct {
			name      string
			container *machine.Container
			want      int
		}{{"app", app, 512}, {"full", crowd, full}} {
			if got := c.container.PidsMax(t); got != fmt.Sprint(c.want) {
				t.Errorf("container %s: pids.max is %s, want %d", c.name, got, c.want)
			}
			check(t, daemon, "effective", "early", c.name, float64(c.want))
		}
	}
	agree()
	if _, err := crowd.Exec(t, "true"); err == nil || crowd.Refused(t) == 0 {
		t.Errorf("an exec in a container with more than its limit: %v, %d refused forks", err, crowd.Refused(t))
	}
	if got := crowd.PidsCurrent(t); got != processes+1 {
		t.Errorf("the container has %d processes of %d: a limit ends none", got, processes+1)
	}
	if out, err := app.Exec(t, "echo", "alive"); err != nil || out != "alive\n" {
		t.Errorf("an exec in its neighbour: %q, %v", out, err)
	}
	if got := app.Refused(t); got != 0 {
		t.Errorf("%d forks of the neighbour were refused", got)
	}

	// A daemon that is started again reads from the runtime what the containers have.
	daemon.Kill()
	daemon = machine.StartDaemon(t, settings, "{}")
	daemon.WaitReady(t)
	agree()
	for _, result := range []string{"changed", "failed", "cannot", "left"} {
		if got := updates(t, daemon, result); got != 0 {
			t.Errorf("a daemon that was started again has %v updates with the result %s, and there was nothing to change", got, result)
		}
	}
}

// A change of CPU, as a kubelet makes it for a static CPU policy or a resize in
// place, leaves the limit as it was, whichever way it was set.
func TestOtherUpdatesLeaveTheLimit(t *testing.T) {
	runtime := machine.StartContainerd(t, settings, false)
	pod := runtime.StartPod(t, "resized", pidlimits.Limits{"before": 256, "after": 512})
	before := pod.Start(t, "before", idle...)
	daemon := machine.StartDaemon(t, settings, "{}")
	daemon.WaitReady(t)
	waitUpdates(t, daemon, 1)
	after := pod.Start(t, "after", idle...)

	conn, err := grpc.NewClient("unix://"+filepath.Join(filepath.Dir(machine.NRISocket), "../containerd.sock"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	client := runtimeapi.NewRuntimeServiceClient(conn)
	list, err := client.ListContainers(t.Context(), &runtimeapi.ListContainersRequest{})
	if err != nil || len(list.GetContainers()) != 2 {
		t.Fatalf("the runtime has %d containers: %v", len(list.GetContainers()), err)
	}
	for _, c := range list.GetContainers() {
		_, err := client.UpdateContainerResources(t.Context(), &runtimeapi.UpdateContainerResourcesRequest{
			ContainerId: c.GetId(), Linux: &runtimeapi.LinuxContainerResources{CpuShares: 4096},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]*machine.Container{"before": before, "after": after} {
		// 4096 shares as cgroup v2 says them: 1 + (4096-2) * 9999 / 262142.
		if got, err := c.Exec(t, "cat", "/sys/fs/cgroup/cpu.weight"); err != nil || got != "157\n" {
			t.Errorf("container %s: cpu.weight is %q, so nothing was changed (%v)", name, got, err)
		}
	}
	for want, c := range map[string]*machine.Container{"256": before, "512": after} {
		if got := c.PidsMax(t); got != want {
			t.Errorf("pids.max is %s after a change of CPU, want %s", got, want)
		}
	}
}

// waitUpdates waits until the daemon has changed that many containers.
func waitUpdates(t *testing.T, daemon *machine.Daemon, want float64) {
	t.Helper()
	machine.WaitFor(t, "the daemon to change containers", func() error {
		if got := updates(t, daemon, "changed"); got != want {
			return fmt.Errorf("it has changed %v, want %v; %v failed, %v cannot be", got, want, updates(t, daemon, "failed"), updates(t, daemon, "cannot"))
		}
		return nil
	})
}

func updates(t *testing.T, daemon *machine.Daemon, result string) float64 {
	t.Helper()
	return daemon.Metric(t, "/metrics", "evenkeel_node_pids_updates_total", map[string]string{"result": result})
}
