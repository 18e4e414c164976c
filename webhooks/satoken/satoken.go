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
// What RBAC gives to a ServiceAccount is asked of Rights, which lives outside.
package satoken

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

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

// author is the value of the fact mutate.FactAutomount.
const author = "author"

// Rights tells what RBAC gives to ServiceAccounts, from memory.
type Rights interface {
	// Grant returns a binding that gives a ServiceAccount rights, as one line of text
	// for the record, and whether there is one. skip says which are not considered: it
	// is given the role's kind and name, and the group that the binding names, or "".
	// The answer counts only if all bindings have been read.
	Grant(namespace, serviceAccount string, skip func(roleKind, role, group string) bool) (evidence string, ok, synced bool)
}

// Mutator is the satoken feature.
type Mutator struct {
	cfg    *v1alpha1.SATokenFeature
	rights Rights
}

var _ mutate.Mutator = &Mutator{}

// New returns the mutator for a configuration that is defaulted and valid. rights
// may be nil where no cluster can be asked: then no ServiceAccount has any.
func New(cfg *v1alpha1.SATokenFeature, rights Rights) *Mutator {
	return &Mutator{cfg: cfg, rights: rights}
}

// Name implements mutate.Mutator.
func (m *Mutator) Name() string { return Name }

// Paths implements mutate.Mutator.
func (m *Mutator) Paths() []string {
	return []string{
		"/spec/automountServiceAccountToken",
		"/spec/volumes/*",
		"/spec/volumes/*/projected/sources/*",
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
	removal, err := m.removal(pod)
	if err != nil {
		return nil, err
	}
	automount := pod.Spec.AutomountServiceAccountToken
	if automount != nil && !*automount {
		// The plugin adds nothing to such a pod, so a volume that looks like its own
		// is the author's.
		if _, asks := pod.Annotations[wellknown.TokenKeepAnnotation]; asks {
			return report(mutate.Skipped, mutate.CodeTokenKeepUseless, "", removed), nil
		}
		out := m.outcome(e)
		if !wasHere(req) {
			out.Pod.Facts[mutate.FactAutomount] = author
		}
		return out, nil
	}
	for _, r := range m.rules() {
		evidence, keep, err := r.keeps(req, pod)
		if err != nil {
			return nil, err
		}
		if keep {
			out := report(mutate.Skipped, r.code, evidence, kept)
			if evidence != "" {
				out.Pod.Facts[mutate.FactEvidence] = evidence
			}
			return out, nil
		}
	}
	if removal == v1alpha1.RemovalToken && len(pluginVolumes(pod)) == 0 {
		// To set the field would keep the plugin from adding the two files.
		if mountedInPlace(pod) != nil {
			return m.outcome(e), nil
		}
		return report(mutate.Skipped, mutate.CodeTokenNoVolume, "", removed), nil
	}
	remove(e, removal)
	e.SetAutomountServiceAccountToken(false)
	return m.outcome(e), nil
}

// wasHere reports whether the pod's field is this feature's own, written in an
// earlier pass or on the pod that this one is a copy of.
func wasHere(req *mutate.Request) bool {
	previous, again := req.Previous(Name)
	return again && (previous.Reason == mutate.CodeTokenNotNeeded || previous.Reason == mutate.CodeTokenDeclared) &&
		previous.Facts[mutate.FactAutomount] != author
}

// removal returns what the pod, or the configuration, says of what goes.
func (m *Mutator) removal(pod *corev1.Pod) (v1alpha1.TokenRemoval, error) {
	value, ok := pod.Annotations[wellknown.TokenRemovalAnnotation]
	switch {
	case !ok:
		return m.cfg.Removal, nil
	case value == wellknown.TokenRemovalVolume:
		return v1alpha1.RemovalVolume, nil
	case value == wellknown.TokenRemovalToken:
		return v1alpha1.RemovalToken, nil
	}
	return "", fmt.Errorf("annotation %s: %s is not a removal; use %s or %s, or remove the annotation",
		wellknown.TokenRemovalAnnotation, mutate.Quote(value), wellknown.TokenRemovalVolume, wellknown.TokenRemovalToken)
}

// outcome is the report on a pod to which the plugin gives no token. It says
// the same of a pod that was just changed and of one that came so.
func (m *Mutator) outcome(e *podspec.Editor) *mutate.Report {
	volume := mountedInPlace(e.Pod())
	switch {
	case volume == nil:
		return report(mutate.Done, mutate.CodeTokenNotNeeded, "", removed)
	case isRemainder(volume):
		out := report(mutate.Done, mutate.CodeTokenNotNeeded, "", removed)
		out.Pod.Facts[mutate.FactLeft] = strings.Join([]string{caFile, namespaceFile}, ",")
		return out
	}
	return report(mutate.Skipped, mutate.CodeTokenDeclared, "volume "+mutate.Quote(volume.Name), kept)
}

func report(o mutate.Outcome, code mutate.Code, detail, token string) *mutate.Report {
	return &mutate.Report{Pod: mutate.Result{Outcome: o, Code: code, Detail: detail, Facts: map[string]string{
		mutate.FactToken: token,
		mutate.FactRule:  string(code),
	}}}
}
