// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	configv1 "k8s.io/kube-scheduler/config/v1"
)

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// GuardedPodTopologySpreadArgs are the arguments of the plugin
// GuardedPodTopologySpread, those of the in-tree PodTopologySpread. Ranges and
// defaults are documented at the version that a user writes, in package v1.
type GuardedPodTopologySpreadArgs struct {
	metav1.TypeMeta

	// DefaultConstraints apply to pods that declare none.
	DefaultConstraints []corev1.TopologySpreadConstraint

	// DefaultingType says which constraints apply to pods that declare none: those
	// of Kubernetes (System), or DefaultConstraints (List).
	DefaultingType configv1.PodTopologySpreadConstraintsDefaulting
}
