// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"errors"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/conversion"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/evenkeel/evenkeel/api/config"
)

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// ProfileGuardArgs are the arguments of the plugin ProfileGuard. The scheduler
// does not start with a profile that lacks a plugin of the default profile where
// that plugin protects, unless the plugin is accepted here by name. ProfileGuard
// itself must then be among the plugins of the profile: it counts each pod that
// uses what is left out, and tells it in an event.
type ProfileGuardArgs struct {
	metav1.TypeMeta `json:",inline"`

	// AcceptMissing are the plugins that this profile may lack, each once. A
	// plugin that is not missing is refused: such an entry would accept a later
	// mistake in silence.
	//
	// Range: 0 to 32 entries. Default: none.
	//
	// +listType=map
	// +listMapKey=plugin
	AcceptMissing []AcceptedOmission `json:"acceptMissing,omitempty"`
}

// AcceptedOmission is one plugin that may be missing.
type AcceptedOmission struct {
	// Plugin is the name of a plugin of Kubernetes' default profile, such as
	// NodeVolumeLimits. The omission is accepted at all its extension points.
	//
	// Required.
	Plugin string `json:"plugin"`

	// Reason says why nothing is lost without the plugin. It stands in the event
	// of each pod that uses the plugin.
	//
	// Required. Range: 1 to 256 characters on one line.
	Reason string `json:"reason"`
}

// Convert_v1_ProfileGuardArgs_To_config_ProfileGuardArgs converts what a user
// wrote to the internal version.
func Convert_v1_ProfileGuardArgs_To_config_ProfileGuardArgs(in *ProfileGuardArgs, out *config.ProfileGuardArgs, _ conversion.Scope) error { //nolint:revive // The name that Kubernetes code and its generators use.
	out.AcceptMissing = nil
	for _, a := range in.AcceptMissing {
		out.AcceptMissing = append(out.AcceptMissing, config.AcceptedOmission{Plugin: a.Plugin, Reason: a.Reason})
	}
	return nil
}

// Convert_config_ProfileGuardArgs_To_v1_ProfileGuardArgs converts the internal
// version to what a user would have written.
func Convert_config_ProfileGuardArgs_To_v1_ProfileGuardArgs(in *config.ProfileGuardArgs, out *ProfileGuardArgs, _ conversion.Scope) error { //nolint:revive // The name that Kubernetes code and its generators use.
	out.AcceptMissing = nil
	for _, a := range in.AcceptMissing {
		out.AcceptMissing = append(out.AcceptMissing, AcceptedOmission{Plugin: a.Plugin, Reason: a.Reason})
	}
	return nil
}

func addProfileGuardConversionFuncs(scheme *runtime.Scheme) error {
	return errors.Join(
		scheme.AddConversionFunc((*ProfileGuardArgs)(nil), (*config.ProfileGuardArgs)(nil),
			func(in, out any, s conversion.Scope) error {
				return Convert_v1_ProfileGuardArgs_To_config_ProfileGuardArgs(in.(*ProfileGuardArgs), out.(*config.ProfileGuardArgs), s)
			}),
		scheme.AddConversionFunc((*config.ProfileGuardArgs)(nil), (*ProfileGuardArgs)(nil),
			func(in, out any, s conversion.Scope) error {
				return Convert_config_ProfileGuardArgs_To_v1_ProfileGuardArgs(in.(*config.ProfileGuardArgs), out.(*ProfileGuardArgs), s)
			}),
	)
}
