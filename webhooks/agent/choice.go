// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/internal/podspec"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// annotations are the pod's forms of those that speak of a container.
var annotations = []string{wellknown.AgentInjectAnnotation, wellknown.AgentJDKAnnotation}

// ordered returns the catalogue by order, and by place in the list where that is
// equal.
func ordered(catalogue []v1alpha1.Agent) []v1alpha1.Agent {
	return slices.SortedStableFunc(slices.Values(catalogue), func(a, b v1alpha1.Agent) int {
		return cmp.Compare(a.Order, b.Order)
	})
}

// choice is what a container is to have.
type choice struct {
	// agents in their order.
	agents []*v1alpha1.Agent
	// without are those that it asks for and that are not for it.
	without []remark
	// none says that an annotation asks for no agent.
	none bool
}

// choose returns what a container is to have. The error is for the user.
func (m *Mutator) choose(req *mutate.Request, pod *corev1.Pod, c *corev1.Container) (choice, error) {
	value, key, asked := podspec.Annotation(pod, wellknown.AgentInjectAnnotation, c.Name)
	// What is meant for the whole pod is not meant for its sidecars, nor for what
	// runs before the application.
	own := asked && key != wellknown.AgentInjectAnnotation
	if !own && (isInit(pod, c.Name) || !m.meant(c)) {
		return choice{}, nil
	}
	names := m.cfg.Default
	if asked {
		var err error
		if names, err = m.parse(key, value); err != nil {
			return choice{}, err
		}
		if len(names) == 0 {
			return choice{none: true}, nil
		}
	}
	var out choice
	for i := range m.catalogue {
		a := &m.catalogue[i]
		if !slices.Contains(names, a.Name) || !own && !m.matchers[a.Name].fits(c.Name, c.Image) {
			continue
		}
		switch {
		case !isJob(req), a.Jobs == v1alpha1.JobsAlways, a.Jobs == v1alpha1.JobsOnRequest && asked:
			out.agents = append(out.agents, a)
		case asked:
			out.without = append(out.without, remark{agent: a.Name, code: mutate.CodeAgentJobs})
		}
	}
	return out, nil
}

// meant reports whether a container is one of those that the configuration
// means, where no annotation names it.
func (m *Mutator) meant(c *corev1.Container) bool {
	return !m.cfg.Skips(c.Name) && !m.skipImages.FitImage(c.Image) && m.containers.fits(c.Name, c.Image)
}

// isJob reports whether the pod is one of a Job's.
func isJob(req *mutate.Request) bool {
	return req.Workload.Kind == "Job" || req.Workload.Kind == "CronJob"
}

// isInit reports whether a container is an init container, native sidecars among
// them.
func isInit(pod *corev1.Pod, name string) bool {
	return slices.ContainsFunc(pod.Spec.InitContainers, func(c corev1.Container) bool { return c.Name == name })
}

// candidates returns the containers that may get agents: those of the
// application, and the user's init containers.
func candidates(pod *corev1.Pod) []*corev1.Container {
	var out []*corev1.Container
	for i := range pod.Spec.Containers {
		out = append(out, &pod.Spec.Containers[i])
	}
	for i := range pod.Spec.InitContainers {
		if c := &pod.Spec.InitContainers[i]; !reserved(c.Name) {
			out = append(out, c)
		}
	}
	return out
}

// stray returns the first annotation, in order of the keys, that speaks of a
// container which the pod does not have, or "".
func stray(pod *corev1.Pod, containers []*corev1.Container) string {
	var out []string
	for key := range pod.Annotations {
		for _, a := range annotations {
			name, ok := strings.CutPrefix(key, a+".")
			if ok && !slices.ContainsFunc(containers, func(c *corev1.Container) bool { return c.Name == name }) {
				out = append(out, key)
			}
		}
	}
	if len(out) == 0 {
		return ""
	}
	return slices.Min(out)
}

// unmet returns the agents that the pod as a whole asks for and no container is
// to have, or is told why not.
func (m *Mutator) unmet(pod *corev1.Pod, met map[string]bool) []string {
	value, ok := pod.Annotations[wellknown.AgentInjectAnnotation]
	if !ok {
		return nil
	}
	// It was read for the containers that it is for; there may have been none.
	names, err := m.parse(wellknown.AgentInjectAnnotation, value)
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(names, func(name string) bool { return met[name] })
}

// parse reads the names in an annotation.
func (m *Mutator) parse(key, value string) ([]string, error) {
	if strings.TrimSpace(value) == wellknown.AgentInjectNone {
		return nil, nil
	}
	var names []string
	for name := range strings.SplitSeq(value, ",") {
		name = strings.TrimSpace(name)
		if !slices.ContainsFunc(m.cfg.Catalogue, func(a v1alpha1.Agent) bool { return a.Name == name }) {
			return nil, m.unknown(key, name)
		}
		names = append(names, name)
	}
	return names, nil
}

func (m *Mutator) unknown(key, name string) error {
	switch {
	case len(m.cfg.Catalogue) == 0:
		return fmt.Errorf("annotation %s: there is no agent %s; the catalogue is empty", key, mutate.Quote(name))
	case name == wellknown.AgentInjectNone:
		return fmt.Errorf("annotation %s: %q stands alone, or not at all", key, name)
	}
	return fmt.Errorf("annotation %s: there is no agent %s; use %s, or %s",
		key, mutate.Quote(name), strings.Join(m.cfg.AgentNames(), ", "), wellknown.AgentInjectNone)
}
