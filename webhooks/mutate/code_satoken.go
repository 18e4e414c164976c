// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package mutate

import "github.com/evenkeel/evenkeel/api/wellknown"

// Codes of the satoken feature: one for each rule that keeps the token, and
// those of what was found.
const (
	// CodeTokenExplicit: the pod's author asked for the token by the pod's field.
	CodeTokenExplicit Code = "TokenExplicit"
	// CodeTokenReason: the pod names a reason that the administrator approved.
	CodeTokenReason Code = "TokenReason"
	// CodeTokenServiceAccount: the configuration lists the ServiceAccount.
	CodeTokenServiceAccount Code = "TokenServiceAccount"
	// CodeTokenSystemNamespace: the pod is in a namespace of the system's.
	CodeTokenSystemNamespace Code = "TokenSystemNamespace"
	// CodeTokenRBAC: RBAC gives rights to the pod's ServiceAccount.
	CodeTokenRBAC Code = "TokenRBAC"
	// CodeTokenVault: the Vault agent injector would fail without the token.
	CodeTokenVault Code = "TokenVault"
	// CodeTokenDependant: a program that the pod asks for logs in with the token.
	CodeTokenDependant Code = "TokenDependant"
	// CodeTokenNotNeeded: no rule keeps the token.
	CodeTokenNotNeeded Code = "TokenNotNeeded"
	// CodeTokenDeclared: no rule keeps the token, but the pod's author mounts a
	// volume of his own in its place.
	CodeTokenDeclared Code = "TokenDeclared"
	// CodeTokenKeepUseless: the pod asks to keep the token and says in its field
	// that there be none.
	CodeTokenKeepUseless Code = "TokenKeepUseless"
	// CodeTokenNoVolume: the token alone was to go, and the pod has no volume of the
	// ServiceAccount plugin to take it from.
	CodeTokenNoVolume Code = "TokenNoVolume"
)

// Facts of the satoken feature.
const (
	// FactEvidence is what a rule found: the binding and its role, the reason, the
	// ServiceAccount in the configuration, the namespace or the program.
	FactEvidence = "evidence"
	// FactLeft lists what was left of the ServiceAccount plugin's volume, where the
	// token alone was taken.
	FactLeft = "left"
	// FactAutomount is author where the pod's author had written
	// automountServiceAccountToken: false himself; otherwise the feature did.
	FactAutomount = "automount"
)

var satokenCodes = map[Code]description{
	CodeTokenExplicit:        {sentence: "the pod says automountServiceAccountToken: true"},
	CodeTokenReason:          {sentence: "the pod has an approved reason to keep the token"},
	CodeTokenServiceAccount:  {sentence: "the configuration lists the pod's ServiceAccount"},
	CodeTokenSystemNamespace: {sentence: "the namespace is one of the system's"},
	CodeTokenRBAC:            {sentence: "RBAC gives rights to the pod's ServiceAccount"},
	CodeTokenVault: {warn: true, sentence: "the token was kept for the Vault agent injector; " +
		"name a token volume with vault.hashicorp.com/agent-service-account-token-volume-name"},
	CodeTokenDependant: {sentence: "a program that the pod asks for logs in with the token"},
	CodeTokenNotNeeded: {sentence: "no rule keeps the token"},
	CodeTokenDeclared:  {sentence: "the pod mounts a volume of its own where the token would be"},
	CodeTokenKeepUseless: {warn: true, sentence: "there is no token to keep, because the pod says automountServiceAccountToken: false; " +
		"remove that field or the annotation " + wellknown.TokenKeepAnnotation},
	CodeTokenNoVolume: {sentence: "there is no token in the pod; where the API server adds one, it is taken then"},
}
