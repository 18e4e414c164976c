// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package jvm

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/version"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/internal/podspec"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// The releases from which a resizePolicy may be set: InPlacePodVerticalScaling is
// on by default since 1.33 and stable in 1.35. Before 1.35 some API servers
// refuse it on a native sidecar.
var (
	resizeSince        = version.MustParseGeneric("1.33")
	resizeSidecarSince = version.MustParseGeneric("1.35")
)

// restartable reports whether the container may have, or has from an earlier pass,
// the resizePolicy that restarts it when its memory limit changes.
func restartable(in *inputs) bool {
	server := in.req.ServerVersion
	limit := in.Resources.Limits[corev1.ResourceMemory]
	switch {
	case in.wishes.settings.MemoryResize != v1alpha1.ResizeRestartContainer:
		return false
	case server == nil || !server.AtLeast(resizeSince):
		return false
	case in.role == roleInit, in.role == roleSidecar && !server.AtLeast(resizeSidecarSince):
		return false
	case limit.Sign() <= 0:
		// What is resized is the pod's limit, which restarts nobody.
		return false
	case in.pod.Spec.RestartPolicy == corev1.RestartPolicyNever:
		return false
	case in.RestartPolicy != nil && *in.RestartPolicy != corev1.ContainerRestartPolicyAlways:
		return false
	}
	i := slices.IndexFunc(in.ResizePolicy, isMemory)
	if i < 0 {
		return true
	}
	// One that the record does not tell of is the user's, and stays whatever comes.
	previous, _ := in.req.Previous(Name)
	return in.ResizePolicy[i].RestartPolicy == corev1.RestartContainer && previous.Containers[in.Name].Facts[mutate.FactResize] != ""
}

func isMemory(p corev1.ContainerResizePolicy) bool { return p.ResourceName == corev1.ResourceMemory }

// applyResize sets the resizePolicy of the plan, or takes away one that an
// earlier pass set.
func (p *plan) applyResize(req *mutate.Request, e *podspec.Editor, container string) {
	if p.restart {
		e.AddResizePolicy(container, corev1.ContainerResizePolicy{
			ResourceName: corev1.ResourceMemory, RestartPolicy: corev1.RestartContainer})
		return
	}
	previous, _ := req.Previous(Name)
	facts := previous.Containers[container].Facts
	c := e.Container(container)
	// A record that was cut short does not tell. Where the entry would make the pod
	// invalid it is not the user's.
	cutShort := facts[mutate.FactOptions] != "" && e.Pod().Spec.RestartPolicy == corev1.RestartPolicyNever
	if c == nil || facts[mutate.FactResize] == "" && !cutShort {
		return
	}
	if i := slices.IndexFunc(c.ResizePolicy, isMemory); i >= 0 && c.ResizePolicy[i].RestartPolicy == corev1.RestartContainer {
		e.RemoveResizePolicy(container, corev1.ResourceMemory)
	}
}

// memoryLimitEnv is the memory limit in bytes, as the kubelet puts it in.
func memoryLimitEnv(container string) corev1.EnvVar {
	return corev1.EnvVar{Name: wellknown.MemoryLimitEnv, ValueFrom: &corev1.EnvVarSource{
		ResourceFieldRef: &corev1.ResourceFieldSelector{ContainerName: container, Resource: "limits.memory", Divisor: resource.MustParse("1")}}}
}

// canReadLimit reports whether the kubelet puts in the limit that the JVM is to
// go by: without one of the container's own it may take the node's memory.
func canReadLimit(in *inputs) bool {
	limit := in.Resources.Limits[corev1.ResourceMemory]
	if limit.Sign() <= 0 || limit.Cmp(in.mem.visible) != 0 {
		return false
	}
	return freeEnv(in.Container, memoryLimitEnv(in.Name))
}

// dropMemoryLimit takes away the variable of an earlier pass that nothing refers
// to any more. A reference without it would reach the JVM as it is written.
func (p *plan) dropMemoryLimit(e *podspec.Editor, container string) {
	c := e.Container(container)
	if c == nil || slices.ContainsFunc(c.Env, func(env corev1.EnvVar) bool {
		return strings.Contains(env.Value, "$("+wellknown.MemoryLimitEnv+")")
	}) {
		return
	}
	removeOwnEnv(e, container, memoryLimitEnv(container))
}
