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
	own := ownEnv(req, c)
	wanted := p.env
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
// container and nobody has changed since.
func ownEnv(req *mutate.Request, c *corev1.Container) []string {
	previous, _ := req.Previous(Name)
	recorded := previous.Containers[c.Name].Facts[mutate.FactEnv]
	if recorded == "" {
		return nil
	}
	var names []string
	for entry := range strings.SplitSeq(recorded, ",") {
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
