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
	// CodeTokenVault: the Vault agent injector would fail without the token.
	CodeTokenVault Code = "TokenVault"
	// CodeTokenNotNeeded: no rule keeps the token.
	CodeTokenNotNeeded Code = "TokenNotNeeded"
	// CodeTokenDeclared: no rule keeps the token, but the pod's author mounts a
	// volume of his own in its place.
	CodeTokenDeclared Code = "TokenDeclared"
	// CodeTokenKeepUseless: the pod asks to keep the token and says in its field
	// that there be none.
	CodeTokenKeepUseless Code = "TokenKeepUseless"
)

var satokenCodes = map[Code]description{
	CodeTokenExplicit:       {sentence: "the pod says automountServiceAccountToken: true"},
	CodeTokenReason:         {sentence: "the pod has an approved reason to keep the token"},
	CodeTokenServiceAccount: {sentence: "the configuration lists the pod's ServiceAccount"},
	CodeTokenVault: {warn: true, sentence: "the token was kept for the Vault agent injector; " +
		"name a token volume with vault.hashicorp.com/agent-service-account-token-volume-name"},
	CodeTokenNotNeeded: {sentence: "no rule keeps the token"},
	CodeTokenDeclared:  {sentence: "the pod mounts a volume of its own where the token would be"},
	CodeTokenKeepUseless: {warn: true, sentence: "there is no token to keep, because the pod says automountServiceAccountToken: false; " +
		"remove that field or the annotation " + wellknown.TokenKeepAnnotation},
}
