// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"fmt"
	"strconv"
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

// skip is a plan for a container that goes without all the agents that it was to
// have.
func skip(container string, code mutate.Code, detail string, want choice) *plan {
	without := want.without
	for _, a := range want.agents {
		without = append(without, remark{agent: a.Name, code: code})
	}
	return &plan{container: container, result: mutate.Result{Outcome: mutate.Skipped, Code: code, Detail: detail,
		Facts: map[string]string{mutate.FactLeftOut: leftOut(without)}}}
}

// plan decides for one container that is to get agents. It changes nothing. The
// error is for the user.
func (m *Mutator) plan(req *mutate.Request, pod *corev1.Pod, c *corev1.Container, want choice) (*plan, error) {
	channel, err := mutate.JavaChannel(pod, c.Name, m.cfg.Channel)
	if err != nil {
		return nil, err
	}
	have, err := m.jdkOf(pod, c)
	if err != nil {
		return nil, err
	}
	switch podspec.UseInCommand(c, channel) {
	case podspec.CommandJoins:
		return skip(c.Name, mutate.CodeOptionsInCommand, channel, want), nil
	case podspec.CommandRepeats:
		return skip(c.Name, mutate.CodeAgentTwice, channel, want), nil
	case podspec.CommandIgnores:
	}
	value, _ := podspec.LookupEnv(c, channel)
	user := podspec.JVMFlags(c, func(name, value string) string { return req.UserOptions(c, name, value) })

	p := &plan{container: c.Name, channel: channel, result: mutate.Result{Outcome: mutate.Done, Facts: map[string]string{}}}
	var options, names, deliveries []string
	var remarks []remark
	without := want.without
	for _, a := range want.agents {
		told, out, err := m.fitness(a, c, user, p.agents, have)
		if err != nil {
			return nil, err
		}
		if a.JDK != nil && have.major > 0 {
			p.result.Facts[mutate.FactJDK] = strconv.Itoa(int(have.major))
		}
		values := m.values(req, pod, c, a)
		if out {
			without = append(without, told...)
			if told[0].code == mutate.CodeAgentPresent {
				p.env = append(p.env, inherited(req, c, a, values)...)
			}
			continue
		}
		remarks = append(remarks, told...)
		for _, o := range m.options(a, values) {
			if !userHas(user, o) {
				options = append(options, o)
			}
		}
		for _, env := range a.Env {
			p.env = append(p.env, variable(env, values))
		}
		p.agents = append(p.agents, a)
		names = append(names, a.Name)
		deliveries = append(deliveries, string(delivery(req, a)))
	}
	if len(without) > 0 {
		p.result.Facts[mutate.FactLeftOut] = leftOut(without)
		remarks = append(without, remarks...)
	}
	p.keepUsersEnv(req, c)
	if len(p.env) > 0 {
		p.result.Facts[mutate.FactEnv] = fingerprints(p.env)
	}
	if len(p.agents) == 0 {
		p.result.Outcome = mutate.Skipped
		tell(&p.result, remarks)
		return p, nil
	}
	p.options = strings.Join(options, " ")
	p.result.Facts[mutate.FactAgents] = strings.Join(names, ",")
	p.result.Facts[mutate.FactDelivery] = join(deliveries, ",")
	if p.options != "" {
		p.result.Facts[mutate.FactOptions], p.result.Facts[mutate.FactChannel] = p.options, channel
	}
	// Without what other features merged: they may not have run yet.
	merged := podspec.MergeOptions(req.UserOptions(c, channel, value), "", p.options)
	if why := podspec.TooLongForJDK8(channel, merged); why != "" && have.major <= 8 {
		remarks = append(remarks, remark{code: mutate.CodeOptionsTooLong, detail: why})
	}
	if code, detail := mutate.UnseenOptions(c, channel); code != "" {
		remarks = append(remarks, remark{code: code, detail: detail})
	}
	tell(&p.result, remarks)
	return p, nil
}

// fitness says what is to be told of an agent in a container, and whether the
// container goes without it. present are the agents that it has by now. The error
// is for the user.
func (m *Mutator) fitness(a *v1alpha1.Agent, c *corev1.Container, user []podspec.Flag, present []*v1alpha1.Agent, have jdk) (told []remark, out bool, err error) {
	if f := m.ownAgent(user, a); f != nil {
		return []remark{{a.Name, mutate.CodeAgentPresent, f.String()}}, true, nil
	}
	if taken := m.takenPath(c, a); taken != "" {
		return []remark{{a.Name, mutate.CodeAgentPathTaken, taken}}, true, nil
	}
	for _, j := range []judgement{judgeJDK(a, have), m.judgeConflicts(a, present, user)} {
		switch j.verdict {
		case v1alpha1.VerdictAllow:
		case v1alpha1.VerdictWarn:
			told = append(told, j.remark)
		case v1alpha1.VerdictSkip:
			return []remark{j.remark}, true, nil
		case v1alpha1.VerdictError:
			return nil, true, fmt.Errorf("container %s: %s (%s)", mutate.Quote(c.Name), j.code.Sentence(), j.remark)
		}
	}
	return told, false, nil
}
