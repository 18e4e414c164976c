// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package jvm

import (
	"fmt"
	"math"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/internal/podspec"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// dump is where the JVM of one container writes its heap.
type dump struct {
	mount corev1.VolumeMount
	// env are the variables that the mount's path refers to.
	env []corev1.EnvVar
}

// dumps is what the containers of a pod need together: the volume that Evenkeel
// adds for those whose pod brings none.
type dumps struct {
	// has says that the pod came with a volume of that name, and own that it was
	// this feature's or there was none.
	has, own bool
	// size of the volume so far, in bytes; 0 for none.
	size int64
	// room is what the limits of ephemeral storage leave a pod, or -1.
	room int64
}

func newDumps(req *mutate.Request, pod *corev1.Pod) *dumps {
	d := &dumps{room: storageLimit(req, pod)}
	d.has, d.own = ownVolume(pod)
	return d
}

// plan decides about the heap dump of one container and returns its options. The
// error is for the user.
func (d *dumps) plan(in *inputs, p *plan) ([]string, error) {
	wish, settings := in.wishes.dump, &in.wishes.settings.HeapDump
	switch {
	case !wish.on, in.user.dump != nil && strings.HasPrefix(in.user.dump.Text, "-XX:-"):
		return nil, nil
	case settings.Mode == v1alpha1.HeapDumpNever:
		p.note(mutate.CodeHeapDumpNever, "")
		return nil, nil
	}
	var options []string
	if in.user.dump == nil {
		options = append(options, "-XX:+HeapDumpOnOutOfMemoryError")
	}
	path := dumpPathOf(in.user.dumpPath)
	if path != "" && !ownPath(in.Container, path) {
		p.result.Facts[mutate.FactHeapDump] = "user"
		return options, nil
	}
	to, code, detail, err := d.place(in)
	if err != nil {
		return nil, err
	}
	if code != "" {
		p.note(code, detail)
		return nil, nil
	}
	p.dump = to
	p.result.Facts[mutate.FactHeapDump] = to.mount.Name
	if path == to.mount.MountPath {
		return options, nil
	}
	return append(options, "-XX:HeapDumpPath="+to.mount.MountPath), nil
}

// dumpPathOf returns the path that a flag gives, or "".
func dumpPathOf(f *podspec.Flag) string {
	if f == nil {
		return ""
	}
	_, path, _ := strings.Cut(f.Text, "=")
	return path
}

// ownPath reports whether a path is that of a mount of this feature's: the option
// is then one of an earlier pass whose record is lost.
func ownPath(c *corev1.Container, path string) bool {
	return slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return isOwnMount(m, c.Name) && within(path, m.MountPath) })
}

// place finds the volume for the dump of one container. A code says why there is
// none.
func (d *dumps) place(in *inputs) (to *dump, code mutate.Code, detail string, err error) {
	settings := &in.wishes.settings.HeapDump
	name := in.wishes.dump.volume
	i := slices.IndexFunc(in.pod.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == name })
	if name != "" && i < 0 {
		return nil, "", "", fmt.Errorf("annotation %s: the pod has no volume %s; name one of spec.volumes", in.wishes.dump.key, mutate.Quote(name))
	}
	if name == "" && settings.Volume != "" {
		i = slices.IndexFunc(in.pod.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == settings.Volume })
		name = settings.Volume
	}
	if i >= 0 {
		if why := unfit(&in.pod.Spec.Volumes[i]); why != "" {
			return nil, mutate.CodeHeapDumpVolume, "volume " + mutate.Quote(name) + " " + why, nil
		}
		to = sharedDump(name, settings.MountPath, in.Name)
	} else {
		to = &dump{mount: corev1.VolumeMount{Name: wellknown.HeapDumpVolume, MountPath: settings.MountPath, SubPath: in.Name}}
	}
	if taken := d.taken(in, to); taken != "" {
		return nil, mutate.CodeHeapDumpPathTaken, taken, nil
	}
	if i >= 0 {
		return to, "", "", nil
	}
	if in.mem.code != "" {
		return nil, mutate.CodeHeapDumpNoRoom, "no memory limit to size the volume by", nil
	}
	visible := in.mem.visible.Value()
	percent := int64(*settings.SizePercent)
	if visible > math.MaxInt64/1000 {
		return nil, mutate.CodeHeapDumpNoRoom, "the memory limit is too large", nil
	}
	size := (visible/100*percent + visible%100*percent/100 + 1<<20 - 1) >> 20 << 20
	if total := saturatingAdd(d.size, size); d.room >= 0 && total > d.room {
		return nil, mutate.CodeHeapDumpNoRoom, fmt.Sprintf("%s, the limits of ephemeral-storage are %s", formatBytes(total), formatBytes(d.room)), nil
	}
	d.size = saturatingAdd(d.size, size)
	return to, "", "", nil
}

// sharedDump is the dump on a volume that other pods may use too: each pod has a
// folder of its own, and sees no other's. The UID tells the replicas of a
// StatefulSet that have followed each other apart, because a JVM does not
// overwrite a dump.
func sharedDump(volume, mountPath, container string) *dump {
	return &dump{
		mount: corev1.VolumeMount{Name: volume, MountPath: mountPath,
			SubPathExpr: sharedFolder + "/" + container},
		env: []corev1.EnvVar{fieldEnv(wellknown.PodNameEnv, "metadata.name"), fieldEnv(wellknown.PodUIDEnv, "metadata.uid")},
	}
}

// sharedFolder is a pod's folder on a shared volume.
const sharedFolder = "$(" + wellknown.PodNameEnv + ")_$(" + wellknown.PodUIDEnv + ")"

func fieldEnv(name, field string) corev1.EnvVar {
	return corev1.EnvVar{Name: name, ValueFrom: &corev1.EnvVarSource{
		FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: field}}}
}

// unfit returns why a volume of the pod's cannot take a dump, or "".
func unfit(v *corev1.Volume) string {
	switch {
	case v.ConfigMap != nil, v.Secret != nil, v.Projected != nil, v.DownwardAPI != nil, v.Image != nil:
		return "cannot be written to"
	case v.PersistentVolumeClaim != nil && v.PersistentVolumeClaim.ReadOnly:
		return "is read-only"
	case v.EmptyDir != nil && v.EmptyDir.Medium != corev1.StorageMediumDefault:
		return "is in memory, which counts against the limit"
	}
	return ""
}

// taken returns what stands in the way of a dump, or "".
func (d *dumps) taken(in *inputs, to *dump) string {
	for _, m := range in.VolumeMounts {
		own := isOwnMount(m, in.Name)
		if !own && (within(m.MountPath, to.mount.MountPath) || within(to.mount.MountPath, m.MountPath)) {
			return "a mount at " + mutate.Quote(m.MountPath)
		}
	}
	for _, env := range to.env {
		if !freeEnv(in.Container, env) {
			return "env " + env.Name
		}
	}
	if to.mount.Name == wellknown.HeapDumpVolume && !d.own {
		return "volume " + mutate.Quote(wellknown.HeapDumpVolume)
	}
	return ""
}

// within reports whether a path is another one or below it.
func within(path, root string) bool {
	path, root = strings.TrimRight(path, "/"), strings.TrimRight(root, "/")
	return path == root || root != "" && strings.HasPrefix(path, root+"/")
}

// isOwnMount reports whether a mount of a container is one that this feature
// makes. It is known by its form, which nobody writes by chance, and not by the
// record, which may be lost.
func isOwnMount(m corev1.VolumeMount, container string) bool {
	return m.Name == wellknown.HeapDumpVolume && m.SubPath == container || m.SubPathExpr == sharedFolder+"/"+container
}

// ownVolume reports whether the pod has the volume for dumps, and whether it is
// one that this feature has made, an emptyDir that is mounted in no other way, or
// may make.
func ownVolume(pod *corev1.Pod) (has, own bool) {
	i := slices.IndexFunc(pod.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == wellknown.HeapDumpVolume })
	if i < 0 {
		return false, true
	}
	mounted := false
	for _, c := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
		for _, m := range c.VolumeMounts {
			if m.Name != wellknown.HeapDumpVolume {
				continue
			}
			if !isOwnMount(m, c.Name) {
				return true, false
			}
			mounted = true
		}
	}
	return true, mounted && pod.Spec.Volumes[i].EmptyDir != nil
}

// freeEnv reports whether a container has no other variable of that name.
func freeEnv(c *corev1.Container, env corev1.EnvVar) bool {
	for _, o := range c.Env {
		if o.Name == env.Name && !sameSource(o, env) {
			return false
		}
	}
	return true
}

// sameSource reports whether two variables have the same source, whatever the API
// server has added to one.
func sameSource(a, b corev1.EnvVar) bool {
	switch {
	case a.ValueFrom == nil || b.ValueFrom == nil:
		return false
	case a.ValueFrom.FieldRef != nil && b.ValueFrom.FieldRef != nil:
		return a.ValueFrom.FieldRef.FieldPath == b.ValueFrom.FieldRef.FieldPath
	case a.ValueFrom.ResourceFieldRef != nil && b.ValueFrom.ResourceFieldRef != nil:
		x, y := a.ValueFrom.ResourceFieldRef, b.ValueFrom.ResourceFieldRef
		return x.Resource == y.Resource && x.ContainerName == y.ContainerName && x.Divisor.Cmp(y.Divisor) == 0
	}
	return false
}

// removeOwnEnv removes a variable of this feature's from a container.
func removeOwnEnv(e *podspec.Editor, container string, env corev1.EnvVar) {
	c := e.Container(container)
	if c != nil && slices.ContainsFunc(c.Env, func(o corev1.EnvVar) bool { return o.Name == env.Name && sameSource(o, env) }) &&
		freeEnv(c, env) {
		e.RemoveEnv(container, env.Name)
	}
}

// apply brings a container's mount to the plan. A nil dump takes away what an
// earlier pass mounted, unless keep, a path that an option gives, is in it.
func (d *dump) apply(e *podspec.Editor, container, keep string) {
	c := e.Container(container)
	if c == nil {
		return
	}
	for _, m := range slices.Clone(c.VolumeMounts) {
		if d == nil && keep != "" && within(keep, m.MountPath) && isOwnMount(m, container) {
			return
		}
		if isOwnMount(m, container) && (d == nil || m.Name != d.mount.Name || m.MountPath != d.mount.MountPath) {
			e.RemoveVolumeMount(container, m.Name, m.MountPath)
		}
	}
	if d == nil || len(d.env) == 0 {
		for _, env := range sharedDump("", "", "").env {
			removeOwnEnv(e, container, env)
		}
	}
	if d == nil {
		return
	}
	for _, env := range d.env {
		e.SetEnvSource(container, env)
	}
	e.AddVolumeMount(container, d.mount)
}

// apply brings the pod's volume to what the containers need.
func (d *dumps) apply(e *podspec.Editor) {
	if d.size > 0 {
		limit := resource.NewQuantity(d.size, resource.BinarySI)
		e.SetVolume(corev1.Volume{Name: wellknown.HeapDumpVolume, VolumeSource: corev1.VolumeSource{
			EmptyDir: &corev1.EmptyDirVolumeSource{SizeLimit: limit}}}, func(current corev1.Volume) bool {
			return current.EmptyDir != nil && current.EmptyDir.Medium == "" && current.EmptyDir.SizeLimit != nil &&
				current.EmptyDir.SizeLimit.Cmp(*limit) == 0
		})
		return
	}
	mounted := slices.ContainsFunc(slices.Concat(e.Pod().Spec.InitContainers, e.Pod().Spec.Containers), func(c corev1.Container) bool {
		return slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return m.Name == wellknown.HeapDumpVolume })
	})
	if d.has && d.own && !mounted {
		e.RemoveVolume(wellknown.HeapDumpVolume)
	}
}

// storageLimit is what a pod may use of its node's disk, or -1: the sum of its
// containers' limits of ephemeral-storage, above which the kubelet evicts it as
// soon as one has such a limit. What the storage feature gave them leaves room for
// dumps, and does not count.
func storageLimit(req *mutate.Request, pod *corev1.Pod) int64 {
	total := int64(-1)
	for _, c := range beside(pod, target{Container: &corev1.Container{}}) {
		if limit, ok := req.UserStorageLimit(&c); ok && limit.Sign() > 0 {
			total = saturatingAdd(max(total, 0), limit.Value())
		}
	}
	return total
}
