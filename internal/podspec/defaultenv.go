// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package podspec

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
)

// SetDefaultEnv gives a container an environment variable that is its default:
// what an envFrom brings under that name counts more. For each envFrom that may,
// an optional reference to that one key follows the entry, in their order. A
// kubelet passes over a reference that leads nowhere, and of several entries of a
// name takes the last.
//
// Entries of that name take the place of the first of them, so the caller must
// know that they are not the user's: see DefaultEnv. Otherwise they go to the end.
func (e *Editor) SetDefaultEnv(container string, env corev1.EnvVar) {
	c, base := e.find(container)
	if c == nil {
		return
	}
	l := envList{e: e, c: c, base: base}
	wanted := []corev1.EnvVar{env}
	for _, from := range envFromKeys(c, env.Name) {
		wanted = append(wanted, corev1.EnvVar{Name: env.Name, ValueFrom: from})
	}
	places := l.placesOf(env.Name)
	if len(places) == 0 {
		l.insert(len(c.Env), wanted...)
		return
	}
	first := places[0]
	switch current := &c.Env[first]; {
	case equality.Semantic.DeepEqual(*current, env):
	case isLiteral(current) && isLiteral(&env):
		l.setValue(first, env.Value)
	default:
		*current = env
		e.record("replace", l.path(first), env)
	}
	if len(places) == len(wanted) && l.startWith(places, wanted) {
		return
	}
	for _, i := range slices.Backward(places[1:]) {
		l.remove(i)
	}
	l.insert(first+1, wanted[1:]...)
}

// DefaultEnv returns the entry that gives a container's environment variable its
// default, if what else the container has of that name says no more than its
// envFrom does, as what SetDefaultEnv writes.
func DefaultEnv(c *corev1.Container, name string) (corev1.EnvVar, bool) {
	var found *corev1.EnvVar
	var known []corev1.EnvVar
	for i := range c.Env {
		env := &c.Env[i]
		if env.Name != name {
			continue
		}
		if found == nil {
			found = env
			for _, from := range envFromKeys(c, name) {
				known = append(known, corev1.EnvVar{Name: name, ValueFrom: from})
			}
		} else if !sameAsAny(env, known) {
			return corev1.EnvVar{}, false
		}
	}
	if found == nil {
		return corev1.EnvVar{}, false
	}
	return *found, true
}

// placesOf returns where the entries of that name are.
func (l envList) placesOf(name string) []int {
	var out []int
	for i := range l.c.Env {
		if l.c.Env[i].Name == name {
			out = append(out, i)
		}
	}
	return out
}
