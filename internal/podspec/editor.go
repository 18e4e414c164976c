// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package podspec

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"gomodules.xyz/jsonpatch/v2"
	corev1 "k8s.io/api/core/v1"
)

// Editor changes a pod and records what it changed. An edit that changes
// nothing records nothing, so a pod that is already as wanted yields an empty
// patch. The zero value is not usable; see NewEditor.
type Editor struct {
	// given is the pod that the operations start from.
	given *corev1.Pod
	// pod shares with the pod that was given whatever no edit has touched. What an
	// edit may write to is in its own copy: see shared and find.
	pod *corev1.Pod
	// own are the containers, by name, whose lists are in a copy of their own.
	own map[string]bool
	ops []jsonpatch.Operation
}

// NewEditor returns an Editor that starts with a pod, which it does not change.
// Nobody else may change it while the Editor is in use.
func NewEditor(pod *corev1.Pod) *Editor {
	const usual = 48
	return &Editor{given: pod, pod: shared(pod), ops: make([]jsonpatch.Operation, 0, usual)}
}

// Clone returns an independent Editor in the same state, for an attempt that
// may have to be thrown away.
func (e *Editor) Clone() *Editor {
	// From here on the two share the containers' lists.
	e.own = nil
	return &Editor{given: e.given, pod: shared(e.pod), ops: slices.Clip(e.ops)}
}

// shared returns a copy of a pod whose annotations, volumes and containers can be
// edited. A deep copy would cost more than all edits together.
func shared(pod *corev1.Pod) *corev1.Pod {
	out := *pod
	out.Annotations = maps.Clone(pod.Annotations)
	out.Spec.Volumes = slices.Clone(pod.Spec.Volumes)
	out.Spec.InitContainers = slices.Clone(pod.Spec.InitContainers)
	out.Spec.Containers = slices.Clone(pod.Spec.Containers)
	return &out
}

// Pod returns the pod with all edits so far. Callers must only read it.
func (e *Editor) Pod() *corev1.Pod { return e.pod }

// Operations returns the JSON Patch (RFC 6902) that turns the pod that was given
// to NewEditor into Pod, in the order in which it must be applied. An operation
// that makes a missing map or list makes it empty; what goes in follows as
// operations of their own, so each path tells all that it changes. See Patch.
// Callers must only read it.
func (e *Editor) Operations() []jsonpatch.Operation { return slices.Clip(e.ops) }

// Container returns the container or init container of that name, or nil.
// Callers must only read it.
func (e *Editor) Container(name string) *corev1.Container {
	c, _ := e.lookup(name)
	return c
}

// SetAnnotation sets an annotation of the pod.
func (e *Editor) SetAnnotation(key, value string) {
	current, ok := e.pod.Annotations[key]
	if ok && current == value {
		return
	}
	if e.pod.Annotations == nil {
		e.pod.Annotations = map[string]string{}
		e.record("add", "/metadata/annotations", map[string]string{})
	}
	e.pod.Annotations[key] = value
	e.record(addOrReplace(ok), "/metadata/annotations/"+escape(key), value)
}

// RemoveAnnotation removes an annotation of the pod if it is there.
func (e *Editor) RemoveAnnotation(key string) {
	if _, ok := e.pod.Annotations[key]; !ok {
		return
	}
	delete(e.pod.Annotations, key)
	e.record("remove", "/metadata/annotations/"+escape(key), nil)
}

// SetEnv gives a container's environment variable a literal value. An existing
// entry of that name is changed where it stands (its valueFrom is dropped),
// because entries may refer to those above them; a new one goes to the end.
// Where several entries have the name, the last one counts, as in a kubelet.
func (e *Editor) SetEnv(container, name, value string) {
	c, base := e.find(container)
	if c == nil {
		return
	}
	for i := len(c.Env) - 1; i >= 0; i-- {
		env := &c.Env[i]
		if env.Name != name {
			continue
		}
		path := base + "/env/" + strconv.Itoa(i)
		if env.ValueFrom != nil {
			*env = corev1.EnvVar{Name: name, Value: value}
			e.record("replace", path, *env)
		} else if env.Value != value {
			// An entry with an empty value has no such member in JSON.
			e.record(addOrReplace(env.Value != ""), path+"/value", value)
			env.Value = value
		}
		return
	}
	if c.Env == nil {
		e.record("add", base+"/env", []corev1.EnvVar{})
	}
	e.record("add", base+"/env/"+strconv.Itoa(len(c.Env)), corev1.EnvVar{Name: name, Value: value})
	c.Env = append(c.Env, corev1.EnvVar{Name: name, Value: value})
}

// RemoveEnv removes every entry of that name from a container's environment.
func (e *Editor) RemoveEnv(container, name string) {
	c, base := e.find(container)
	if c == nil {
		return
	}
	for i := len(c.Env) - 1; i >= 0; i-- {
		if c.Env[i].Name != name {
			continue
		}
		if len(c.Env) == 1 {
			c.Env = nil
			e.record("remove", base+"/env", nil)
			return
		}
		c.Env = slices.Delete(c.Env, i, i+1)
		e.record("remove", base+"/env/"+strconv.Itoa(i), nil)
	}
}

// SetOptions gives the environment variable that carries a container's JVM
// options its value. An empty one removes the variable, unless an empty entry of
// that name hides another entry or envFrom.
func (e *Editor) SetOptions(container, channel, value string) {
	c, _ := e.find(container)
	if c == nil {
		return
	}
	entries := 0
	for _, env := range c.Env {
		if env.Name == channel {
			entries++
		}
	}
	switch {
	case value != "" || entries > 1 || entries == 1 && len(envFromKeys(c, channel)) > 0:
		e.SetEnv(container, channel, value)
	default:
		e.RemoveEnv(container, channel)
	}
}

// SetVolume makes sure that the pod has this volume: it is added at the end, or
// takes the place of the volume of the same name if same says that the two
// differ in what matters. same may be nil: then a volume of the name is kept.
func (e *Editor) SetVolume(v corev1.Volume, same func(current corev1.Volume) bool) {
	for i, current := range e.pod.Spec.Volumes {
		if current.Name != v.Name {
			continue
		}
		if same != nil && !same(current) {
			e.pod.Spec.Volumes[i] = v
			e.record("replace", "/spec/volumes/"+strconv.Itoa(i), v)
		}
		return
	}
	if e.pod.Spec.Volumes == nil {
		e.record("add", "/spec/volumes", []corev1.Volume{})
	}
	e.record("add", "/spec/volumes/"+strconv.Itoa(len(e.pod.Spec.Volumes)), v)
	e.pod.Spec.Volumes = append(e.pod.Spec.Volumes, v)
}

// RemoveVolume removes the pod's volume of that name. Mounts stay: see
// RemoveVolumeMount.
func (e *Editor) RemoveVolume(name string) {
	i := slices.IndexFunc(e.pod.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == name })
	if i < 0 {
		return
	}
	if len(e.pod.Spec.Volumes) == 1 {
		e.pod.Spec.Volumes = nil
		e.record("remove", "/spec/volumes", nil)
		return
	}
	e.pod.Spec.Volumes = slices.Delete(e.pod.Spec.Volumes, i, i+1)
	e.record("remove", "/spec/volumes/"+strconv.Itoa(i), nil)
}

// AddVolumeMount mounts a volume into a container unless something is mounted
// at that path already.
func (e *Editor) AddVolumeMount(container string, m corev1.VolumeMount) {
	c, base := e.find(container)
	if c == nil || slices.ContainsFunc(c.VolumeMounts, func(o corev1.VolumeMount) bool { return o.MountPath == m.MountPath }) {
		return
	}
	if c.VolumeMounts == nil {
		e.record("add", base+"/volumeMounts", []corev1.VolumeMount{})
	}
	e.record("add", base+"/volumeMounts/"+strconv.Itoa(len(c.VolumeMounts)), m)
	c.VolumeMounts = append(c.VolumeMounts, m)
}

// RemoveVolumeMount removes a container's mounts of a volume at a path.
func (e *Editor) RemoveVolumeMount(container, volume, mountPath string) {
	c, base := e.find(container)
	if c == nil {
		return
	}
	for i := len(c.VolumeMounts) - 1; i >= 0; i-- {
		if m := c.VolumeMounts[i]; m.Name != volume || m.MountPath != mountPath {
			continue
		}
		if len(c.VolumeMounts) == 1 {
			c.VolumeMounts = nil
			e.record("remove", base+"/volumeMounts", nil)
			return
		}
		c.VolumeMounts = slices.Delete(c.VolumeMounts, i, i+1)
		e.record("remove", base+"/volumeMounts/"+strconv.Itoa(i), nil)
	}
}

// SetInitContainer makes sure that the pod has this init container: it is put
// before all others, or takes the place of the init container of the same name
// if same says that the two differ in what matters. same may be nil: then an
// init container of the name is kept. The comparison is the caller's because
// the API server adds defaults, and other admission plugins add mounts and
// resources, to what is there when a webhook is invoked again.
func (e *Editor) SetInitContainer(c corev1.Container, same func(current corev1.Container) bool) {
	for i, current := range e.pod.Spec.InitContainers {
		if current.Name != c.Name {
			continue
		}
		if same != nil && !same(current) {
			e.pod.Spec.InitContainers[i] = c
			e.record("replace", "/spec/initContainers/"+strconv.Itoa(i), c)
		}
		return
	}
	if e.pod.Spec.InitContainers == nil {
		e.record("add", "/spec/initContainers", []corev1.Container{})
	}
	e.pod.Spec.InitContainers = slices.Insert(e.pod.Spec.InitContainers, 0, c)
	e.record("add", "/spec/initContainers/0", c)
}

// RemoveInitContainer removes the init container of that name.
func (e *Editor) RemoveInitContainer(name string) {
	i := slices.IndexFunc(e.pod.Spec.InitContainers, func(c corev1.Container) bool { return c.Name == name })
	if i < 0 {
		return
	}
	if len(e.pod.Spec.InitContainers) == 1 {
		e.pod.Spec.InitContainers = nil
		e.record("remove", "/spec/initContainers", nil)
		return
	}
	e.pod.Spec.InitContainers = slices.Delete(e.pod.Spec.InitContainers, i, i+1)
	e.record("remove", "/spec/initContainers/"+strconv.Itoa(i), nil)
}

// SetAutomountServiceAccountToken sets the pod's field of that name.
func (e *Editor) SetAutomountServiceAccountToken(mount bool) {
	current := e.pod.Spec.AutomountServiceAccountToken
	if current != nil && *current == mount {
		return
	}
	e.pod.Spec.AutomountServiceAccountToken = &mount
	e.record(addOrReplace(current != nil), "/spec/automountServiceAccountToken", mount)
}

// find returns the container of that name, whose lists may be written to, and
// its path in the pod.
func (e *Editor) find(name string) (*corev1.Container, string) {
	c, path := e.lookup(name)
	if c == nil || e.own[name] {
		return c, path
	}
	c.Env, c.VolumeMounts, c.ResizePolicy = slices.Clone(c.Env), slices.Clone(c.VolumeMounts), slices.Clone(c.ResizePolicy)
	if e.own == nil {
		e.own = map[string]bool{}
	}
	e.own[name] = true
	return c, path
}

// lookup returns the container of that name and its path in the pod.
func (e *Editor) lookup(name string) (*corev1.Container, string) {
	for i := range e.pod.Spec.Containers {
		if e.pod.Spec.Containers[i].Name == name {
			return &e.pod.Spec.Containers[i], "/spec/containers/" + strconv.Itoa(i)
		}
	}
	for i := range e.pod.Spec.InitContainers {
		if e.pod.Spec.InitContainers[i].Name == name {
			return &e.pod.Spec.InitContainers[i], "/spec/initContainers/" + strconv.Itoa(i)
		}
	}
	return nil, ""
}

func (e *Editor) record(op, path string, value any) {
	e.ops = append(e.ops, jsonpatch.NewOperation(op, path, value))
}

func addOrReplace(present bool) string {
	if present {
		return "replace"
	}
	return "add"
}

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

// escape writes a map key as a JSON Pointer token (RFC 6901, section 3).
func escape(key string) string {
	if !strings.ContainsAny(key, "~/") {
		return key
	}
	return pointerEscapes.Replace(key)
}
