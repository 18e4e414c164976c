// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package podspec

import (
	"maps"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// SetLimit sets a container's limit of a resource.
func (e *Editor) SetLimit(container string, name corev1.ResourceName, q resource.Quantity) {
	e.setResource(container, "limits", func(r *corev1.ResourceRequirements) *corev1.ResourceList { return &r.Limits }, name, q)
}

// SetRequest sets a container's request of a resource.
func (e *Editor) SetRequest(container string, name corev1.ResourceName, q resource.Quantity) {
	e.setResource(container, "requests", func(r *corev1.ResourceRequirements) *corev1.ResourceList { return &r.Requests }, name, q)
}

func (e *Editor) setResource(container, field string, of func(*corev1.ResourceRequirements) *corev1.ResourceList, name corev1.ResourceName, q resource.Quantity) {
	c, base := e.find(container)
	if c == nil {
		return
	}
	list := of(&c.Resources)
	current, ok := (*list)[name]
	if ok && current.Cmp(q) == 0 {
		return
	}
	base += "/resources"
	// The API server writes an empty resources into every container; a file need not
	// have one. Which of the two it was, the typed container does not tell.
	if r := c.Resources; r.Limits == nil && r.Requests == nil && r.Claims == nil {
		e.record("add", base, map[string]any{})
	}
	// JSON leaves an empty map out of what a mutator has put in.
	if len(*list) == 0 {
		e.record("add", base+"/"+field, map[string]string{})
	}
	// The map may be shared with the pod that was given.
	own := maps.Clone(*list)
	if own == nil {
		own = corev1.ResourceList{}
	}
	own[name] = q
	*list = own
	e.record(addOrReplace(ok), base+"/"+field+"/"+escape(string(name)), q.String())
}

// SetEmptyDirSizeLimit sets the sizeLimit of the pod's emptyDir of that name. A
// volume without any source is an emptyDir.
func (e *Editor) SetEmptyDirSizeLimit(volume string, q resource.Quantity) {
	i := slices.IndexFunc(e.pod.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == volume })
	if i < 0 {
		return
	}
	v := &e.pod.Spec.Volumes[i]
	path := "/spec/volumes/" + strconv.Itoa(i) + "/emptyDir"
	// The source may be shared with the pod that was given.
	var own corev1.EmptyDirVolumeSource
	switch {
	case v.EmptyDir != nil:
		own = *v.EmptyDir
	case v.VolumeSource == (corev1.VolumeSource{}):
		e.record("add", path, map[string]any{})
	default:
		return
	}
	if own.SizeLimit != nil && own.SizeLimit.Cmp(q) == 0 {
		return
	}
	e.record(addOrReplace(own.SizeLimit != nil), path+"/sizeLimit", q.String())
	own.SizeLimit = &q
	v.EmptyDir = &own
}

// RemoveProjectedSource removes a source of the pod's projected volume of that
// name, by its place in the list.
func (e *Editor) RemoveProjectedSource(volume string, source int) {
	i := slices.IndexFunc(e.pod.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == volume })
	if i < 0 || e.pod.Spec.Volumes[i].Projected == nil || source < 0 || source >= len(e.pod.Spec.Volumes[i].Projected.Sources) {
		return
	}
	v := &e.pod.Spec.Volumes[i]
	// The source may be shared with the pod that was given.
	own := *v.Projected
	own.Sources = slices.Delete(slices.Clone(own.Sources), source, source+1)
	v.Projected = &own
	e.record("remove", "/spec/volumes/"+strconv.Itoa(i)+"/projected/sources/"+strconv.Itoa(source), nil)
}
