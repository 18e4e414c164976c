// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package jvm

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// role is what a container is in its pod.
type role int

const (
	// roleApp is a container of the application.
	roleApp role = iota
	// roleSidecar is a native sidecar: an init container that goes on running.
	roleSidecar
	// roleInit is an init container that ends before the next one starts.
	roleInit
)

// target is a container that the feature looks at.
type target struct {
	*corev1.Container
	role role
}

// targets returns the containers that the feature looks at: those of the
// application that are not on the list of those to skip, and the init containers
// that the configuration selects. One that an annotation names is always among
// them.
func (m *Mutator) targets(pod *corev1.Pod) []target {
	var out []target
	for i := range pod.Spec.InitContainers {
		c := &pod.Spec.InitContainers[i]
		if m.initNames.Fit(c.Name) || m.initImages.FitImage(c.Image) || named(pod, c.Name) {
			out = append(out, target{c, roleOf(c)})
		}
	}
	for i := range pod.Spec.Containers {
		c := &pod.Spec.Containers[i]
		if !m.cfg.Skips(c.Name) && !m.skipImages.FitImage(c.Image) || named(pod, c.Name) {
			out = append(out, target{c, roleApp})
		}
	}
	return out
}

// roleOf returns what an init container is.
func roleOf(c *corev1.Container) role {
	if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
		return roleSidecar
	}
	return roleInit
}

// beside returns the containers that may run at the same time as a target. For
// an init container these are the native sidecars before it; a native sidecar
// shares the pod with the containers of the application, and with the native
// sidecars before and after it.
func beside(pod *corev1.Pod, t target) []corev1.Container {
	var out []corev1.Container
	for _, c := range pod.Spec.InitContainers {
		if c.Name == t.Name {
			if t.role == roleInit {
				return out
			}
			continue
		}
		if roleOf(&c) == roleSidecar {
			out = append(out, c)
		}
	}
	for _, c := range pod.Spec.Containers {
		if c.Name != t.Name {
			out = append(out, c)
		}
	}
	return out
}

// strayAnnotation returns the first annotation of the feature, in order of the
// keys, that speaks of a container which the pod does not have, or "".
func strayAnnotation(pod *corev1.Pod) string {
	has := func(list []corev1.Container, name string) bool {
		return slices.ContainsFunc(list, func(c corev1.Container) bool { return c.Name == name })
	}
	var stray []string
	for key := range pod.Annotations {
		for _, a := range annotations {
			name, ok := strings.CutPrefix(key, a+".")
			if ok && !has(pod.Spec.Containers, name) && !has(pod.Spec.InitContainers, name) {
				stray = append(stray, key)
			}
		}
	}
	if len(stray) == 0 {
		return ""
	}
	return slices.Min(stray)
}
