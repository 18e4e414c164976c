// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package jvm

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/internal/podspec"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// profile is a profile of the configuration with its selectors made ready.
type profile struct {
	*v1alpha1.JVMProfile
	namespace, pod     labels.Selector
	containers, images mutate.Patterns
}

func profilesOf(cfg *v1alpha1.JVMFeature) []profile {
	var out []profile
	for i := range cfg.Profiles {
		p := profile{JVMProfile: &cfg.Profiles[i]}
		if p.Match != nil {
			p.namespace, p.pod = selector(p.Match.NamespaceSelector), selector(p.Match.PodSelector)
			p.containers, p.images = mutate.NewPatterns(p.Match.Containers), mutate.NewPatterns(p.Match.Images)
		}
		out = append(out, p)
	}
	return out
}

// selector returns a selector of a valid configuration; an absent one selects
// everything.
func selector(s *metav1.LabelSelector) labels.Selector {
	if s == nil {
		return labels.Everything()
	}
	out, err := metav1.LabelSelectorAsSelector(s)
	if err != nil {
		return labels.Nothing()
	}
	return out
}

// fits reports whether the profile counts for a container by itself.
func (p *profile) fits(req *mutate.Request, pod *corev1.Pod, c *corev1.Container) bool {
	return p.Match != nil && p.namespace.Matches(labels.Set(req.NamespaceLabels)) && p.pod.Matches(labels.Set(pod.Labels)) &&
		(!p.containers.Given() || p.containers.Fit(c.Name)) && (!p.images.Given() || p.images.FitImage(c.Image))
}

// settingsFor returns the settings for a container, and the name of the profile
// that they are of. The error is for the user.
func (m *Mutator) settingsFor(req *mutate.Request, pod *corev1.Pod, t target) (settings v1alpha1.JVMSettings, name string, err error) {
	value, key, asked := podspec.Annotation(pod, wellknown.JVMProfileAnnotation, t.Name)
	if asked && value == wellknown.JVMProfileNone {
		return m.cfg.JVMSettings, "", nil
	}
	for i := range m.profiles {
		p := &m.profiles[i]
		if asked && p.Name == value || !asked && p.fits(req, pod, t.Container) {
			return p.JVMSettings, p.Name, nil
		}
	}
	switch {
	case !asked:
		return m.cfg.JVMSettings, "", nil
	case len(m.profiles) == 0:
		return settings, "", fmt.Errorf("annotation %s: there is no profile %s; the configuration has none", key, mutate.Quote(value))
	}
	return settings, "", fmt.Errorf("annotation %s: there is no profile %s; use %s, or %s",
		key, mutate.Quote(value), strings.Join(m.cfg.ProfileNames(), ", "), wellknown.JVMProfileNone)
}

// orderedWords lists the values of an annotation for a sentence.
func orderedWords[T any](values map[string]T) string {
	words := slices.Sorted(maps.Keys(values))
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
