// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package jvm

import (
	"math"
	"math/bits"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// memory is what a container may use.
type memory struct {
	// visible is the limit that the JVM sees in its cgroup: its percentages are of
	// it.
	visible resource.Quantity
	// share is the part of it that is for this container, in bytes.
	share int64
	// code says why there is none, with its detail.
	code   mutate.Code
	detail string
}

// shared reports whether other containers have a part of the visible limit.
func (m memory) shared() bool { return m.code == "" && m.share != m.visible.Value() }

// memoryOf returns the memory limit of a container, which is its own or the
// pod's (KEP-2837).
func memoryOf(pod *corev1.Pod, t target) memory {
	own, ofPod := t.Resources.Limits[corev1.ResourceMemory], podLimit(pod, corev1.ResourceMemory)
	switch {
	case own.Sign() > 0 && ofPod.Sign() > 0:
		return scaled(pod, t, own, ofPod)
	case own.Sign() > 0:
		return memory{visible: own, share: own.Value()}
	case ofPod.Sign() > 0:
		return remainder(pod, t, ofPod)
	}
	return memory{code: mutate.CodeNoMemoryLimit}
}

// scaled is the memory of a container with a limit of its own in a pod with one.
// Together the containers may use no more than the pod; where their limits allow
// them more, each has a part of the pod's in proportion to its own.
func scaled(pod *corev1.Pod, t target, own, ofPod resource.Quantity) memory {
	total := own.Value()
	for _, s := range beside(pod, t) {
		limit := s.Resources.Limits[corev1.ResourceMemory]
		total = saturatingAdd(total, max(limit.Value(), 0))
	}
	m := memory{visible: own, share: own.Value()}
	if ofPod.Cmp(own) < 0 {
		// Not in a pod that the API server takes.
		m.visible = ofPod
	}
	if total > ofPod.Value() {
		// In 128 bits. The quotient is not above the pod's, because total is not below own.
		high, low := bits.Mul64(uint64(own.Value()), uint64(ofPod.Value()))
		share, _ := bits.Div64(high, low, uint64(total))
		m.share = int64(share)
	}
	return m
}

// remainder is the memory of a container without a limit of its own, which has
// the pod's as its cgroup limit: what the limits of the containers beside it
// leave of that.
func remainder(pod *corev1.Pod, t target, ofPod resource.Quantity) memory {
	m := memory{visible: ofPod}
	var others int64
	for _, s := range beside(pod, t) {
		limit := s.Resources.Limits[corev1.ResourceMemory]
		if limit.Sign() <= 0 {
			return memory{code: mutate.CodePodLimitShared, detail: "container " + mutate.Quote(s.Name)}
		}
		others = saturatingAdd(others, limit.Value())
	}
	m.share = ofPod.Value() - others
	return m
}

// saturatingAdd adds two numbers that are not negative.
func saturatingAdd(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
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
