// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"cmp"
	"path"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/internal/podspec"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// jar is the path of an agent's jar in a container.
func (m *Mutator) jar(a *v1alpha1.Agent) string {
	return path.Join(m.cfg.MountPath(a.Name), a.Jar)
}

// options returns an agent's options: the agent itself first.
func (m *Mutator) options(a *v1alpha1.Agent, values map[string]string) []string {
	agent := "-javaagent:" + m.jar(a)
	if a.Arguments != "" {
		agent += "=" + expand(a.Arguments, values)
	}
	out := []string{agent}
	for _, o := range a.JVMOptions {
		out = append(out, expand(o, values))
	}
	return out
}

// userHas reports whether the user has set what an option sets. An agent counts
// by its jar, which may be that of an earlier pass whose options the user has
// since edited; a property by its name.
func userHas(user []podspec.Flag, option string) bool {
	for _, f := range user {
		switch {
		case f.Text == option:
			return true
		case jarOf(option) != "":
			if jarOf(f.Text) == jarOf(option) {
				return true
			}
		case propertyOf(option) != "" && propertyOf(f.Text) == propertyOf(option):
			return true
		}
	}
	return false
}

// jarOf returns the jar of a -javaagent option, or "".
func jarOf(option string) string {
	rest, ok := strings.CutPrefix(option, "-javaagent:")
	if !ok {
		return ""
	}
	jar, _, _ := strings.Cut(rest, "=")
	return jar
}

// propertyOf returns the name of the system property that an option sets, or "".
func propertyOf(option string) string {
	rest, ok := strings.CutPrefix(option, "-D")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(rest, "=")
	return name
}

// values returns what the placeholders stand for.
func (m *Mutator) values(req *mutate.Request, pod *corev1.Pod, c *corev1.Container, a *v1alpha1.Agent) map[string]string {
	workload := strings.TrimRight(req.Workload.Name, "-")
	if workload == "" {
		workload = c.Name
	}
	v := map[string]string{
		"workload":  word(workload),
		"kind":      word(strings.ToLower(cmp.Or(req.Workload.Kind, "pod"))),
		"namespace": word(req.Namespace),
		"container": word(c.Name),
		"mount":     m.cfg.MountPath(a.Name),
	}
	for _, w := range a.Writable {
		v[v1alpha1.FolderPlaceholder+w.Name] = w.MountPath
	}
	for key, value := range pod.Labels {
		v[v1alpha1.LabelPlaceholder+key] = word(value)
	}
	return v
}

// expand puts the values into what the configuration has: a text whose
// placeholders were checked when it was loaded.
func expand(s string, values map[string]string) string {
	out, err := v1alpha1.ExpandTemplate(s, func(name string) (string, bool) {
		v, ok := values[name]
		// A label that the pod does not have is empty.
		return v, ok || strings.HasPrefix(name, v1alpha1.LabelPlaceholder)
	})
	if err != nil {
		// Not reached with a valid configuration; the chain turns it into an outcome.
		panic(err)
	}
	return out
}

// word makes a name safe to stand in an option. Names are checked by the API
// server after admission, and those in owner references never.
func word(name string) string {
	const maxBytes = 253
	if len(name) > maxBytes {
		name = name[:maxBytes]
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '-', r == '_':
			return r
		}
		return '_'
	}, name)
}
