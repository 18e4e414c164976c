// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/internal/podspec"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// injected reports whether an earlier pass has brought agents into the pod.
func injected(req *mutate.Request) bool {
	previous, recorded := req.Previous(Name)
	for _, c := range previous.Containers {
		// A record that was cut short has the options alone.
		if c.Facts[mutate.FactAgents] != "" || c.Facts[mutate.FactOptions] != "" {
			return true
		}
	}
	// One that was cut down to the outcomes tells of no container.
	return recorded && previous.Outcome == mutate.Done && len(previous.Containers) == 0
}

// reservedName returns the first volume or init container of the pod whose name
// is Evenkeel's, or "".
func reservedName(pod *corev1.Pod) string {
	for _, v := range pod.Spec.Volumes {
		if reserved(v.Name) {
			return "volume " + v.Name
		}
	}
	for _, c := range pod.Spec.InitContainers {
		if reserved(c.Name) {
			return "init container " + c.Name
		}
	}
	return ""
}

func reserved(name string) bool { return strings.HasPrefix(name, v1alpha1.AgentVolumePrefix) }

// ownMount reports whether a container has a mount from an earlier pass. A user's
// sidecar may mount a volume of Evenkeel's elsewhere, to read what an agent writes.
func (m *Mutator) ownMount(req *mutate.Request, container string, have corev1.VolumeMount) bool {
	if !reserved(have.Name) {
		return false
	}
	previous, _ := req.Previous(Name)
	if facts := previous.Containers[container].Facts; facts[mutate.FactAgents] != "" || facts[mutate.FactOptions] != "" {
		return true
	}
	// The container may have another name in a copy of the pod.
	for i := range m.catalogue {
		for _, w := range m.mounts(&m.catalogue[i], container) {
			if w.Name == have.Name && w.MountPath == have.MountPath {
				return true
			}
		}
	}
	return false
}

// removeStale removes the volumes, mounts and init containers of an earlier pass
// that the plans do not want.
func (m *Mutator) removeStale(req *mutate.Request, e *podspec.Editor, plans []*plan) {
	volumes, inits := map[string]bool{}, map[string]bool{}
	for _, p := range plans {
		var wanted []corev1.VolumeMount
		for _, a := range p.agents {
			wanted = append(wanted, m.mounts(a, p.container)...)
			if delivery(req, a) == v1alpha1.DeliveryInitContainer {
				inits[volumeName(a)] = true
			}
		}
		for _, w := range wanted {
			volumes[w.Name] = true
		}
		for _, have := range slices.Clone(e.Container(p.container).VolumeMounts) {
			if m.ownMount(req, p.container, have) && !slices.ContainsFunc(wanted, func(w corev1.VolumeMount) bool { return sameMount(w, have) }) {
				e.RemoveVolumeMount(p.container, have.Name, have.MountPath)
			}
		}
	}
	for _, c := range slices.Clone(e.Pod().Spec.InitContainers) {
		if reserved(c.Name) && !inits[c.Name] {
			e.RemoveInitContainer(c.Name)
		}
	}
	for _, c := range slices.Concat(e.Pod().Spec.InitContainers, e.Pod().Spec.Containers) {
		for _, mount := range c.VolumeMounts {
			// A volume that something else has come to use stays.
			volumes[mount.Name] = true
		}
	}
	for _, v := range slices.Clone(e.Pod().Spec.Volumes) {
		if reserved(v.Name) && !volumes[v.Name] {
			e.RemoveVolume(v.Name)
		}
	}
}
