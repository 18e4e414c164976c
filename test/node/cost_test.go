// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"context"
	"fmt"
	"path/filepath"
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
	var creating, starting []time.Duration
	for i := range requests {
		container.Id = fmt.Sprintf("%064d", i)
		// Containers come with pauses, so that the daemon is asleep each time.
		time.Sleep(2 * time.Millisecond)
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
		slices.Sort(took)
		saw("cost: %s took p50 %v, p99 %v, at most %v, of %d, asked by NRI's runtime side alone", request, took[requests/2], took[requests*99/100], took[requests-1], requests)
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

// Creating a thousand containers, with the daemon: what it adds as containerd
// measures it, and what memory it takes.
func TestThousandCreations(t *testing.T) {
	const creations = 1000
	runtime := machine.StartContainerd(t, settings, false)
	daemon := machine.StartDaemon(t, settings, "{}")
	daemon.WaitReady(t)
	limits := pidlimits.Limits{}
	for i := range 10 {
		limits[fmt.Sprintf("app-%d", i)] = number
	}
	pod := runtime.StartPod(t, "many", limits)
	var took []time.Duration
	for i := range creations {
		begin := time.Now()
		c, err := pod.Create(t, fmt.Sprintf("app-%d", i%10), idle...)
		if err != nil {
			t.Fatal(err)
		}
		took = append(took, time.Since(begin))
		c.Remove(t)
	}
	slices.Sort(took)
	sum, n := runtime.NRILatency(t, "CreateContainer")
	if n != creations {
		t.Errorf("containerd has asked %d times for a container, want %d", n, creations)
	} else {
		saw("cost: CreateContainer took %.0f us on average of %d, as containerd measures it", sum/float64(n)*1e6, n)
	}
	saw("cost: creating a container took p50 %v, p99 %v in all", took[creations/2].Round(time.Microsecond), took[creations*99/100].Round(time.Microsecond))
	now, peak := daemon.RSS(t)
	saw("cost: evenkeel-node has %.1f MiB in memory after %d creations, %.1f MiB at its peak", float64(now)/(1<<20), creations, float64(peak)/(1<<20))
	if peak >= memoryBound {
		t.Errorf("evenkeel-node took %d bytes of memory, want less than %d", peak, memoryBound)
	}
}
