// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// ProfileGuardArgs are the arguments of the plugin ProfileGuard.
type ProfileGuardArgs struct {
	metav1.TypeMeta

	// AcceptMissing are the plugins of the default profile that this profile may
	// lack, each with the reason.
	AcceptMissing []AcceptedOmission
}

// AcceptedOmission is one plugin of the default profile that may be missing.
type AcceptedOmission struct {
	// Plugin is its name.
	Plugin string

	// Reason says why it may be missing, in the words of who decided it.
	Reason string
}
