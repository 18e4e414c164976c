// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/internal/podspec"
)

// JavaChannel returns the environment variable that carries a container's JVM
// options: the one that the pod chose by annotation, or byDefault.
func JavaChannel(pod *corev1.Pod, container, byDefault string) (string, error) {
	value, key, ok := podspec.Annotation(pod, wellknown.JVMChannelAnnotation, container)
	if !ok {
		return byDefault, nil
	}
	if !slices.Contains(v1alpha1.Channels, value) {
		return "", fmt.Errorf("annotation %s: %s is not a channel; use %s",
			key, Quote(value), strings.Join(v1alpha1.Channels, " or "))
	}
	return value, nil
}

// PreviousOptions returns the JVM options that the feature merged into the
// container's environment in an earlier pass over this pod, as far as they are
// still there, and the environment variable they went to. Without an earlier
// pass both are empty.
func (r *Request) PreviousOptions(feature string, c *corev1.Container) (options, channel string) {
	previous, _ := r.Previous(feature)
	facts := previous.Containers[c.Name].Facts
	options, channel = facts[FactOptions], facts[FactChannel]
	if podspec.IsFingerprint(options) {
		value, _ := podspec.LookupEnv(c, channel)
		options = podspec.FindFragment(value, options)
	}
	if options == "" {
		return "", ""
	}
	return options, channel
}

// NoteOptions notes what a mutator merged into a container's environment
// variable in this pass.
func (r *Request) NoteOptions(container, channel, options string) {
	if r.merged == nil {
		r.merged = map[mergeKey][]string{}
	}
	key := mergeKey{container, channel}
	r.merged[key] = append(r.merged[key], options)
}

// mergeKey is an environment variable of a container.
type mergeKey struct{ container, channel string }

// UserOptions returns the value of a container's environment variable without
// what any feature merged into it, in an earlier pass or in this one: what is
// left is the user's.
func (r *Request) UserOptions(c *corev1.Container, name, value string) string {
	for _, options := range r.merged[mergeKey{c.Name, name}] {
		value = podspec.RemoveOptions(value, options)
	}
	if r.previous == nil {
		return value
	}
	for _, feature := range slices.Sorted(maps.Keys(r.previous.Features)) {
		if options, channel := r.PreviousOptions(feature, c); channel == name {
			value = podspec.RemoveOptions(value, options)
		}
	}
	return value
}
