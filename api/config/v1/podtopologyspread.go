// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"errors"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/conversion"
	"k8s.io/apimachinery/pkg/runtime"
	configv1 "k8s.io/kube-scheduler/config/v1"

	"github.com/evenkeel/evenkeel/api/config"
)

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// GuardedPodTopologySpreadArgs are the arguments of the plugin
// GuardedPodTopologySpread. They are those of the in-tree plugin
// PodTopologySpread, with the same meaning, ranges and defaults.
type GuardedPodTopologySpreadArgs struct {
	metav1.TypeMeta `json:",inline"`

	// DefaultConstraints are the topologySpreadConstraints of pods that declare
	// none. They have no labelSelector: it is made from the Services,
	// ReplicationControllers, ReplicaSets and StatefulSets that a pod belongs to.
	// With constraints, defaultingType must be List.
	//
	// Default: none.
	DefaultConstraints []corev1.TopologySpreadConstraint `json:"defaultConstraints,omitempty"`

	// DefaultingType says which constraints apply to pods that declare none: System
	// is the constraints that Kubernetes has built in, over hosts and zones; List
	// is defaultConstraints.
	//
	// Values: System, List. Default: System.
	DefaultingType configv1.PodTopologySpreadConstraintsDefaulting `json:"defaultingType,omitempty"`
}

// SetDefaults_GuardedPodTopologySpreadArgs fills in what the user left out, as it
// is for the in-tree plugin.
func SetDefaults_GuardedPodTopologySpreadArgs(obj *GuardedPodTopologySpreadArgs) { //nolint:revive // The name that Kubernetes code and its generators use.
	if obj.DefaultingType == "" {
		obj.DefaultingType = configv1.SystemDefaulting
	}
}

// Convert_v1_GuardedPodTopologySpreadArgs_To_config_GuardedPodTopologySpreadArgs
// converts what a user wrote, after defaulting, to the internal version.
func Convert_v1_GuardedPodTopologySpreadArgs_To_config_GuardedPodTopologySpreadArgs(in *GuardedPodTopologySpreadArgs, out *config.GuardedPodTopologySpreadArgs, _ conversion.Scope) error { //nolint:revive // The name that Kubernetes code and its generators use.
	out.DefaultConstraints = in.DeepCopy().DefaultConstraints
	out.DefaultingType = in.DefaultingType
	return nil
}

// Convert_config_GuardedPodTopologySpreadArgs_To_v1_GuardedPodTopologySpreadArgs
// converts the internal version to what a user would have written.
func Convert_config_GuardedPodTopologySpreadArgs_To_v1_GuardedPodTopologySpreadArgs(in *config.GuardedPodTopologySpreadArgs, out *GuardedPodTopologySpreadArgs, _ conversion.Scope) error { //nolint:revive // The name that Kubernetes code and its generators use.
	out.DefaultConstraints = in.DeepCopy().DefaultConstraints
	out.DefaultingType = in.DefaultingType
	return nil
}

func addPodTopologySpreadConversionFuncs(scheme *runtime.Scheme) error {
	return errors.Join(
		scheme.AddConversionFunc((*GuardedPodTopologySpreadArgs)(nil), (*config.GuardedPodTopologySpreadArgs)(nil),
			func(in, out any, s conversion.Scope) error {
				return Convert_v1_GuardedPodTopologySpreadArgs_To_config_GuardedPodTopologySpreadArgs(in.(*GuardedPodTopologySpreadArgs), out.(*config.GuardedPodTopologySpreadArgs), s)
			}),
		scheme.AddConversionFunc((*config.GuardedPodTopologySpreadArgs)(nil), (*GuardedPodTopologySpreadArgs)(nil),
			func(in, out any, s conversion.Scope) error {
				return Convert_config_GuardedPodTopologySpreadArgs_To_v1_GuardedPodTopologySpreadArgs(in.(*config.GuardedPodTopologySpreadArgs), out.(*GuardedPodTopologySpreadArgs), s)
			}),
	)
}
