// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/internal/podspec"
	"github.com/evenkeel/evenkeel/webhooks/jvm"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// explained returns what the reports of features say of a pod. before is the pod
// as it was given to them and after as they left it.
func explained(features []mutate.FeatureOutcome, before, after *corev1.Pod, divisions map[string]jvm.Division) Explanation {
	out := Explanation{Selected: true}
	for _, f := range features {
		feature := newFeature(f.Name, f.Report.Pod)
		if f.Report.Pod.Code == mutate.CodeInternal && f.Err != nil {
			feature.Reasons[0].Detail = f.Err.Error()
		}
		out.Features = append(out.Features, feature)
	}
	for _, c := range roles(after) {
		c.Limits = limitsOf(before, c.Name)
		for _, f := range features {
			result, ok := f.Report.Containers[c.Name]
			switch {
			case ok && f.Report.Pod.Outcome == mutate.Observed && result.Outcome == mutate.Done:
				result.Outcome = mutate.Observed
			case !ok && len(f.Report.Containers) == 0:
				// What there is to say of the feature is said of the pod.
				continue
			}
			feature := newFeature(f.Name, result)
			if d, ok := divisions[c.Name]; ok && f.Name == jvm.Name {
				feature.Budget = newBudget(d)
			}
			c.Features = append(c.Features, feature)
		}
		out.Containers = append(out.Containers, c)
	}
	return out
}

// roles returns the containers of a pod in their order.
func roles(pod *corev1.Pod) []Container {
	var out []Container
	for _, c := range pod.Spec.InitContainers {
		role := "init container"
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			role = "native sidecar"
		}
		out = append(out, Container{Name: c.Name, Role: role, Own: strings.HasPrefix(c.Name, v1alpha1.AgentVolumePrefix)})
	}
	for _, c := range pod.Spec.Containers {
		out = append(out, Container{Name: c.Name, Role: "container"})
	}
	return out
}

// limitsOf returns the limits of a container.
func limitsOf(pod *corev1.Pod, name string) map[string]string {
	for _, c := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
		if c.Name == name {
			return quantities(c.Resources.Limits)
		}
	}
	return nil
}

func podLimits(pod *corev1.Pod) map[string]string {
	if pod.Spec.Resources == nil {
		return nil
	}
	return quantities(pod.Spec.Resources.Limits)
}

func quantities(list corev1.ResourceList) map[string]string {
	out := map[string]string{}
	for name, q := range list {
		out[string(name)] = q.String()
	}
	return out
}

// newFeature says what a result says. What a code or a list of names can be told
// from is no fact any more.
func newFeature(name string, r mutate.Result) Feature {
	out := Feature{Name: name, Outcome: r.Outcome}
	switch {
	case r.Outcome == mutate.Failed && r.Code == mutate.CodeError && r.Detail != "":
		// The detail is the whole sentence.
		out.Reasons = append(out.Reasons, Reason{Code: r.Code, Sentence: r.Detail, Warning: true})
	case r.Code != "":
		out.Reasons = append(out.Reasons, newReason(r.Code, r.Detail))
	}
	facts := maps.Clone(r.Facts)
	if options := facts[mutate.FactOptions]; options != "" {
		out.Variable = facts[mutate.FactChannel]
		if out.FlagsGone = podspec.IsFingerprint(options); !out.FlagsGone {
			out.Flags = words(options)
		}
		delete(facts, mutate.FactOptions)
		delete(facts, mutate.FactChannel)
	}
	for _, entry := range split(facts[mutate.FactEnv]) {
		variable, _, _ := strings.Cut(entry, "#")
		out.Environment = append(out.Environment, variable)
	}
	delete(facts, mutate.FactEnv)
	for _, key := range slices.Sorted(maps.Keys(facts)) {
		reasons := reasonsIn(facts[key])
		if len(reasons) == 0 && facts[key] != "" {
			continue
		}
		delete(facts, key)
		for _, reason := range reasons {
			out.addReason(reason)
		}
	}
	// The evidence of a rule is often its detail too, and a fact then says it better.
	if len(out.Reasons) > 0 && out.Reasons[0].Detail == facts[mutate.FactEvidence] {
		out.Reasons[0].Detail = ""
	}
	if len(facts) > 0 {
		out.Facts = facts
	}
	return out
}

// addReason adds a reason that a fact tells. One that is there already gets its
// subject.
func (f *Feature) addReason(r Reason) {
	for i := range f.Reasons {
		if same := &f.Reasons[i]; same.Code == r.Code && (r.Subject == "" || same.Subject == r.Subject || strings.HasPrefix(same.Detail, r.Subject)) {
			return
		}
	}
	f.Reasons = append(f.Reasons, r)
}

func newReason(code mutate.Code, detail string) Reason {
	return Reason{Code: code, Sentence: code.Sentence(), Detail: detail, Warning: code.Warn()}
}

// reasonsIn returns the reasons of a fact that is a list of codes, each alone or
// after a subject and a colon, or nil if it is something else.
func reasonsIn(value string) []Reason {
	var out []Reason
	for _, entry := range split(value) {
		subject, name, ok := strings.Cut(entry, ":")
		if !ok {
			subject, name = "", entry
		}
		code := mutate.Code(name)
		// An unknown code has itself for a sentence.
		if code.Sentence() == name {
			return nil
		}
		r := newReason(code, "")
		r.Subject = subject
		out = append(out, r)
	}
	return out
}

// split splits a list with commas; an empty one has no elements.
func split(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}

// words splits options as a JVM does: between white space, where ' and " group.
func words(options string) []string {
	var out []string
	start, quote := -1, byte(0)
	for i := range len(options) {
		c := options[i]
		space := strings.IndexByte(" \t\n\v\f\r", c) >= 0
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case space && start >= 0:
			out = append(out, options[start:i])
			start = -1
		case space:
		default:
			if c == '\'' || c == '"' {
				quote = c
			}
			if start < 0 {
				start = i
			}
		}
	}
	if start >= 0 {
		out = append(out, options[start:])
	}
	return out
}

func newBudget(d jvm.Division) *Budget {
	b := &Budget{Limit: d.Limit, Profile: d.Profile, Rule: string(d.Rule)}
	for _, p := range d.Parts {
		b.Parts = append(b.Parts, Part(p))
	}
	return b
}
