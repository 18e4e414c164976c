// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"fmt"
	"os"
	"path"
	"strconv"
	"strings"
	"testing"

	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/evenkeel/evenkeel/api/pidlimits"
	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/test/node/private"
)

// Pod is a pod that was made through the runtime's interface, without a kubelet.
type Pod struct {
	containerd *Containerd
	config     *runtimeapi.PodSandboxConfig
	id         string
}

// Container is a container of a Pod.
type Container struct {
	pod  *Pod
	name string
	id   string
	// cgroup is its path in the hierarchy.
	cgroup string
}

// StartPod starts a pod whose annotation holds the limits; nil for none.
func (c *Containerd) StartPod(tb testing.TB, name string, limits pidlimits.Limits, annotations ...string) *Pod {
	tb.Helper()
	p := &Pod{containerd: c, config: &runtimeapi.PodSandboxConfig{
		Metadata:    &runtimeapi.PodSandboxMetadata{Name: name, Namespace: "shop", Uid: "uid-" + name},
		Annotations: map[string]string{},
		Linux: &runtimeapi.LinuxPodSandboxConfig{
			CgroupParent: "/" + c.settings.Cgroup,
			SecurityContext: &runtimeapi.LinuxSandboxSecurityContext{NamespaceOptions: &runtimeapi.NamespaceOption{
				Network: runtimeapi.NamespaceMode_NODE, Pid: runtimeapi.NamespaceMode_CONTAINER,
			}},
		},
	}}
	if limits != nil {
		p.config.Annotations[wellknown.PidsLimitsAnnotation] = limits.String()
	}
	for _, key := range annotations {
		p.config.Annotations[key] = "true"
	}
	ctx, cancel := timeout(tb)
	defer cancel()
	sandbox, err := c.runtime.RunPodSandbox(ctx, &runtimeapi.RunPodSandboxRequest{Config: p.config})
	if err != nil {
		tb.Fatalf("starting pod %s: %v", name, err)
	}
	p.id = sandbox.PodSandboxId
	tb.Cleanup(func() { p.Remove(tb) })
	return p
}

// Remove ends the pod and removes what is left of it.
func (p *Pod) Remove(tb testing.TB) {
	tb.Helper()
	ctx, cancel := timeout(tb)
	defer cancel()
	_, _ = p.containerd.runtime.StopPodSandbox(ctx, &runtimeapi.StopPodSandboxRequest{PodSandboxId: p.id})
	_, _ = p.containerd.runtime.RemovePodSandbox(ctx, &runtimeapi.RemovePodSandboxRequest{PodSandboxId: p.id})
}

// Create creates a container that is not started yet.
func (p *Pod) Create(tb testing.TB, name string, command ...string) (*Container, error) {
	tb.Helper()
	ctx, cancel := timeout(tb)
	defer cancel()
	created, err := p.containerd.runtime.CreateContainer(ctx, &runtimeapi.CreateContainerRequest{
		PodSandboxId: p.id, SandboxConfig: p.config,
		Config: &runtimeapi.ContainerConfig{
			Metadata: &runtimeapi.ContainerMetadata{Name: name}, Image: &runtimeapi.ImageSpec{Image: ImageBusybox}, Command: command,
			Linux: &runtimeapi.LinuxContainerConfig{Resources: &runtimeapi.LinuxContainerResources{}, SecurityContext: &runtimeapi.LinuxContainerSecurityContext{
				NamespaceOptions: p.config.Linux.SecurityContext.NamespaceOptions,
			}},
		},
	})
	if err != nil {
		return nil, err
	}
	return &Container{pod: p, name: name, id: created.ContainerId, cgroup: path.Join(p.containerd.settings.Cgroup, created.ContainerId)}, nil
}

// Start creates and starts a container.
func (p *Pod) Start(tb testing.TB, name string, command ...string) *Container {
	tb.Helper()
	c, err := p.Create(tb, name, command...)
	if err != nil {
		tb.Fatalf("creating container %s: %v", name, err)
	}
	c.Start(tb)
	return c
}

// Start starts a container that was created.
func (c *Container) Start(tb testing.TB) {
	tb.Helper()
	ctx, cancel := timeout(tb)
	defer cancel()
	if _, err := c.pod.containerd.runtime.StartContainer(ctx, &runtimeapi.StartContainerRequest{ContainerId: c.id}); err != nil {
		tb.Fatalf("starting container %s: %v", c.name, err)
	}
}

// Remove removes the container, running or not.
func (c *Container) Remove(tb testing.TB) {
	tb.Helper()
	ctx, cancel := timeout(tb)
	defer cancel()
	if _, err := c.pod.containerd.runtime.RemoveContainer(ctx, &runtimeapi.RemoveContainerRequest{ContainerId: c.id}); err != nil {
		tb.Fatalf("removing container %s: %v", c.name, err)
	}
}

// Exec runs a command in the container and returns what it prints.
func (c *Container) Exec(tb testing.TB, command ...string) (string, error) {
	tb.Helper()
	ctx, cancel := timeout(tb)
	defer cancel()
	out, err := c.pod.containerd.runtime.ExecSync(ctx, &runtimeapi.ExecSyncRequest{ContainerId: c.id, Cmd: command, Timeout: 20})
	if err != nil {
		return "", err
	}
	if out.ExitCode != 0 {
		return string(out.Stdout), fmt.Errorf("%s: exit code %d: %s", strings.Join(command, " "), out.ExitCode, out.Stderr)
	}
	return string(out.Stdout), nil
}

// Running reports whether the container runs.
func (c *Container) Running(tb testing.TB) bool {
	tb.Helper()
	ctx, cancel := timeout(tb)
	defer cancel()
	status, err := c.pod.containerd.runtime.ContainerStatus(ctx, &runtimeapi.ContainerStatusRequest{ContainerId: c.id})
	return err == nil && status.GetStatus().GetState() == runtimeapi.ContainerState_CONTAINER_RUNNING
}

// PidsMax returns pids.max of the container's cgroup: a number, or max.
func (c *Container) PidsMax(tb testing.TB) string {
	tb.Helper()
	return c.pidsFile(tb, "pids.max")
}

// PidsCurrent returns how many processes and threads the container has.
func (c *Container) PidsCurrent(tb testing.TB) int64 {
	tb.Helper()
	n, err := strconv.ParseInt(c.pidsFile(tb, "pids.current"), 10, 64)
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

// Refused returns how often a fork in the container was refused for the limit.
func (c *Container) Refused(tb testing.TB) int64 {
	tb.Helper()
	n, err := strconv.ParseInt(strings.TrimPrefix(c.pidsFile(tb, "pids.events"), "max "), 10, 64)
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

func (c *Container) pidsFile(tb testing.TB, name string) string {
	tb.Helper()
	content, err := os.ReadFile(private.PidsFile(c.cgroup, name))
	if err != nil {
		tb.Fatal(err)
	}
	return strings.TrimSpace(string(content))
}
