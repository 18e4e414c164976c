// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/internal/podspec"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// apply brings the pod to the plans. again says that an earlier pass has brought
// agents, which the plans may no longer want. start is what the pod says of a copy
// that fails.
func (m *Mutator) apply(req *mutate.Request, e *podspec.Editor, plans []*plan, again bool, start *bool) {
	if again {
		m.removeStale(req, e, plans)
	}
	var used []*v1alpha1.Agent
	for i := range m.catalogue {
		a := &m.catalogue[i]
		if slices.ContainsFunc(plans, func(p *plan) bool { return slices.Contains(p.agents, a) }) {
			used = append(used, a)
		}
	}
	for _, a := range used {
		takers := 0
		for _, p := range plans {
			if slices.Contains(p.agents, a) {
				takers++
			}
		}
		m.addVolumes(req, e, a, takers)
	}
	// Each goes before all others, so the first comes last.
	for _, a := range slices.Backward(used) {
		if delivery(req, a) == v1alpha1.DeliveryInitContainer {
			c := m.initContainer(e.Pod(), a, copier{
				user:  userFor(e, a, plans),
				start: ptr.Deref(start, a.OnCopyFailure == v1alpha1.CopyFailureStart),
			})
			e.SetInitContainer(c, func(current corev1.Container) bool { return sameInitContainer(c, current) })
		}
	}
	for _, p := range plans {
		m.applyTo(req, e, p)
	}
	m.nameVolumes(e, again)
}

// applyTo brings one container to its plan.
func (m *Mutator) applyTo(req *mutate.Request, e *podspec.Editor, p *plan) {
	c := e.Container(p.container)
	for _, name := range ownEnv(req, c, p.env) {
		if !slices.ContainsFunc(p.env, func(o corev1.EnvVar) bool { return o.Name == name }) {
			e.RemoveEnv(p.container, name)
		}
	}
	for _, name := range misplaced(e.Container(p.container), p.env) {
		e.RemoveEnv(p.container, name)
	}
	for _, env := range p.env {
		e.SetDefaultEnv(p.container, env)
	}
	req.MergeOptions(e, Name, p.container, p.channel, p.options)
	for _, a := range p.agents {
		for _, mount := range m.mounts(a, p.container) {
			e.AddVolumeMount(p.container, mount)
		}
		if bytes := a.Memory.Value(); bytes > 0 {
			req.Reserve(p.container, mutate.Reservation{What: "agent " + a.Name, Bytes: bytes})
		}
	}
}

// volumeName is the name of an agent's volume, and of its init container.
func volumeName(a *v1alpha1.Agent) string { return v1alpha1.AgentVolumePrefix + a.Name }

// foldersVolumeName is the name of the volume with an agent's writable folders.
func foldersVolumeName(a *v1alpha1.Agent) string { return volumeName(a) + v1alpha1.AgentFoldersSuffix }

// mounts returns the mounts of an agent in a container. Its writable folders are
// of one volume, which the containers of the pod share: each has its own part. A
// kubelet makes the folders, which the agent may expect to be there.
func (m *Mutator) mounts(a *v1alpha1.Agent, container string) []corev1.VolumeMount {
	out := []corev1.VolumeMount{{Name: volumeName(a), MountPath: m.cfg.MountPath(a.Name), ReadOnly: true}}
	for _, w := range a.Writable {
		out = append(out, corev1.VolumeMount{Name: foldersVolumeName(a), MountPath: w.MountPath, SubPath: container + "/" + w.Name})
	}
	return out
}

// takenPath returns a path of the user's mounts that is in the agent's way, or "".
// A mount above one of the agent's is, because the runtime would have to make the
// agent's folder in the user's volume, which may be read-only; and so is one
// inside the agent's image, which always is.
func (m *Mutator) takenPath(c *corev1.Container, a *v1alpha1.Agent) string {
	for _, want := range m.mounts(a, c.Name) {
		for _, have := range c.VolumeMounts {
			if reserved(have.Name) {
				continue
			}
			if inside(want.MountPath, have.MountPath) || want.ReadOnly && inside(have.MountPath, want.MountPath) {
				return have.MountPath
			}
		}
	}
	return ""
}

// inside reports whether a path in a container is a folder or inside it. A path
// without a leading slash is taken from the root, as by a kubelet.
func inside(name, folder string) bool {
	name, folder = path.Join("/", name), path.Join("/", folder)
	return name == folder || strings.HasPrefix(name, strings.TrimSuffix(folder, "/")+"/")
}

// addVolumes adds the volumes of an agent that so many containers take. What one
// of them may write is not less because others do.
func (m *Mutator) addVolumes(req *mutate.Request, e *podspec.Editor, a *v1alpha1.Agent, takers int) {
	content := corev1.Volume{Name: volumeName(a)}
	if delivery(req, a) == v1alpha1.DeliveryImageVolume {
		content.Image = &corev1.ImageVolumeSource{Reference: a.Image, PullPolicy: corev1.PullIfNotPresent}
	} else {
		limit := a.SizeLimit.DeepCopy()
		content.EmptyDir = &corev1.EmptyDirVolumeSource{SizeLimit: &limit}
	}
	e.SetVolume(content, func(current corev1.Volume) bool { return sameVolume(content, current) })
	if len(a.Writable) == 0 {
		return
	}
	var limit resource.Quantity
	for _, w := range a.Writable {
		limit.Add(*w.SizeLimit)
	}
	limit.Mul(int64(takers))
	folders := corev1.Volume{Name: foldersVolumeName(a)}
	folders.EmptyDir = &corev1.EmptyDirVolumeSource{SizeLimit: &limit}
	e.SetVolume(folders, func(current corev1.Volume) bool { return sameVolume(folders, current) })
}

func sameVolume(a, b corev1.Volume) bool {
	switch {
	case a.Image != nil:
		return b.Image != nil && *a.Image == *b.Image
	case b.EmptyDir == nil:
		return false
	case a.EmptyDir.SizeLimit == nil || b.EmptyDir.SizeLimit == nil:
		return a.EmptyDir.SizeLimit == b.EmptyDir.SizeLimit
	}
	return a.EmptyDir.SizeLimit.Cmp(*b.EmptyDir.SizeLimit) == 0
}
