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
	return previous.Containers[c.Name].Options(c)
}

// recordedChannel returns the environment variable of a container that the
// feature recorded in an earlier pass, whatever it now holds, or "".
func (r *Request) recordedChannel(feature, container string) string {
	previous, _ := r.Previous(feature)
	return previous.Containers[container].Facts[FactChannel]
}

// OptionPaths returns what MergeOptions may change in the containers of a field
// of the pod's spec, "containers" or "initContainers", for Mutator.Paths.
func OptionPaths(field string) []string {
	env := "/spec/" + field + "/*/env/*"
	return []string{env, env + "/name", env + "/value"}
}

// MergeOptions makes options what a feature has in an environment variable of a
// container that carries JVM options, beside the user's own, which stay and come
// after them. What the feature put there in an earlier pass goes, also from
// another variable; empty options put nothing in its place, and channel may be
// empty then.
//
// The user's options may be anywhere: in the entry, behind a valueFrom, or in
// what an envFrom brings. See podspec.Editor.MergeOptions for how they are kept.
func (r *Request) MergeOptions(e *podspec.Editor, feature, container, channel, options string) {
	c := e.Container(container)
	if c == nil {
		return
	}
	previous, earlier := r.PreviousOptions(feature, c)
	if recorded := r.recordedChannel(feature, container); recorded != "" {
		e.DropPrivate(container, recorded)
	}
	if previous != "" && (earlier != channel || options == "") {
		e.MergeOptions(container, earlier, previous, "")
		previous = ""
	}
	if options == "" {
		return
	}
	e.MergeOptions(container, channel, previous, options)
	r.noteOptions(container, channel, options)
}

// UnseenOptions returns a code, and a detail to it, if a container's environment
// variable takes options from where admission cannot look. They are merged all
// the same. The code is empty if everything can be seen.
func UnseenOptions(c *corev1.Container, channel string) (code Code, detail string) {
	unseen := podspec.LookupUnseen(c, channel)
	const shown = 2
	if n := len(unseen.Sources); n > shown {
		unseen.Sources = append(unseen.Sources[:shown], fmt.Sprintf("and %d more", n-shown))
	}
	switch {
	case unseen.Named:
		code = CodeOptionsByValueFrom
	case len(unseen.Sources) > 0:
		code = CodeOptionsByEnvFrom
	default:
		return "", ""
	}
	return code, channel + " from " + strings.Join(unseen.Sources, "; ")
}

// noteOptions notes what a mutator merged into a container's environment
// variable in this pass.
func (r *Request) noteOptions(container, channel, options string) {
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
