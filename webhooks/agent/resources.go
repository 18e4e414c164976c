// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// initResources returns what an init container that copies an agent asks for: of
// each resource what one of the pod's own containers asks for, or what is
// configured where only some of them speak of it; and never more than all of them
// together.
//
// A LimitRange, which cannot be seen from here, bounds every container of the pod
// alike. What it has let pass for one container is within its min, its max and
// its ratio for another; a resource that a container may leave out has none of
// these. Nor does the init container change what the pod as a whole asks for,
// which is the larger of its init containers one by one and its containers
// together: so a quota and a LimitRange on pods find the pod as it was. A pod
// without a limit goes on without one; a pod that asks for nothing goes on asking
// for nothing, and keeps its class of service.
func (m *Mutator) initResources(pod *corev1.Pod) corev1.ResourceRequirements {
	out := corev1.ResourceRequirements{Requests: corev1.ResourceList{}, Limits: corev1.ResourceList{}}
	configured := map[corev1.ResourceName]*resource.Quantity{
		corev1.ResourceCPU:    m.cfg.InitContainer.CPU,
		corev1.ResourceMemory: m.cfg.InitContainer.Memory,
	}
	if asksForNothing(pod) {
		configured = nil
	}
	for name, enough := range configured {
		d, all := model(pod.Spec.Containers, name, enough), together(pod, name)
		if d.request == nil {
			d.request = enough
		}
		d.request = smaller(d.request, all.request)
		if all.limit != nil {
			// Without a limit of the model's there is no max, which it would not have
			// passed.
			limit := larger(enough, d.request)
			if d.limit != nil {
				limit = d.limit
			}
			limit = smaller(limit, all.limit)
			d.request = smaller(d.request, limit)
			out.Limits[name] = limit.DeepCopy()
		}
		out.Requests[name] = d.request.DeepCopy()
	}
	// An emptyDir is the pod's and not its containers', so whichever is enough.
	if d := model(pod.Spec.Containers, corev1.ResourceEphemeralStorage, &resource.Quantity{}); d.request != nil {
		out.Requests[corev1.ResourceEphemeralStorage] = d.request.DeepCopy()
		if d.limit != nil {
			out.Limits[corev1.ResourceEphemeralStorage] = d.limit.DeepCopy()
		}
	}
	return out
}

// asksForNothing reports whether neither the pod nor any container that is not
// Evenkeel's asks for CPU or memory: its class of service is BestEffort
// (pkg/apis/core/helper/qos).
func asksForNothing(pod *corev1.Pod) bool {
	asks := func(r *corev1.ResourceRequirements) bool {
		for _, list := range []corev1.ResourceList{r.Requests, r.Limits} {
			if !list.Cpu().IsZero() || !list.Memory().IsZero() {
				return true
			}
		}
		return false
	}
	if pod.Spec.Resources != nil && asks(pod.Spec.Resources) {
		return false
	}
	return !slices.ContainsFunc(slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers), func(c corev1.Container) bool {
		return !reserved(c.Name) && asks(&c.Resources)
	})
}

// together returns what the pod's containers ask for together, or the pod for
// them all. The request is 0 if nobody asks, and the limit nil if there is none.
func together(pod *corev1.Pod, name corev1.ResourceName) demand {
	var request, limit resource.Quantity
	for i := range pod.Spec.Containers {
		d := demandOf(&pod.Spec.Containers[i], name)
		if d.request != nil {
			request.Add(*d.request)
		}
		if d.limit != nil {
			limit.Add(*d.limit)
		}
	}
	if r := pod.Spec.Resources; r != nil {
		if q, ok := r.Limits[name]; ok {
			limit = q
			if request.IsZero() {
				// The API server's default.
				request = q
			}
		}
		if q, ok := r.Requests[name]; ok {
			request = q
		}
	}
	if limit.IsZero() {
		return demand{request: &request}
	}
	return demand{request: &request, limit: &limit}
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

func smaller(a, b *resource.Quantity) *resource.Quantity {
	if a.Cmp(*b) > 0 {
		return b
	}
	return a
}

// sameResources compares the CPU and memory of two containers. What other
// admission plugins and features give all containers meanwhile, such as a limit
// of ephemeral storage, they give this one too.
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
