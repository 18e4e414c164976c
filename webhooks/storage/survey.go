// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package storage

import (
	"math"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// survey is what a pod says of disk, without what this feature put there in an
// earlier pass.
type survey struct {
	containers []container
	// requests and limits of the user's, of all containers together.
	requests, limits resource.Quantity
}

// container is one that is limited.
type container struct {
	name, tier string
	// users says that it has a limit of the user's, which is limit.
	users bool
	limit resource.Quantity
	// requests says that it has a request of the user's, which is request.
	requests bool
	request  resource.Quantity
	// unsized are the emptyDirs without a sizeLimit that it is the first to mount.
	unsized []string
	// room for the others that it is the first to mount.
	room resource.Quantity
}

// ownPrefix begins the names of containers and volumes that other features add.
const ownPrefix = "evenkeel-"

// limited returns the containers that are limited: those that run as long as the
// pod does. A kubelet holds an init container that ends to no limit of its own;
// it takes the limit for one of the whole pod if it is above that of the others.
func limited(pod *corev1.Pod) []corev1.Container {
	var out []corev1.Container
	for _, c := range pod.Spec.InitContainers {
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			out = append(out, c)
		}
	}
	out = append(out, pod.Spec.Containers...)
	return slices.DeleteFunc(out, func(c corev1.Container) bool { return strings.HasPrefix(c.Name, ownPrefix) })
}

// survey reads a pod. tier returns the tier that the first of some annotations
// chooses.
func (m *Mutator) survey(req *mutate.Request, pod *corev1.Pod, tier func(keys ...string) string) *survey {
	previous, _ := req.Previous(Name)
	p := &survey{}
	for _, c := range limited(pod) {
		recorded := previous.Containers[c.Name].Facts[mutate.FactStorageRequest]
		out := container{name: c.Name, tier: tier(wellknown.ForContainer(wellknown.StorageTierAnnotation, c.Name), wellknown.StorageTierAnnotation)}
		if limit, ok := req.UserStorageLimit(&c); ok {
			out.users, out.limit = true, limit
			p.limits = add(p.limits, limit)
		}
		switch request, ok := c.Resources.Requests[disk]; {
		case ok && (out.users || !is(request, recorded)):
			out.requests, out.request = true, request
		case out.users:
			// As the API server will have it.
			out.requests, out.request = true, out.limit
		}
		p.requests = add(p.requests, out.request)
		p.containers = append(p.containers, out)
	}
	for i := range pod.Spec.Volumes {
		if v := &pod.Spec.Volumes[i]; onDisk(v) {
			p.assign(pod, v, &previous)
		}
	}
	return p
}

// assign gives an emptyDir to the container that mounts it first: to be sized, or
// to have room for. One that no container mounts which is limited, such as an
// init container's own, stays as it is.
//
// Room is for what the user or another feature has given a size, such as the heap
// dump's and the agents' emptyDirs; what this feature sizes shares the
// containers' limits.
func (p *survey) assign(pod *corev1.Pod, v *corev1.Volume, previous *mutate.FeatureStatus) {
	i := p.firstMount(pod, v.Name)
	if i < 0 {
		return
	}
	c, size := &p.containers[i], sizeLimit(v)
	facts := previous.Containers[c.name].Facts
	switch {
	case size == nil,
		slices.Contains(strings.Split(facts[mutate.FactEmptyDirs], ","), v.Name) && is(*size, facts[mutate.FactEmptyDirSize]):
		c.unsized = append(c.unsized, v.Name)
	case size.Sign() > 0:
		c.room = add(c.room, *size)
	}
}

// firstMount returns which of the containers mounts a volume: the first of the
// application's, or else the first sidecar; -1 if none does.
func (p *survey) firstMount(pod *corev1.Pod, volume string) int {
	for _, list := range [][]corev1.Container{pod.Spec.Containers, pod.Spec.InitContainers} {
		for _, c := range list {
			i := slices.IndexFunc(p.containers, func(o container) bool { return o.name == c.Name })
			if i >= 0 && slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return m.Name == volume }) {
				return i
			}
		}
	}
	return -1
}

// is reports whether a quantity is the one of a record.
func is(q resource.Quantity, recorded string) bool {
	if recorded == "" {
		return false
	}
	r, err := resource.ParseQuantity(recorded)
	return err == nil && q.Cmp(r) == 0
}

// onDisk reports whether a volume is an emptyDir on the node's disk. One without
// any source is.
func onDisk(v *corev1.Volume) bool {
	if v.EmptyDir != nil {
		return v.EmptyDir.Medium == corev1.StorageMediumDefault
	}
	return v.VolumeSource == (corev1.VolumeSource{})
}

func sizeLimit(v *corev1.Volume) *resource.Quantity {
	if v.EmptyDir == nil {
		return nil
	}
	return v.EmptyDir.SizeLimit
}

// emptyDirSize returns the sizeLimit of emptyDirs that have none: that of the
// tier, and no less than what the containers request or may use by limits of the
// user's, which are for their emptyDirs too.
func (p *survey) emptyDirSize(tier v1alpha1.StorageTier) resource.Quantity {
	size := tier.EmptyDir.DeepCopy()
	for _, q := range []resource.Quantity{p.requests, p.limits} {
		if q.Cmp(size) > 0 {
			size = q
		}
	}
	return size
}

// add returns the sum of two amounts of bytes, or the largest there is.
func add(a, b resource.Quantity) resource.Quantity {
	x, y := a.Value(), b.Value()
	if y > math.MaxInt64-x {
		return *resource.NewQuantity(math.MaxInt64, resource.BinarySI)
	}
	return *resource.NewQuantity(x+y, resource.BinarySI)
}
