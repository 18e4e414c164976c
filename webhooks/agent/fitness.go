// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/internal/podspec"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// jdk is what is known of the JDK in a container.
type jdk struct {
	// major version; 0 if it is not known.
	major int32
	// from is the annotation or the image that tells.
	from string
}

// jdkVersion is a version as java -version and the tags of images write it: before
// 9 the major version may stand after "1.".
var jdkVersion = regexp.MustCompile(`^(?:1\.)?([0-9]{1,2})(?:[._+u-][0-9A-Za-z._+-]*)?$`)

// jdkOf returns the JDK that is declared for a container, or else the one that
// its image's name tells. The error is for the user.
func (m *Mutator) jdkOf(pod *corev1.Pod, c *corev1.Container) (jdk, error) {
	if value, key, ok := podspec.Annotation(pod, wellknown.AgentJDKAnnotation, c.Name); ok {
		major := majorOf(value)
		if major == 0 {
			return jdk{}, fmt.Errorf("annotation %s: %s is not the version of a JDK; use one such as 8, 1.8.0_372 or 17.0.5", key, mutate.Quote(value))
		}
		return jdk{major: major, from: "annotation"}, nil
	}
	for _, re := range m.jdkFromImage {
		if found := re.FindStringSubmatch(c.Image); found != nil {
			if major := majorOf(found[1]); major > 0 {
				return jdk{major: major, from: "image"}, nil
			}
		}
	}
	return jdk{}, nil
}

// majorOf returns the major version of a JDK, or 0.
func majorOf(version string) int32 {
	found := jdkVersion.FindStringSubmatch(version)
	if found == nil {
		return 0
	}
	major, err := strconv.ParseInt(found[1], 10, 32)
	if err != nil {
		return 0
	}
	return int32(major)
}

// judgement is what a rule of the configuration says of an agent in a container.
type judgement struct {
	verdict v1alpha1.Verdict
	remark
}

// judgeJDK says whether an agent works with a JDK.
func judgeJDK(a *v1alpha1.Agent, have jdk) judgement {
	gate := a.JDK
	switch {
	case gate == nil, have.major > 0 && within(gate, have.major):
		return judgement{verdict: v1alpha1.VerdictAllow}
	case have.major == 0:
		j := judgement{gate.OnUnknown, remark{a.Name, mutate.CodeAgentJDKUnknown, "it is for " + rangeOf(gate)}}
		if gate.OnUnknown == v1alpha1.VerdictSkip {
			j.code = mutate.CodeAgentJDKUnknownSkipped
		}
		return j
	}
	detail := fmt.Sprintf("it is for %s, and by the %s this is %d", rangeOf(gate), have.from, have.major)
	if gate.Note != "" {
		detail += ": " + gate.Note
	}
	j := judgement{gate.OnMismatch, remark{a.Name, mutate.CodeAgentJDK, detail}}
	if gate.OnMismatch == v1alpha1.VerdictSkip {
		j.code = mutate.CodeAgentJDKSkipped
	}
	return j
}

// rangeOf writes the JDKs of a gate.
func rangeOf(gate *v1alpha1.AgentJDK) string {
	switch {
	case gate.Min == nil:
		return fmt.Sprintf("JDK %d and before", *gate.Max)
	case gate.Max == nil:
		return fmt.Sprintf("JDK %d and later", *gate.Min)
	case *gate.Min == *gate.Max:
		return fmt.Sprintf("JDK %d", *gate.Min)
	}
	return fmt.Sprintf("JDK %d to %d", *gate.Min, *gate.Max)
}

// judgeConflicts says whether an agent goes with those that the container has by
// now: present are injected, and user are the container's own options. The first
// rule counts.
func (m *Mutator) judgeConflicts(a *v1alpha1.Agent, present []*v1alpha1.Agent, user []podspec.Flag) judgement {
	for _, rule := range m.cfg.Conflicts {
		if !slices.Contains(rule.Agents, a.Name) {
			continue
		}
		for _, name := range rule.Agents {
			other := m.agent(name)
			if name == a.Name || !slices.Contains(present, other) && m.ownAgent(user, other) == nil {
				continue
			}
			j := judgement{rule.OnMeeting, remark{a.Name, mutate.CodeAgentConflict, "with " + name}}
			if rule.OnMeeting == v1alpha1.VerdictSkip {
				j.code = mutate.CodeAgentConflictSkipped
			}
			return j
		}
	}
	return judgement{verdict: v1alpha1.VerdictAllow}
}

// agent returns the agent of that name, which must be in the catalogue.
func (m *Mutator) agent(name string) *v1alpha1.Agent {
	i := slices.IndexFunc(m.catalogue, func(a v1alpha1.Agent) bool { return a.Name == name })
	return &m.catalogue[i]
}

// ownAgent returns the flag with which the user starts an agent himself, which is
// known by the name of its jar and is not where Evenkeel has it, or nil.
func (m *Mutator) ownAgent(user []podspec.Flag, a *v1alpha1.Agent) *podspec.Flag {
	for i, f := range user {
		own := jarOf(f.Text)
		if own == "" || own == m.jar(a) {
			continue
		}
		if name := path.Base(own); name == path.Base(a.Jar) || slices.Contains(a.JarNames, name) {
			return &user[i]
		}
	}
	return nil
}

func within(gate *v1alpha1.AgentJDK, major int32) bool {
	return (gate.Min == nil || major >= *gate.Min) && (gate.Max == nil || major <= *gate.Max)
}
