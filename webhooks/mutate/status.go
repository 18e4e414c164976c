// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/internal/podspec"
)

// The bounds of the status annotation: all annotations of an object share 256 KiB
// and every watcher of pods pays for each byte.
const (
	// maxStatusBytes is how long a record with all its facts may be.
	maxStatusBytes = 4096
	// maxShortStatusBytes is how long one may be that is cut down to what a later
	// pass needs. Pods of some 30 containers have records above the other bound,
	// and those of some 100 come to this one.
	maxShortStatusBytes = 32768
)

// Status is the record that admission leaves on the pod, as compact JSON in the
// evenkeel.io/status annotation; see ParseStatus for how it is written. Only the
// webhook writes it.
type Status struct {
	// Version of Evenkeel that wrote the record.
	Version string `json:"version"`
	// Config is the short hash of the AdmissionConfiguration in force.
	Config string `json:"config"`
	// Features by name.
	Features map[string]FeatureStatus `json:"features"`
	// Truncated says that facts were left out to keep the record small.
	Truncated bool `json:"truncated,omitempty"`
}

// FeatureStatus is what one feature did to the pod.
type FeatureStatus struct {
	Outcome Outcome
	Reason  Code
	// Detail completes the reason.
	Detail     string
	Facts      map[string]string
	Containers map[string]ContainerStatus
}

// ContainerStatus is what one feature did to one container. Of the options that
// were merged it has the fingerprint: see Options.
type ContainerStatus struct {
	Outcome Outcome
	Reason  Code
	Detail  string
	Facts   map[string]string
}

// Options returns the options that the feature merged into the environment of a
// container, as far as they are still there, and the environment variable that
// they are in. Without any both are empty.
func (s ContainerStatus) Options(c *corev1.Container) (options, channel string) {
	options, channel = s.Facts[FactOptions], s.Facts[FactChannel]
	if podspec.IsFingerprint(options) {
		value, _ := podspec.LookupEnv(c, channel)
		options = podspec.FindFragment(value, options)
	}
	if options == "" {
		return "", ""
	}
	return options, channel
}

// String returns the annotation's value. When the record is larger than its
// bound, details and facts go; of the options, by which a later pass knows its
// own work, the fingerprint stays for each container. When even that is too large, only the outcomes stay: a later pass then takes Evenkeel's
// options for the user's and leaves them as they are.
func (s Status) String() string {
	out := s.marshal()
	if len(out) <= maxStatusBytes {
		return out
	}
	short := Status{Version: s.Version, Config: s.Config, Truncated: true, Features: map[string]FeatureStatus{}}
	for name, f := range s.Features {
		kept := FeatureStatus{Outcome: f.Outcome, Reason: f.Reason}
		for c, cs := range f.Containers {
			if cs.Facts[FactOptions] == "" {
				continue
			}
			if kept.Containers == nil {
				kept.Containers = map[string]ContainerStatus{}
			}
			kept.Containers[c] = ContainerStatus{Outcome: cs.Outcome, Facts: map[string]string{
				FactOptions: cs.Facts[FactOptions], FactChannel: cs.Facts[FactChannel]}}
		}
		short.Features[name] = kept
	}
	if out = short.marshal(); len(out) <= maxShortStatusBytes {
		return out
	}
	for name, f := range short.Features {
		short.Features[name] = FeatureStatus{Outcome: f.Outcome, Reason: f.Reason}
	}
	return short.marshal()
}

// setFeature puts what a mutator reported into the record.
func (s *Status) setFeature(name string, r *Report) {
	f := FeatureStatus{Outcome: r.Pod.Outcome, Reason: r.Pod.Code, Detail: r.Pod.Detail, Facts: r.Pod.Facts}
	for c, res := range r.Containers {
		if f.Containers == nil {
			f.Containers = map[string]ContainerStatus{}
		}
		f.Containers[c] = ContainerStatus{Outcome: res.Outcome, Reason: res.Code, Detail: res.Detail, Facts: res.Facts}
	}
	s.Features[name] = f
}
