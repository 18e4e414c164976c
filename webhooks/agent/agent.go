// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package agent is the mutator of the agent feature: it brings Java agents from
// the administrator's catalogue into the containers that ask for them, with
// their options, variables, volumes and, where images cannot be mounted, the
// init containers that copy them.
//
// A pod names agents; image, paths and options are the catalogue's. No agent is
// special-cased. A container whose options cannot be added to gets nothing, and
// a pod without a container that takes an agent gets no volume and no init
// container. Volumes and init containers whose names begin with
// v1alpha1.AgentVolumePrefix are Evenkeel's.
//
// An agent that does not fit a container, by its JDK, by another agent or by what
// the user has there, is left out, unless the configuration says otherwise; why
// is told. The memory that an agent needs is reserved in the request, for the jvm
// feature to leave it out of the heap.
package agent

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/version"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/internal/podspec"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// Name of the feature.
const Name = "agent"

// imageVolumesSince is the release in which image volumes are stable (KEP-4639).
var imageVolumesSince = version.MustParseGeneric("1.36")

// Mutator is the agent feature.
type Mutator struct {
	cfg *v1alpha1.AgentFeature
	// catalogue in the order in which agents stand in a container's options.
	catalogue []v1alpha1.Agent
	// matchers say by agent which containers it is for.
	matchers map[string]matcher
	// containers and skipImages say which containers are meant and which are not.
	containers matcher
	skipImages mutate.Patterns
	// jdkFromImage find a version in an image's name.
	jdkFromImage []*regexp.Regexp
}

var _ mutate.Mutator = &Mutator{}

// New returns the mutator for a configuration that is defaulted and valid.
func New(cfg *v1alpha1.AgentFeature) *Mutator {
	m := &Mutator{
		cfg:        cfg,
		catalogue:  ordered(cfg.Catalogue),
		matchers:   map[string]matcher{},
		containers: newMatcher(cfg.Containers),
		skipImages: mutate.NewPatterns(cfg.SkipImages),
	}
	for _, a := range cfg.Catalogue {
		m.matchers[a.Name] = newMatcher(a.Containers)
	}
	for _, pattern := range cfg.JDKFromImage {
		m.jdkFromImage = append(m.jdkFromImage, regexp.MustCompile(pattern))
	}
	return m
}

// Name implements mutate.Mutator.
func (m *Mutator) Name() string { return Name }

// Paths implements mutate.Mutator.
func (m *Mutator) Paths() []string {
	return slices.Concat([]string{
		evictionPath,
		"/spec/volumes/*",
		"/spec/initContainers/*",
		"/spec/initContainers/*/volumeMounts/*",
		"/spec/containers/*/volumeMounts/*",
	}, mutate.OptionPaths("containers"), mutate.OptionPaths("initContainers"))
}

// Mutate implements mutate.Mutator.
func (m *Mutator) Mutate(req *mutate.Request, e *podspec.Editor) (*mutate.Report, error) {
	report := &mutate.Report{}
	pod := e.Pod()
	start, err := m.startsAnyway(pod)
	if err != nil {
		return nil, err
	}
	containers := candidates(pod)
	var plans []*plan
	met := map[string]bool{}
	for _, c := range containers {
		want, err := m.choose(req, pod, c)
		if err != nil {
			return nil, err
		}
		p := &plan{container: c.Name}
		switch {
		case want.none:
			report.SetContainer(c.Name, mutate.Result{Outcome: mutate.Skipped, Code: mutate.CodeAgentNone})
		case len(want.agents)+len(want.without) > 0:
			if p, err = m.plan(req, pod, c, want); err != nil {
				return nil, err
			}
			if err := checkRequired(p, want); err != nil {
				return nil, err
			}
			report.SetContainer(c.Name, p.result)
		}
		for _, a := range want.agents {
			met[a.Name] = true
		}
		for _, r := range want.without {
			met[r.agent] = true
		}
		plans = append(plans, p)
	}

	again := injected(req)
	if name := reservedName(pod); name != "" && !again && wanted(plans) {
		return nil, fmt.Errorf("%s: names that begin with %s are Evenkeel's; rename it", name, v1alpha1.AgentVolumePrefix)
	}
	// Before the edits, which may move what the containers point to.
	nobodys := stray(pod, containers)
	m.apply(req, e, plans, again, start)
	report.Pod = m.podResult(req, e.Pod(), plans, report, nobodys, m.unmet(pod, met))
	return report, nil
}

// checkRequired returns an error if a container goes without an agent that is
// required.
func checkRequired(p *plan, want choice) error {
	for _, a := range want.agents {
		if !a.Required || slices.Contains(p.agents, a) {
			continue
		}
		text := fmt.Sprintf("container %s: the agent %s is required and cannot be injected: %s",
			mutate.Quote(p.container), a.Name, p.result.Code.Sentence())
		if p.result.Detail != "" {
			text += " (" + p.result.Detail + ")"
		}
		return errors.New(text)
	}
	return nil
}

// wanted reports whether any container gets an agent.
func wanted(plans []*plan) bool {
	return slices.ContainsFunc(plans, func(p *plan) bool { return len(p.agents) > 0 })
}

// podResult is the result for the pod as a whole. stray is an annotation for a
// container that is not there, and unmet are the agents that no container takes.
func (m *Mutator) podResult(req *mutate.Request, pod *corev1.Pod, plans []*plan, report *mutate.Report, stray string, unmet []string) mutate.Result {
	res := mutate.Result{Outcome: mutate.Skipped}
	if wanted(plans) {
		res.Outcome = mutate.Done
	}
	switch {
	case stray != "":
		res.Code, res.Detail = mutate.CodeUnknownContainer, stray
	case len(unmet) > 0:
		res.Code, res.Detail = mutate.CodeAgentNoContainer, join(unmet, ", ")
	case len(report.Containers) == 0:
		res.Code = mutate.CodeAgentNotAsked
	default:
		if why := overflow(req, pod); why != "" && wanted(plans) {
			res.Code, res.Detail = mutate.CodeAgentStorage, why
		}
	}
	return res
}

// delivery returns how an agent reaches the pods of this request.
func delivery(req *mutate.Request, a *v1alpha1.Agent) v1alpha1.Delivery {
	switch {
	case a.Delivery != v1alpha1.DeliveryAuto:
		return a.Delivery
	case req.ServerVersion != nil && req.ServerVersion.AtLeast(imageVolumesSince):
		return v1alpha1.DeliveryImageVolume
	}
	return v1alpha1.DeliveryInitContainer
}

// join joins what is not empty and not repeated.
func join(words []string, sep string) string {
	var out []string
	seen := map[string]bool{}
	for _, w := range words {
		if w != "" && !seen[w] {
			seen[w] = true
			out = append(out, w)
		}
	}
	return strings.Join(out, sep)
}
