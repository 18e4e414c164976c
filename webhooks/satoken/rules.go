// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package satoken

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// rule keeps the tokens of the pods that it applies to.
type rule struct {
	// code is the reason that is recorded.
	code mutate.Code
	// keeps reports whether the rule applies, and what completes the reason.
	keeps func(req *mutate.Request, pod *corev1.Pod) (bool, string)
}

// rules returns the rules in their order; the first that applies is recorded.
func (m *Mutator) rules() []rule {
	return []rule{
		{code: mutate.CodeTokenExplicit, keeps: isExplicit},
		{code: mutate.CodeTokenReason, keeps: hasReason},
		{code: mutate.CodeTokenServiceAccount, keeps: m.isListed},
		{code: mutate.CodeTokenVault, keeps: needsVault},
	}
}

// isExplicit applies to pods whose author set the field. The ServiceAccount
// plugin never sets it, so what is there is the author's.
func isExplicit(_ *mutate.Request, pod *corev1.Pod) (bool, string) {
	automount := pod.Spec.AutomountServiceAccountToken
	return automount != nil && *automount, ""
}

// hasReason applies to pods that name a reason, which checkReason has found
// approved.
func hasReason(_ *mutate.Request, pod *corev1.Pod) (bool, string) {
	reason, ok := pod.Annotations[wellknown.TokenKeepAnnotation]
	return ok, reason
}

// isListed applies to the ServiceAccounts in the configuration.
func (m *Mutator) isListed(req *mutate.Request, pod *corev1.Pod) (bool, string) {
	// A manifest that no API server has seen may have the old name of the field, or
	// none.
	name := cmp.Or(pod.Spec.ServiceAccountName, pod.Spec.DeprecatedServiceAccount, "default")
	return m.cfg.Lists(req.Namespace, name), req.Namespace + "/" + name
}

// Annotations of the Vault agent injector (hashicorp/vault-k8s,
// agent-inject/agent/annotations.go). Unless the second names a volume, the
// injector looks for a mount whose path has "serviceaccount" in it and refuses a
// pod that has none.
const (
	vaultInject      = "vault.hashicorp.com/agent-inject"
	vaultTokenVolume = "vault.hashicorp.com/agent-service-account-token-volume-name"
)

func needsVault(_ *mutate.Request, pod *corev1.Pod) (bool, string) {
	inject, err := strconv.ParseBool(pod.Annotations[vaultInject])
	return err == nil && inject && pod.Annotations[vaultTokenVolume] == "", ""
}

// checkReason returns an error if the pod names a reason that is not approved.
func (m *Mutator) checkReason(pod *corev1.Pod) error {
	reason, ok := pod.Annotations[wellknown.TokenKeepAnnotation]
	approved := m.cfg.ReasonNames()
	if !ok || slices.Contains(approved, reason) {
		return nil
	}
	if len(approved) == 0 {
		return fmt.Errorf("annotation %s: %s is not an approved reason, and none are; remove the annotation",
			wellknown.TokenKeepAnnotation, mutate.Quote(reason))
	}
	return fmt.Errorf("annotation %s: %s is not an approved reason; name one of %s, or remove the annotation",
		wellknown.TokenKeepAnnotation, mutate.Quote(reason), strings.Join(approved, ", "))
}
