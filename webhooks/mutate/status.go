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

// traces are the facts by which a later pass knows its own work, each with the one
// without which it tells nothing.
var traces = map[string]string{
	FactOptions: FactOptions, FactChannel: FactOptions, FactResize: FactResize,
	FactStorageLimit: FactStorageLimit, FactStorageRequest: FactStorageLimit,
	FactEmptyDirs: FactEmptyDirs, FactEmptyDirSize: FactEmptyDirs,
	FactCRIO: FactCRIO, FactPids: FactCRIO,
	FactAutomount: FactAutomount,
}

// optionTraces are those of the options alone. Without them a later pass could add
// options twice; without the others it takes Evenkeel's work for the user's.
var optionTraces = map[string]string{FactOptions: FactOptions, FactChannel: FactOptions}

// String returns the annotation's value. When the record is larger than its
// bound, details and facts go but for the traces, and of those the options' stay
// longest, as fingerprints. When even that is too large, only the outcomes stay: a
// later pass then takes Evenkeel's options for the user's and leaves them as they
// are.
func (s Status) String() string {
	out := s.marshal()
	if len(out) <= maxStatusBytes {
		return out
	}
	for _, kept := range []map[string]string{traces, optionTraces} {
		if out = s.short(kept).marshal(); len(out) <= maxShortStatusBytes {
			return out
		}
	}
	return s.short(nil).marshal()
}

// short returns the record with these facts alone.
func (s Status) short(kept map[string]string) Status {
	out := Status{Version: s.Version, Config: s.Config, Truncated: true, Features: map[string]FeatureStatus{}}
	for name, f := range s.Features {
		cut := FeatureStatus{Outcome: f.Outcome, Reason: f.Reason, Facts: keep(f.Facts, kept)}
		for c, cs := range f.Containers {
			facts := keep(cs.Facts, kept)
			if len(facts) == 0 {
				continue
			}
			if cut.Containers == nil {
				cut.Containers = map[string]ContainerStatus{}
			}
			cut.Containers[c] = ContainerStatus{Outcome: cs.Outcome, Facts: facts}
		}
		out.Features[name] = cut
	}
	return out
}

// keep returns the facts that are to be kept.
func keep(facts, kept map[string]string) map[string]string {
	var out map[string]string
	for name, needed := range kept {
		if value := facts[name]; value != "" && facts[needed] != "" {
			if out == nil {
				out = map[string]string{}
			}
			out[name] = value
		}
	}
	return out
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
