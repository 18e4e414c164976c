// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package podspec

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Unseen is where the value of a container's environment variable comes from
// that the pod does not hold.
type Unseen struct {
	// Sources in words, such as "Secret java, key options"; the one that counts
	// first of those that exist is first. The list ends at a value that is always
	// there.
	Sources []string
	// Named says that the user named one of the sources for this value, by a
	// valueFrom. Otherwise all are an envFrom's, which may bring something else
	// altogether.
	Named bool
}

// LookupUnseen returns from where a variable takes what the pod does not hold,
// by itself or through the variables that its value refers to. It tells the same
// before and after MergeOptions.
func LookupUnseen(c *corev1.Container, name string) Unseen {
	w := unseenWalk{c: c, channel: name}
	for _, from := range envFromKeys(c, name) {
		w.byEnvFrom = append(w.byEnvFrom, describeSource(from))
	}
	w.variable(name, len(c.Env))
	return w.found
}

// unseenWalk follows the references of a variable.
type unseenWalk struct {
	c       *corev1.Container
	channel string
	// byEnvFrom are the sources that an envFrom has for the channel.
	byEnvFrom []string
	visited   map[int]bool
	found     Unseen
}

// variable looks at the entries of that name above the i-th, and at envFrom.
func (w *unseenWalk) variable(name string, i int) {
	private := isPrivate(name, w.channel)
	for i--; i >= 0; i-- {
		env := &w.c.Env[i]
		if env.Name != name {
			continue
		}
		if w.visited[i] {
			// References may meet again; what is above has been seen, too.
			return
		}
		if w.visited == nil {
			w.visited = map[int]bool{}
		}
		w.visited[i] = true
		l := envList{c: w.c}
		if isLiteral(env) {
			if private && env.Value == "" && !l.isTwin(i, w.channel) {
				// Below it is what envFrom brings, or will be when the next options are merged.
				continue
			}
			for other := range references(env.Value) {
				w.variable(other, i)
			}
			return
		}
		source := describeSource(env.ValueFrom)
		if !isOptional(env) {
			w.note(source, true)
			return
		}
		// An entry that says what an envFrom says may be MergeOptions's.
		if !slices.Contains(w.byEnvFrom, source) || name != w.channel && !private {
			w.note(source, true)
		}
	}
	if private {
		name = w.channel
	}
	for _, from := range slices.Backward(envFromKeys(w.c, name)) {
		w.note(describeSource(from), false)
	}
}

// note adds a source unless it is there. named says that it is a valueFrom's.
func (w *unseenWalk) note(source string, named bool) {
	if source == "" {
		return
	}
	w.found.Named = w.found.Named || named
	if !slices.Contains(w.found.Sources, source) {
		w.found.Sources = append(w.found.Sources, source)
	}
}

// describeSource says where a value comes from, or nothing where it cannot be an
// option: a resource is a number, and the other fields of a pod are names.
func describeSource(from *corev1.EnvVarSource) string {
	switch {
	case from.ConfigMapKeyRef != nil:
		return fmt.Sprintf("ConfigMap %s, key %s", cut(from.ConfigMapKeyRef.Name), cut(from.ConfigMapKeyRef.Key))
	case from.SecretKeyRef != nil:
		return fmt.Sprintf("Secret %s, key %s", cut(from.SecretKeyRef.Name), cut(from.SecretKeyRef.Key))
	case from.FileKeyRef != nil:
		return fmt.Sprintf("file %s of volume %s, key %s", cut(from.FileKeyRef.Path), cut(from.FileKeyRef.VolumeName), cut(from.FileKeyRef.Key))
	case from.FieldRef != nil && strings.ContainsRune(from.FieldRef.FieldPath, '['):
		return "field " + cut(from.FieldRef.FieldPath)
	}
	return ""
}
