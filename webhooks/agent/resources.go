// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// initResources returns what an init container that copies an agent asks for: of
// each resource what one of the pod's own containers asks for, or what is
// configured where a container says nothing of it.
//
// A LimitRange, which cannot be seen from here, bounds every container of the pod
// alike. What it has let pass for one container is within its min, its max and
// its ratio for another; a resource that a container may leave out has none of
// these. Nor does it raise what the pod as a whole asks for, which is the larger
// of its init containers one by one and its containers together.
func (m *Mutator) initResources(pod *corev1.Pod) corev1.ResourceRequirements {
	out := corev1.ResourceRequirements{Requests: corev1.ResourceList{}, Limits: corev1.ResourceList{}}
	for name, configured := range map[corev1.ResourceName]*resource.Quantity{
		corev1.ResourceCPU:    m.cfg.InitContainer.CPU,
		corev1.ResourceMemory: m.cfg.InitContainer.Memory,
	} {
		d := model(pod.Spec.Containers, name, configured)
		if d.request == nil {
			d = demand{request: configured, limit: configured}
		}
		if d.limit == nil {
			// Without a max, which a container without a limit would not have passed.
			d.limit = larger(configured, d.request)
		}
		out.Requests[name] = within(pod, name, d.request, true)
		out.Limits[name] = within(pod, name, d.limit, false)
	}
	return out
}

// demand is what a container asks for of one resource. A limit of nil is none; a
// request of nil means that it says nothing of the resource.
type demand struct{ request, limit *resource.Quantity }

func demandOf(c *corev1.Container, name corev1.ResourceName) demand {
	var d demand
	if q, ok := c.Resources.Limits[name]; ok && q.Sign() > 0 {
		d.request, d.limit = &q, &q
	}
	if q, ok := c.Resources.Requests[name]; ok {
		d.request = &q
	}
	return d
}

// model returns the demand of the container with the smallest limit that is
// enough; of the one with the largest if none is. It has no request if a
// container says nothing of the resource.
func model(containers []corev1.Container, name corev1.ResourceName, enough *resource.Quantity) demand {
	var best demand
	for i := range containers {
		d := demandOf(&containers[i], name)
		if d.request == nil {
			return demand{}
		}
		if best.request == nil || d.before(best, enough) {
			best = d
		}
	}
	return best
}

// before reports whether a is to be preferred to b.
func (a demand) before(b demand, enough *resource.Quantity) bool {
	aIs, bIs := compareLimits(a.limit, enough) >= 0, compareLimits(b.limit, enough) >= 0
	order := compareLimits(a.limit, b.limit)
	switch {
	case aIs != bIs:
		return aIs
	case order == 0:
		return a.request.Cmp(*b.request) < 0
	}
	return (order < 0) == aIs
}

// compareLimits compares limits, of which nil is above all others.
func compareLimits(a, b *resource.Quantity) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	return a.Cmp(*b)
}

func larger(a, b *resource.Quantity) *resource.Quantity {
	if a.Cmp(*b) < 0 {
		return b
	}
	return a
}

// within returns q, or what the pod as a whole may have where that is less: the
// API server refuses a container that asks for more than its pod.
func within(pod *corev1.Pod, name corev1.ResourceName, q *resource.Quantity, request bool) resource.Quantity {
	out := q.DeepCopy()
	if pod.Spec.Resources == nil {
		return out
	}
	if limit, ok := pod.Spec.Resources.Limits[name]; ok && limit.Cmp(out) < 0 {
		out = limit.DeepCopy()
	}
	if r, ok := pod.Spec.Resources.Requests[name]; ok && request && r.Cmp(out) < 0 {
		out = r.DeepCopy()
	}
	return out
}

// sameResources compares the CPU and memory of two containers. Other admission
// plugins add other resources.
func sameResources(a, b corev1.ResourceRequirements) bool {
	for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
		for _, lists := range [][2]corev1.ResourceList{{a.Requests, b.Requests}, {a.Limits, b.Limits}} {
			x, inA := lists[0][name]
			y, inB := lists[1][name]
			if inA != inB || x.Cmp(y) != 0 {
				return false
			}
		}
	}
	return true
}
