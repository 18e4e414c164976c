// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package satoken is the mutator of the satoken feature: it takes the
// ServiceAccount token out of pods that no rule keeps it for.
//
// The API server's ServiceAccount plugin runs before every webhook, and again
// after one that changed the pod. To set the field alone would leave the volume
// that the plugin has added; to remove the volume alone would bring it back. So
// both go in one patch. A manifest that the plugin has not seen yet has no such
// volume, and the field is enough.
//
// rules.go says which pods keep their token; volume.go knows the plugin's volume.
package satoken

import (
	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/internal/podspec"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// Name of the feature.
const Name = "satoken"

// Values of the fact mutate.FactToken.
const (
	removed = "removed"
	kept    = "kept"
)

// Mutator is the satoken feature.
type Mutator struct {
	cfg *v1alpha1.SATokenFeature
}

var _ mutate.Mutator = &Mutator{}

// New returns the mutator for a configuration that is defaulted and valid.
func New(cfg *v1alpha1.SATokenFeature) *Mutator { return &Mutator{cfg: cfg} }

// Name implements mutate.Mutator.
func (m *Mutator) Name() string { return Name }

// Paths implements mutate.Mutator.
func (m *Mutator) Paths() []string {
	return []string{
		"/spec/automountServiceAccountToken",
		"/spec/volumes/*",
		"/spec/containers/*/volumeMounts/*",
		"/spec/initContainers/*/volumeMounts/*",
	}
}

// Mutate implements mutate.Mutator.
func (m *Mutator) Mutate(req *mutate.Request, e *podspec.Editor) (*mutate.Report, error) {
	pod := e.Pod()
	if err := m.checkReason(pod); err != nil {
		return nil, err
	}
	automount := pod.Spec.AutomountServiceAccountToken
	if automount != nil && !*automount {
		// The plugin adds nothing to such a pod, so a volume that looks like its own
		// is the author's.
		if _, asks := pod.Annotations[wellknown.TokenKeepAnnotation]; asks {
			return report(mutate.Skipped, mutate.CodeTokenKeepUseless, "", removed), nil
		}
		return m.outcome(e), nil
	}
	for _, r := range m.rules() {
		if keep, detail := r.keeps(req, pod); keep {
			return report(mutate.Skipped, r.code, detail, kept), nil
		}
	}
	removeToken(e)
	e.SetAutomountServiceAccountToken(false)
	return m.outcome(e), nil
}

// outcome is the report on a pod to which the plugin gives no token. It says
// the same of a pod that was just changed and of one that came so.
func (m *Mutator) outcome(e *podspec.Editor) *mutate.Report {
	if volume := mountedInPlace(e.Pod()); volume != "" {
		return report(mutate.Skipped, mutate.CodeTokenDeclared, "volume "+mutate.Quote(volume), kept)
	}
	return report(mutate.Done, mutate.CodeTokenNotNeeded, "", removed)
}

func report(o mutate.Outcome, code mutate.Code, detail, token string) *mutate.Report {
	return &mutate.Report{Pod: mutate.Result{Outcome: o, Code: code, Detail: detail, Facts: map[string]string{
		mutate.FactToken: token,
		mutate.FactRule:  string(code),
	}}}
}
