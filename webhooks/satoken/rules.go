// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package satoken

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// rule keeps the tokens of the pods that it applies to.
type rule struct {
	// code is the reason that is recorded.
	code mutate.Code
	// keeps reports whether the rule applies, and what it found. An error is for the
	// user: it cannot be told.
	keeps func(req *mutate.Request, pod *corev1.Pod) (evidence string, keep bool, err error)
}

// rules returns the rules in their order; the first that applies is recorded.
func (m *Mutator) rules() []rule {
	return []rule{
		{code: mutate.CodeTokenExplicit, keeps: isExplicit},
		{code: mutate.CodeTokenReason, keeps: hasReason},
		{code: mutate.CodeTokenServiceAccount, keeps: m.isListed},
		{code: mutate.CodeTokenSystemNamespace, keeps: m.isSystem},
		{code: mutate.CodeTokenRBAC, keeps: m.hasRights},
		{code: mutate.CodeTokenVault, keeps: needsVault},
		{code: mutate.CodeTokenDependant, keeps: m.hasDependant},
	}
}

// isExplicit applies to pods whose author set the field. The ServiceAccount
// plugin never sets it, so what is there is the author's.
func isExplicit(_ *mutate.Request, pod *corev1.Pod) (string, bool, error) {
	automount := pod.Spec.AutomountServiceAccountToken
	return "", automount != nil && *automount, nil
}

// hasReason applies to pods that name a reason, which checkReason has found
// approved.
func hasReason(_ *mutate.Request, pod *corev1.Pod) (string, bool, error) {
	reason, ok := pod.Annotations[wellknown.TokenKeepAnnotation]
	return reason, ok, nil
}

// isListed applies to the ServiceAccounts in the configuration.
func (m *Mutator) isListed(req *mutate.Request, pod *corev1.Pod) (string, bool, error) {
	name := serviceAccount(pod)
	return req.Namespace + "/" + name, m.cfg.Lists(req.Namespace, name), nil
}

// serviceAccount returns the name of a pod's ServiceAccount. A manifest that no
// API server has seen may have the old name of the field, or none.
func serviceAccount(pod *corev1.Pod) string {
	return cmp.Or(pod.Spec.ServiceAccountName, pod.Spec.DeprecatedServiceAccount, "default")
}

// isSystem applies to the namespaces that the configuration takes for the
// system's.
func (m *Mutator) isSystem(req *mutate.Request, _ *corev1.Pod) (string, bool, error) {
	return req.Namespace, m.cfg.IsSystem(req.Namespace), nil
}

// hasRights applies to ServiceAccounts that RBAC gives rights to.
func (m *Mutator) hasRights(req *mutate.Request, pod *corev1.Pod) (string, bool, error) {
	if m.rights == nil || m.cfg.RBAC.Mode != v1alpha1.RBACKeep {
		return "", false, nil
	}
	evidence, ok, synced := m.rights.Grant(req.Namespace, serviceAccount(pod), func(roleKind, role, group string) bool {
		return roleKind == "ClusterRole" && m.cfg.RBAC.IgnoresClusterRole(role) || group != "" && slices.Contains(m.cfg.RBAC.IgnoreGroups, group)
	})
	if !synced {
		return "", false, errors.New("the webhook has not read the bindings of RBAC yet, so it is not known whether the ServiceAccount needs its token; " +
			"create the pod again, or ask the platform team if it persists")
	}
	return evidence, ok, nil
}

// Annotations of the Vault agent injector (hashicorp/vault-k8s,
// agent-inject/agent/annotations.go). Unless the second names a volume, the
// injector looks for a mount whose path has "serviceaccount" in it and refuses a
// pod that has none.
const (
	vaultInject      = "vault.hashicorp.com/agent-inject"
	vaultTokenVolume = "vault.hashicorp.com/agent-service-account-token-volume-name"
)

func needsVault(_ *mutate.Request, pod *corev1.Pod) (string, bool, error) {
	inject, err := strconv.ParseBool(pod.Annotations[vaultInject])
	return "", err == nil && inject && pod.Annotations[vaultTokenVolume] == "", nil
}

// hasDependant applies to pods that ask for a program of the configuration's.
func (m *Mutator) hasDependant(_ *mutate.Request, pod *corev1.Pod) (string, bool, error) {
	for _, d := range m.cfg.Dependants {
		value, asks := pod.Annotations[d.Annotation]
		if d.Label != "" {
			value, asks = pod.Labels[d.Label]
		}
		if !asks || len(d.Values) > 0 && !slices.Contains(d.Values, value) {
			continue
		}
		own := d.UnlessVolume != "" && slices.ContainsFunc(pod.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == d.UnlessVolume })
		if !own {
			return d.Name, true, nil
		}
	}
	return "", false, nil
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
