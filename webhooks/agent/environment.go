// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/internal/podspec"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// keepUsersEnv takes out of the plan the variables that the user has set, and
// those that an envFrom may bring: it returns the names of these. Of several
// agents that want the same variable, the first in order has it.
func (p *plan) keepUsersEnv(req *mutate.Request, c *corev1.Container) (unseen string) {
	wanted := p.env
	own := ownEnv(req, c, wanted)
	p.env = nil
	var hidden []string
	for _, env := range wanted {
		if slices.ContainsFunc(p.env, func(o corev1.EnvVar) bool { return o.Name == env.Name }) {
			continue
		}
		_, source := podspec.LookupEnv(c, env.Name)
		switch {
		case source == podspec.EnvAbsent, slices.Contains(own, env.Name):
			p.env = append(p.env, env)
		case source == podspec.EnvFrom:
			hidden = append(hidden, env.Name)
		}
	}
	return join(hidden, ", ")
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
			if value, source := podspec.LookupEnv(c, env.Name); source == podspec.EnvLiteral && value == env.Value {
				names = append(names, env.Name)
			}
		}
		return names
	}
	for entry := range strings.SplitSeq(facts[mutate.FactEnv], ",") {
		name, _, _ := strings.Cut(entry, "#")
		value, source := podspec.LookupEnv(c, name)
		if source == podspec.EnvLiteral && name+podspec.Fingerprint(value) == entry {
			names = append(names, name)
		}
	}
	return names
}

// fingerprints records variables for a later pass.
func fingerprints(env []corev1.EnvVar) string {
	var out []string
	for _, e := range env {
		out = append(out, e.Name+podspec.Fingerprint(e.Value))
	}
	return strings.Join(out, ",")
}
