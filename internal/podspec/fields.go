// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package podspec

import (
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"

	"github.com/evenkeel/evenkeel/api/wellknown"
)

// SetEnvSource makes sure that a container has this environment variable, whose
// value comes from a source. An entry of that name that differs is replaced
// where it stands; a new one goes to the end.
func (e *Editor) SetEnvSource(container string, env corev1.EnvVar) {
	c, base := e.find(container)
	if c == nil {
		return
	}
	if i := indexEnv(c, env.Name); i >= 0 {
		if !apiequality.Semantic.DeepEqual(c.Env[i], env) {
			c.Env[i] = env
			e.record("replace", base+"/env/"+strconv.Itoa(i), env)
		}
		return
	}
	if c.Env == nil {
		e.record("add", base+"/env", []corev1.EnvVar{})
	}
	e.record("add", base+"/env/"+strconv.Itoa(len(c.Env)), env)
	c.Env = append(c.Env, env)
}

// SetEnvSourceFirst is SetEnvSource for a variable that others refer to: it
// stands before all that are not Evenkeel's own.
func (e *Editor) SetEnvSourceFirst(container string, env corev1.EnvVar) {
	c, base := e.find(container)
	if c == nil {
		return
	}
	if i := indexEnv(c, env.Name); i >= 0 {
		others := slices.ContainsFunc(c.Env[:i], func(o corev1.EnvVar) bool { return !strings.HasPrefix(o.Name, wellknown.PrivateEnvPrefix) })
		if !others {
			e.SetEnvSource(container, env)
			return
		}
		e.RemoveEnv(container, env.Name)
	}
	if c.Env == nil {
		e.record("add", base+"/env", []corev1.EnvVar{})
	}
	c.Env = slices.Insert(c.Env, 0, env)
	e.record("add", base+"/env/0", env)
}

// indexEnv returns where the last entry of that name stands, which is the one
// that counts, or -1.
func indexEnv(c *corev1.Container, name string) int {
	for i := len(c.Env) - 1; i >= 0; i-- {
		if c.Env[i].Name == name {
			return i
		}
	}
	return -1
}

// AddResizePolicy adds an entry to a container's resizePolicy, at its end, unless
// there is one for that resource.
func (e *Editor) AddResizePolicy(container string, p corev1.ContainerResizePolicy) {
	c, base := e.find(container)
	if c == nil || slices.ContainsFunc(c.ResizePolicy, func(o corev1.ContainerResizePolicy) bool { return o.ResourceName == p.ResourceName }) {
		return
	}
	if c.ResizePolicy = append(c.ResizePolicy, p); len(c.ResizePolicy) == 1 {
		// In one operation: patches go through every webhook after this one.
		e.record("add", base+"/resizePolicy", []corev1.ContainerResizePolicy{p})
		return
	}
	e.record("add", base+"/resizePolicy/-", p)
}

// RemoveResizePolicy removes the entry for a resource from a container's
// resizePolicy.
func (e *Editor) RemoveResizePolicy(container string, name corev1.ResourceName) {
	c, base := e.find(container)
	if c == nil {
		return
	}
	i := slices.IndexFunc(c.ResizePolicy, func(o corev1.ContainerResizePolicy) bool { return o.ResourceName == name })
	switch {
	case i < 0:
	case len(c.ResizePolicy) == 1:
		c.ResizePolicy = nil
		e.record("remove", base+"/resizePolicy", nil)
	default:
		c.ResizePolicy = slices.Delete(c.ResizePolicy, i, i+1)
		e.record("remove", base+"/resizePolicy/"+strconv.Itoa(i), nil)
	}
}
