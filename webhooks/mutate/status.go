// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"encoding/json"
	"fmt"

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
// evenkeel.io/status annotation. Only the webhook writes it.
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
	Outcome Outcome `json:"outcome"`
	Reason  Code    `json:"reason,omitempty"`
	// Detail completes the reason.
	Detail     string                     `json:"detail,omitempty"`
	Facts      map[string]string          `json:"facts,omitempty"`
	Containers map[string]ContainerStatus `json:"containers,omitempty"`
}

// ContainerStatus is what one feature did to one container.
type ContainerStatus struct {
	Outcome Outcome           `json:"outcome"`
	Reason  Code              `json:"reason,omitempty"`
	Detail  string            `json:"detail,omitempty"`
	Facts   map[string]string `json:"facts,omitempty"`
}

// ParseStatus reads a status annotation. An empty one yields nil and no error.
func ParseStatus(annotation string) (*Status, error) {
	if annotation == "" {
		return nil, nil
	}
	var s Status
	if err := json.Unmarshal([]byte(annotation), &s); err != nil {
		return nil, fmt.Errorf("reading the status annotation: %w", err)
	}
	return &s, nil
}

// String returns the annotation's value. When the record is larger than its
// bound, details and facts go; of the options, by which a later pass knows its
// own work, a fingerprint of some 30 bytes stays for each container. When even
// that is too large, only the outcomes stay: a later pass then takes Evenkeel's
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
				FactOptions: podspec.Fingerprint(cs.Facts[FactOptions]), FactChannel: cs.Facts[FactChannel]}}
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

func (s Status) marshal() string {
	// Maps marshal with sorted keys, so equal records are equal bytes. Strings and
	// maps of strings cannot fail to marshal.
	out, _ := json.Marshal(s)
	return string(out)
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
