// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package podspec

import (
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
)

// envList edits and records the environment of one container.
type envList struct {
	e    *Editor
	c    *corev1.Container
	base string
}

// add puts an entry at the end.
func (l envList) add(env corev1.EnvVar) { l.insert(len(l.c.Env), env) }

// insert puts entries before the i-th.
func (l envList) insert(i int, entries ...corev1.EnvVar) {
	if l.c.Env == nil {
		l.e.record("add", l.base+"/env", []corev1.EnvVar{})
	}
	for _, env := range entries {
		l.c.Env = slices.Insert(l.c.Env, i, env)
		l.e.record("add", l.path(i), env)
		i++
	}
}

// remove takes the i-th entry out.
func (l envList) remove(i int) {
	if len(l.c.Env) == 1 {
		l.c.Env = nil
		l.e.record("remove", l.base+"/env", nil)
		return
	}
	l.c.Env = slices.Delete(l.c.Env, i, i+1)
	l.e.record("remove", l.path(i), nil)
}

// rename gives the i-th entry another name. Its fields of later releases stay.
func (l envList) rename(i int, name string) {
	l.c.Env[i].Name = name
	l.e.record("replace", l.path(i)+"/name", name)
}

// setValue gives the i-th entry, a literal, another value.
func (l envList) setValue(i int, value string) {
	env := &l.c.Env[i]
	if env.Value == value {
		return
	}
	// An entry with an empty value has no such member in JSON.
	l.e.record(addOrReplace(env.Value != ""), l.path(i)+"/value", value)
	env.Value = value
}

func (l envList) path(i int) string { return l.base + "/env/" + strconv.Itoa(i) }
