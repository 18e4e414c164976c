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

// ordered returns the catalogue by order, and by place in the list where that is
// equal.
func ordered(catalogue []v1alpha1.Agent) []v1alpha1.Agent {
	return slices.SortedStableFunc(slices.Values(catalogue), func(a, b v1alpha1.Agent) int {
		return cmp.Compare(a.Order, b.Order)
	})
}

// chosen returns the agents that a container gets, in their order. asked says
// whether an annotation decided. The error is for the user.
func (m *Mutator) chosen(pod *corev1.Pod, container string) (agents []*v1alpha1.Agent, asked bool, err error) {
	value, key, asked := podspec.Annotation(pod, wellknown.AgentInjectAnnotation, container)
	names := m.cfg.Default
	if asked {
		if names, err = m.parse(key, value); err != nil {
			return nil, true, err
		}
	}
	// What is meant for the whole pod is not meant for its sidecars.
	if m.cfg.Skips(container) && key != wellknown.ForContainer(wellknown.AgentInjectAnnotation, container) {
		return nil, false, nil
	}
	for i := range m.catalogue {
		if slices.Contains(names, m.catalogue[i].Name) {
			agents = append(agents, &m.catalogue[i])
		}
	}
	return agents, asked, nil
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
