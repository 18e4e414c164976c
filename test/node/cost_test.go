// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/containerd/nri/pkg/adaptation"
	"github.com/containerd/nri/pkg/api"

	"github.com/evenkeel/evenkeel/api/pidlimits"
	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/test/node/machine"
	"github.com/evenkeel/evenkeel/test/node/private"
	"github.com/evenkeel/evenkeel/test/node/programs"
)

// unified says that the machine has cgroup v2.
var unified = private.Unified()

// memoryBound is what the daemon promises to stay under.
const memoryBound = 30 << 20

// What the daemon adds to the creation of a container: NRI's own runtime side asks
// the real process over a real socket, in messages of the size that containerd
// sends.
func TestCostOfARequest(t *testing.T) {
	const requests = 1000
	socket := filepath.Join("/run", "cost.sock")
	none := func(ctx context.Context, callback adaptation.SyncCB) error {
		_, err := callback(ctx, nil, nil)
		return err
	}
	runtime, err := adaptation.New("containerd", programs.ContainerdVersion, none,
		func(context.Context, []*api.ContainerUpdate) ([]*api.ContainerUpdate, error) { return nil, nil },
		adaptation.WithSocketPath(socket), adaptation.WithPluginPath("/run/none"), adaptation.WithPluginConfigPath("/run/none"))
	if err != nil {
		t.Fatal(err)
	}
	if err := runtime.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(runtime.Stop)
	machine.StartDaemonAt(t, settings, socket, "{}").WaitReady(t)
	pod, container := typical()
	// This process stands for the runtime, whose garbage is not the daemon's cost.
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	var creating, starting []time.Duration
	for i := range requests {
		container.Id = fmt.Sprintf("%064d", i)
		// Containers come with pauses, so that the daemon is asleep each time; making one
		// takes a runtime more than this.
		time.Sleep(5 * time.Millisecond)
		begin := time.Now()
		answer, err := runtime.CreateContainer(t.Context(), &api.CreateContainerRequest{Pod: pod, Container: container})
		if err != nil {
			t.Fatal(err)
		}
		created := time.Now()
		if err := runtime.StartContainer(t.Context(), &api.StartContainerRequest{Pod: pod, Container: container}); err != nil {
			t.Fatal(err)
		}
		creating, starting = append(creating, created.Sub(begin)), append(starting, time.Since(created))
		if got := answer.GetAdjust().GetLinux().GetResources().GetPids().GetLimit(); got != number {
			t.Fatalf("the answer is %d", got)
		}
	}
	for request, took := range map[string][]time.Duration{"CreateContainer": creating, "StartContainer": starting} {
		saw("cost: %s took %s, of %d, asked by NRI's runtime side alone", request, percentiles(took), requests)
	}
}

// typical returns a pod and a container as large as those of a Java service with an
// agent are.
func typical() (*api.PodSandbox, *api.Container) {
	pod := &api.PodSandbox{
		Id: strings.Repeat("a", 64), Name: "checkout-7d9c5b5b8f-x2x9k", Uid: "0b7c4a52-6f0a-4a57-9f0e-3d2b8f4f3c11", Namespace: "shop",
		Annotations: map[string]string{wellknown.PidsLimitsAnnotation: pidlimits.Limits{"app": number, "proxy": 128}.String()},
		Labels:      map[string]string{},
	}
	for i := range 20 {
		pod.Annotations[fmt.Sprintf("example.com/annotation-%d", i)] = strings.Repeat("v", 100)
		pod.Labels[fmt.Sprintf("example.com/label-%d", i)] = strings.Repeat("v", 40)
	}
	container := &api.Container{Name: "app", PodSandboxId: pod.Id, Linux: &api.LinuxContainer{Resources: &api.LinuxResources{}}}
	for i := range 60 {
		container.Env = append(container.Env, fmt.Sprintf("VARIABLE_%d=%s", i, strings.Repeat("v", 50)))
	}
	for i := range 25 {
		container.Mounts = append(container.Mounts, &api.Mount{Destination: fmt.Sprintf("/mnt/%d", i), Source: "/var/lib/kubelet/pods/x/volumes/" + strings.Repeat("v", 60), Type: "bind", Options: []string{"rbind", "ro"}})
	}
	return pod, container
}

// Creating a thousand containers with the daemon, and as many without it, half of
// them before and half after: what it adds, and what memory it takes.
func TestThousandCreations(t *testing.T) {
	const creations = 1000
	runtime := machine.StartContainerd(t, settings, false)
	limits := pidlimits.Limits{}
	for i := range 10 {
		limits[fmt.Sprintf("app-%d", i)] = number
	}
	pod := runtime.StartPod(t, "many", limits)
	without := create(t, pod, creations/2)
	daemon := machine.StartDaemon(t, settings, "{}")
	daemon.WaitReady(t)
	with := create(t, pod, creations)
	sum, n := runtime.NRILatency(t, "CreateContainer")
	within, all := daemon.Within(t, "CreateContainer", 0.0001)
	now, peak := daemon.RSS(t)
	daemon.Kill()
	without = append(without, create(t, pod, creations/2)...)

	saw("cost: creating a container took %s without evenkeel-node, %s with it, of %d each", percentiles(without), percentiles(with), creations)
	if n != creations || all != creations {
		t.Errorf("containerd has asked %d times for a container, and evenkeel-node was asked %d times, want %d", n, all, creations)
	} else {
		saw("cost: asking it took %.0f us on average, as containerd measures it; by its own clock it decided about %d of %d containers within 0.1 ms", sum/float64(n)*1e6, within, all)
	}
	saw("cost: evenkeel-node has %.1f MiB in memory after %d creations, %.1f MiB at its peak", float64(now)/(1<<20), creations, float64(peak)/(1<<20))
	if peak >= memoryBound {
		t.Errorf("evenkeel-node took %d bytes of memory, want less than %d", peak, memoryBound)
	}
}

// create makes and removes containers of a pod, one after the other with pauses, and
// returns how long the making took.
func create(t *testing.T, pod *machine.Pod, n int) []time.Duration {
	t.Helper()
	var took []time.Duration
	for i := range n {
		// For what the runtime does behind a removal.
		time.Sleep(5 * time.Millisecond)
		begin := time.Now()
		c, err := pod.Create(t, fmt.Sprintf("app-%d", i%10), idle...)
		if err != nil {
			t.Fatal(err)
		}
		took = append(took, time.Since(begin))
		c.Remove(t)
	}
	return took
}

// percentiles says how long things took.
func percentiles(took []time.Duration) string {
	slices.Sort(took)
	at := func(share int) time.Duration {
		return took[min(len(took)*share/100, len(took)-1)].Round(time.Microsecond)
	}
	return fmt.Sprintf("p50 %v, p99 %v, at most %v", at(50), at(99), at(100))
}
