// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"errors"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/conversion"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"

	"github.com/evenkeel/evenkeel/api/config"
)

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// GuardedInterPodAffinityArgs are the arguments of the plugin
// GuardedInterPodAffinity. They are those of the in-tree plugin
// InterPodAffinity, with the same meaning, ranges and defaults.
type GuardedInterPodAffinityArgs struct {
	metav1.TypeMeta `json:",inline"`

	// HardPodAffinityWeight is the score that a node gets for each required
	// affinity term of an existing pod that matches the incoming pod, in the
	// term's topology domain. 0 leaves such terms out of scoring.
	//
	// Range: 0 to 100. Default: 1.
	HardPodAffinityWeight *int32 `json:"hardPodAffinityWeight,omitempty"`

	// IgnorePreferredTermsOfExistingPods says that a pod with no preferred
	// affinity or anti-affinity of its own is not scored by the terms of
	// existing pods. Required anti-affinity of existing pods is kept either
	// way.
	//
	// Default: false.
	IgnorePreferredTermsOfExistingPods bool `json:"ignorePreferredTermsOfExistingPods"`
}

// DefaultHardPodAffinityWeight is the default of
// GuardedInterPodAffinityArgs.HardPodAffinityWeight, the same as that of the
// in-tree plugin.
const DefaultHardPodAffinityWeight int32 = 1

// SetDefaults_GuardedInterPodAffinityArgs fills in what the user left out.
func SetDefaults_GuardedInterPodAffinityArgs(obj *GuardedInterPodAffinityArgs) { //nolint:revive // The name that Kubernetes code and its generators use.
	if obj.HardPodAffinityWeight == nil {
		obj.HardPodAffinityWeight = ptr.To(DefaultHardPodAffinityWeight)
	}
}

// Convert_v1_GuardedInterPodAffinityArgs_To_config_GuardedInterPodAffinityArgs
// converts what a user wrote, after defaulting, to the internal version. A
// number that is absent becomes 0.
func Convert_v1_GuardedInterPodAffinityArgs_To_config_GuardedInterPodAffinityArgs(in *GuardedInterPodAffinityArgs, out *config.GuardedInterPodAffinityArgs, _ conversion.Scope) error { //nolint:revive // The name that Kubernetes code and its generators use.
	out.HardPodAffinityWeight = ptr.Deref(in.HardPodAffinityWeight, 0)
	out.IgnorePreferredTermsOfExistingPods = in.IgnorePreferredTermsOfExistingPods
	return nil
}

// Convert_config_GuardedInterPodAffinityArgs_To_v1_GuardedInterPodAffinityArgs
// converts the internal version to what a user would have written.
func Convert_config_GuardedInterPodAffinityArgs_To_v1_GuardedInterPodAffinityArgs(in *config.GuardedInterPodAffinityArgs, out *GuardedInterPodAffinityArgs, _ conversion.Scope) error { //nolint:revive // The name that Kubernetes code and its generators use.
	out.HardPodAffinityWeight = ptr.To(in.HardPodAffinityWeight)
	out.IgnorePreferredTermsOfExistingPods = in.IgnorePreferredTermsOfExistingPods
	return nil
}

func addInterPodAffinityConversionFuncs(scheme *runtime.Scheme) error {
	return errors.Join(
		scheme.AddConversionFunc((*GuardedInterPodAffinityArgs)(nil), (*config.GuardedInterPodAffinityArgs)(nil),
			func(in, out any, s conversion.Scope) error {
				return Convert_v1_GuardedInterPodAffinityArgs_To_config_GuardedInterPodAffinityArgs(in.(*GuardedInterPodAffinityArgs), out.(*config.GuardedInterPodAffinityArgs), s)
			}),
		scheme.AddConversionFunc((*config.GuardedInterPodAffinityArgs)(nil), (*GuardedInterPodAffinityArgs)(nil),
			func(in, out any, s conversion.Scope) error {
				return Convert_config_GuardedInterPodAffinityArgs_To_v1_GuardedInterPodAffinityArgs(in.(*config.GuardedInterPodAffinityArgs), out.(*GuardedInterPodAffinityArgs), s)
			}),
	)
}
