// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package jvm

import (
	"math"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// memory is what a container may use.
type memory struct {
	// visible is the limit that the JVM sees in its cgroup: its percentages are of
	// it.
	visible resource.Quantity
	// share is the part of it that is for this container.
	share int64
	// code says why there is none, with its detail.
	code   mutate.Code
	detail string
}

// memoryOf returns the memory limit of a container. One without a limit of its
// own has the pod's as its cgroup limit (KEP-2837), which it shares with the
// containers beside it: what their limits allow them is taken off.
func memoryOf(pod *corev1.Pod, c *corev1.Container) memory {
	if own := c.Resources.Limits[corev1.ResourceMemory]; own.Sign() > 0 {
		return memory{visible: own, share: own.Value()}
	}
	ofPod := podLimit(pod, corev1.ResourceMemory)
	if ofPod.Sign() <= 0 {
		return memory{code: mutate.CodeNoMemoryLimit}
	}
	m := memory{visible: ofPod, share: ofPod.Value()}
	for _, s := range beside(pod, c.Name) {
		limit := s.Resources.Limits[corev1.ResourceMemory]
		if limit.Sign() <= 0 {
			return memory{code: mutate.CodePodLimitShared, detail: "container " + mutate.Quote(s.Name)}
		}
		m.share -= limit.Value()
	}
	return m
}

// processorsOf returns the CPU limit of a container, and the processors that a
// JVM makes of it: the limit rounded up. Without a limit, of its own or the
// pod's, processors is 0.
func processorsOf(pod *corev1.Pod, c *corev1.Container) (limit resource.Quantity, processors int64) {
	limit = c.Resources.Limits[corev1.ResourceCPU]
	if limit.Sign() <= 0 {
		limit = podLimit(pod, corev1.ResourceCPU)
	}
	if limit.Sign() <= 0 {
		return limit, 0
	}
	// Value rounds up. The flag is an int.
	return limit, min(limit.Value(), math.MaxInt32)
}

func podLimit(pod *corev1.Pod, name corev1.ResourceName) resource.Quantity {
	if pod.Spec.Resources == nil {
		return resource.Quantity{}
	}
	return pod.Spec.Resources.Limits[name]
}

// beside returns the containers that run at the same time as the one of that
// name: the other app containers and the native sidecars.
func beside(pod *corev1.Pod, name string) []corev1.Container {
	var out []corev1.Container
	for _, c := range pod.Spec.InitContainers {
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			out = append(out, c)
		}
	}
	for _, c := range pod.Spec.Containers {
		if c.Name != name {
			out = append(out, c)
		}
	}
	return out
}
