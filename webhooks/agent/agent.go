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
// The memory that an agent needs is reserved in the request, for the jvm feature
// to leave it out of the heap.
package agent

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/version"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/api/wellknown"
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
}

var _ mutate.Mutator = &Mutator{}

// New returns the mutator for a configuration that is defaulted and valid.
func New(cfg *v1alpha1.AgentFeature) *Mutator {
	return &Mutator{cfg: cfg, catalogue: ordered(cfg.Catalogue)}
}

// Name implements mutate.Mutator.
func (m *Mutator) Name() string { return Name }

// Paths implements mutate.Mutator.
func (m *Mutator) Paths() []string {
	return []string{
		"/spec/volumes/*",
		"/spec/initContainers/*",
		"/spec/containers/*/env/*",
		"/spec/containers/*/env/*/value",
		"/spec/containers/*/volumeMounts/*",
	}
}

// Mutate implements mutate.Mutator.
func (m *Mutator) Mutate(req *mutate.Request, e *podspec.Editor) (*mutate.Report, error) {
	report := &mutate.Report{}
	pod := e.Pod()
	var plans []*plan
	for i := range pod.Spec.Containers {
		c := &pod.Spec.Containers[i]
		agents, asked, err := m.chosen(pod, c.Name)
		if err != nil {
			return nil, err
		}
		p := &plan{container: c.Name}
		if len(agents) > 0 {
			if p, err = m.plan(req, pod, c, agents); err != nil {
				return nil, err
			}
			report.SetContainer(c.Name, p.result)
		} else if asked {
			report.SetContainer(c.Name, mutate.Result{Outcome: mutate.Skipped, Code: mutate.CodeAgentNone})
		}
		plans = append(plans, p)
	}

	again := injected(req)
	if name := reservedName(pod); name != "" && !again && wanted(plans) {
		return nil, fmt.Errorf("%s: names that begin with %s are Evenkeel's; rename it", name, v1alpha1.AgentVolumePrefix)
	}
	m.apply(req, e, plans, again)
	report.Pod = podResult(pod, plans, report)
	return report, nil
}

// wanted reports whether any container gets an agent.
func wanted(plans []*plan) bool {
	return slices.ContainsFunc(plans, func(p *plan) bool { return len(p.agents) > 0 })
}

// podResult is the result for the pod as a whole.
func podResult(pod *corev1.Pod, plans []*plan, report *mutate.Report) mutate.Result {
	res := mutate.Result{Outcome: mutate.Skipped}
	if wanted(plans) {
		res.Outcome = mutate.Done
	}
	switch stray := podspec.StrayAnnotation(pod, wellknown.AgentInjectAnnotation); {
	case stray != "":
		res.Code, res.Detail = mutate.CodeUnknownContainer, stray
	case len(report.Containers) == 0:
		res.Code = mutate.CodeAgentNotAsked
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
