// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package podspec

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/api/wellknown"
)

// EnvSource says where the value of an environment variable comes from.
type EnvSource int

const (
	// EnvAbsent means that the pod does not set the variable. The image may.
	EnvAbsent EnvSource = iota
	// EnvLiteral means that the pod holds the value itself.
	EnvLiteral
	// EnvValueFrom means that the value is somewhere else and cannot be seen.
	EnvValueFrom
	// EnvFrom means that the container takes variables from a ConfigMap or Secret that may
	// hold this one.
	EnvFrom
)

// LookupEnv returns the value that a container's environment variable has, as
// far as the pod tells. Of several entries of the name the last counts, and any
// entry counts more than envFrom, as in a kubelet.
func LookupEnv(c *corev1.Container, name string) (string, EnvSource) {
	for _, env := range slices.Backward(c.Env) {
		if env.Name != name {
			continue
		}
		if env.ValueFrom != nil {
			return "", EnvValueFrom
		}
		return env.Value, EnvLiteral
	}
	for _, from := range c.EnvFrom {
		if _, ok := envFromKey(from.Prefix, name); ok {
			return "", EnvFrom
		}
	}
	return "", EnvAbsent
}

// Annotation returns the value of an annotation for one container, and the key
// that it was found under: the container's own form, or else the pod's.
func Annotation(pod *corev1.Pod, annotation, container string) (value, key string, ok bool) {
	for _, key := range []string{wellknown.ForContainer(annotation, container), annotation} {
		if value, ok := pod.Annotations[key]; ok {
			return value, key, true
		}
	}
	return "", "", false
}

// StrayAnnotation returns the first annotation, in order of the keys, that
// speaks of a container which the pod does not have among its app containers,
// or "". annotations are the pod's forms.
func StrayAnnotation(pod *corev1.Pod, annotations ...string) string {
	var stray []string
	for key := range pod.Annotations {
		for _, a := range annotations {
			name, ok := strings.CutPrefix(key, a+".")
			if ok && !slices.ContainsFunc(pod.Spec.Containers, func(c corev1.Container) bool { return c.Name == name }) {
				stray = append(stray, key)
			}
		}
	}
	if len(stray) == 0 {
		return ""
	}
	return slices.Min(stray)
}
