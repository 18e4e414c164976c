// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// GuardedInterPodAffinityArgs are the arguments of the plugin
// GuardedInterPodAffinity, those of the in-tree InterPodAffinity. Ranges and
// defaults are documented at the version that a user writes, in package v1.
type GuardedInterPodAffinityArgs struct {
	metav1.TypeMeta

	// HardPodAffinityWeight is the score for each required affinity term of an
	// existing pod that matches the incoming pod.
	HardPodAffinityWeight int32

	// IgnorePreferredTermsOfExistingPods says that a pod with no preferred
	// terms of its own is not scored by the terms of existing pods.
	IgnorePreferredTermsOfExistingPods bool
}
