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

// variable returns an agent's variable with the placeholders filled in.
func variable(env v1alpha1.AgentEnv, values map[string]string) corev1.EnvVar {
	if env.Field == "" {
		return corev1.EnvVar{Name: env.Name, Value: expand(env.Value, values)}
	}
	return corev1.EnvVar{Name: env.Name, ValueFrom: &corev1.EnvVarSource{
		// With the default of the API server, so that it is found again as it is.
		FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: env.Field}}}
}

// inherited returns the variables that an earlier pass set for an agent and that
// stay when it withdraws because somebody has brought the same agent meanwhile:
// he found them set, and set none of his own. Those that name a folder of the one
// that goes do not stay.
func inherited(req *mutate.Request, c *corev1.Container, a *v1alpha1.Agent, values map[string]string) []corev1.EnvVar {
	var wanted []corev1.EnvVar
	for _, env := range a.Env {
		if !strings.Contains(env.Value, "{{"+v1alpha1.FolderPlaceholder) && !strings.Contains(env.Value, "{{mount}}") {
			wanted = append(wanted, variable(env, values))
		}
	}
	own := ownEnv(req, c, wanted)
	return slices.DeleteFunc(wanted, func(env corev1.EnvVar) bool { return !slices.Contains(own, env.Name) })
}

// keepUsersEnv takes out of the plan the variables that the user has set. Those
// that an envFrom may bring stay: see podspec's SetDefaultEnv. Of several agents
// that want the same variable, the first in order has it.
func (p *plan) keepUsersEnv(req *mutate.Request, c *corev1.Container) {
	wanted := p.env
	own := ownEnv(req, c, wanted)
	p.env = nil
	for _, env := range wanted {
		if slices.ContainsFunc(p.env, func(o corev1.EnvVar) bool { return o.Name == env.Name }) {
			continue
		}
		_, source := podspec.LookupEnv(c, env.Name)
		if source == podspec.EnvAbsent || source == podspec.EnvFrom || slices.Contains(own, env.Name) {
			p.env = append(p.env, env)
		}
	}
}

// ownEnv returns the names of the variables that an earlier pass set in a
// container and nobody has changed since. wanted are those that are to be set
// now.
func ownEnv(req *mutate.Request, c *corev1.Container, wanted []corev1.EnvVar) []string {
	previous, _ := req.Previous(Name)
	facts := previous.Containers[c.Name].Facts
	var names []string
	if facts[mutate.FactAgents] == "" && facts[mutate.FactOptions] != "" {
		// The record was cut short. What has the value that it should have may be
		// taken for ours.
		for _, env := range wanted {
			if text, ok := textOf(c, env.Name); ok && text == content(env) {
				names = append(names, env.Name)
			}
		}
		return names
	}
	for entry := range strings.SplitSeq(facts[mutate.FactEnv], ",") {
		name, _, _ := strings.Cut(entry, "#")
		if text, ok := textOf(c, name); ok && name+podspec.Fingerprint(text) == entry {
			names = append(names, name)
		}
	}
	return names
}

// misplaced returns the variables of an earlier pass that refer to one which is
// not above them, because the catalogue has changed since. They have to be set
// anew, behind the others: a kubelet would leave the reference as it stands.
func misplaced(c *corev1.Container, env []corev1.EnvVar) []string {
	place := func(name string) int {
		return slices.IndexFunc(c.Env, func(o corev1.EnvVar) bool { return o.Name == name })
	}
	var names []string
	for i, later := range env {
		at := place(later.Name)
		if at >= 0 && slices.ContainsFunc(env[:i], func(o corev1.EnvVar) bool {
			j := place(o.Name)
			return (j < 0 || j > at || slices.Contains(names, o.Name)) && strings.Contains(later.Value, "$("+o.Name+")")
		}) {
			names = append(names, later.Name)
		}
	}
	return names
}

// fingerprints records variables for a later pass.
func fingerprints(env []corev1.EnvVar) string {
	var out []string
	for _, e := range env {
		out = append(out, e.Name+podspec.Fingerprint(content(e)))
	}
	return strings.Join(out, ",")
}

// content returns what tells a variable from others of its name: its value, or
// the field that it takes it from.
func content(env corev1.EnvVar) string {
	switch {
	case env.ValueFrom == nil:
		return env.Value
	case env.ValueFrom.FieldRef != nil:
		return "field " + env.ValueFrom.FieldRef.FieldPath
	}
	return ""
}

// textOf returns the content of a container's variable of that name, if it is one
// that an agent may have.
func textOf(c *corev1.Container, name string) (text string, ok bool) {
	env, ok := podspec.DefaultEnv(c, name)
	return content(env), ok && (env.ValueFrom == nil || env.ValueFrom.FieldRef != nil)
}
