// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"path"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/internal/podspec"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// plan is what becomes of one container. One without agents takes away what an
// earlier pass brought.
type plan struct {
	container string
	// agents that the container gets, in their order.
	agents []*v1alpha1.Agent
	// channel is the environment variable of the options.
	channel, options string
	// env are the variables to set.
	env    []corev1.EnvVar
	result mutate.Result
}

func skip(container string, code mutate.Code, detail string) *plan {
	return &plan{container: container, result: mutate.Result{Outcome: mutate.Skipped, Code: code, Detail: detail}}
}

// plan decides for one container that is to get agents. It changes nothing. The
// error is for the user.
func (m *Mutator) plan(req *mutate.Request, pod *corev1.Pod, c *corev1.Container, agents []*v1alpha1.Agent) (*plan, error) {
	channel, err := mutate.JavaChannel(pod, c.Name, m.cfg.Channel)
	if err != nil {
		return nil, err
	}
	value, source := podspec.LookupEnv(c, channel)
	switch source {
	case podspec.EnvValueFrom:
		return skip(c.Name, mutate.CodeOptionsByValueFrom, channel), nil
	case podspec.EnvFrom:
		return skip(c.Name, mutate.CodeOptionsByEnvFrom, channel), nil
	}
	user := podspec.JVMFlags(c, func(name, value string) string { return req.UserOptions(c, name, value) })

	p := &plan{container: c.Name, channel: channel, result: mutate.Result{Outcome: mutate.Done}}
	var options, names, deliveries []string
	for _, a := range agents {
		if f := ownAgent(user, m.jar(a)); f != nil {
			p.result.Code, p.result.Detail = mutate.CodeAgentPresent, f.String()
			continue
		}
		if taken := m.takenPath(c, a); taken != "" {
			p.result.Code, p.result.Detail = mutate.CodeAgentPathTaken, taken
			continue
		}
		values := m.values(req, c, a)
		for _, o := range m.options(a, values) {
			if !userHas(user, o) {
				options = append(options, o)
			}
		}
		for _, env := range a.Env {
			p.env = append(p.env, corev1.EnvVar{Name: env.Name, Value: expand(env.Value, values)})
		}
		p.agents = append(p.agents, a)
		names = append(names, a.Name)
		deliveries = append(deliveries, string(delivery(req, a)))
	}
	if len(p.agents) == 0 {
		return skip(c.Name, p.result.Code, p.result.Detail), nil
	}
	p.options = strings.Join(options, " ")
	unseen := p.keepUsersEnv(req, c)
	p.result.Facts = map[string]string{
		mutate.FactAgents:   strings.Join(names, ","),
		mutate.FactDelivery: join(deliveries, ","),
	}
	if p.options != "" {
		p.result.Facts[mutate.FactOptions], p.result.Facts[mutate.FactChannel] = p.options, channel
	}
	if len(p.env) > 0 {
		p.result.Facts[mutate.FactEnv] = fingerprints(p.env)
	}
	if unseen != "" {
		p.result.Code, p.result.Detail = mutate.CodeAgentEnvUnseen, unseen
	}
	// Without what other features merged: they may not have run yet.
	merged := podspec.MergeOptions(req.UserOptions(c, channel, value), "", p.options)
	if why := podspec.TooLongForJDK8(channel, merged); why != "" {
		p.result.Code, p.result.Detail = mutate.CodeOptionsTooLong, why
	}
	return p, nil
}

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

// ownAgent returns the flag with which the user starts an agent of the same file
// name from another place, or nil.
func ownAgent(user []podspec.Flag, jar string) *podspec.Flag {
	for i, f := range user {
		if own := jarOf(f.Text); own != "" && own != jar && path.Base(own) == path.Base(jar) {
			return &user[i]
		}
	}
	return nil
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
func (m *Mutator) values(req *mutate.Request, c *corev1.Container, a *v1alpha1.Agent) map[string]string {
	workload := strings.TrimRight(req.Workload.Name, "-")
	if workload == "" {
		workload = c.Name
	}
	v := map[string]string{
		"workload":  word(workload),
		"namespace": word(req.Namespace),
		"container": word(c.Name),
		"mount":     m.cfg.MountPath(a.Name),
	}
	for _, w := range a.Writable {
		v[v1alpha1.FolderPlaceholder+w.Name] = w.MountPath
	}
	return v
}

// expand puts the values into what the configuration has: a text whose
// placeholders were checked when it was loaded.
func expand(s string, values map[string]string) string {
	out, err := v1alpha1.ExpandTemplate(s, func(name string) (string, bool) {
		v, ok := values[name]
		return v, ok
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
