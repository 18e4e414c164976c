// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"slices"

	"k8s.io/apimachinery/pkg/conversion"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"

	"github.com/evenkeel/evenkeel/api/config"
)

// The conversions are written by hand: the types are few, and the generated
// ones share memory between both versions.

func addConversionFuncs(scheme *runtime.Scheme) error {
	if err := addInterPodAffinityConversionFuncs(scheme); err != nil {
		return err
	}
	if err := addPodTopologySpreadConversionFuncs(scheme); err != nil {
		return err
	}
	if err := addProfileGuardConversionFuncs(scheme); err != nil {
		return err
	}
	if err := scheme.AddConversionFunc((*ReplicaSpreadArgs)(nil), (*config.ReplicaSpreadArgs)(nil),
		func(in, out any, s conversion.Scope) error {
			return Convert_v1_ReplicaSpreadArgs_To_config_ReplicaSpreadArgs(in.(*ReplicaSpreadArgs), out.(*config.ReplicaSpreadArgs), s)
		}); err != nil {
		return err
	}
	return scheme.AddConversionFunc((*config.ReplicaSpreadArgs)(nil), (*ReplicaSpreadArgs)(nil),
		func(in, out any, s conversion.Scope) error {
			return Convert_config_ReplicaSpreadArgs_To_v1_ReplicaSpreadArgs(in.(*config.ReplicaSpreadArgs), out.(*ReplicaSpreadArgs), s)
		})
}

// Convert_v1_ReplicaSpreadArgs_To_config_ReplicaSpreadArgs converts what a user
// wrote, after defaulting, to the internal version. A number that is absent
// becomes 0.
func Convert_v1_ReplicaSpreadArgs_To_config_ReplicaSpreadArgs(in *ReplicaSpreadArgs, out *config.ReplicaSpreadArgs, _ conversion.Scope) error { //nolint:revive // The name that Kubernetes code and its generators use.
	out.Levels = nil
	for _, level := range in.Levels {
		out.Levels = append(out.Levels, config.SpreadLevel{
			Name:   config.LevelName(level.Name),
			Labels: slices.Clone(level.Labels),
			Nested: ptr.Deref(level.Nested, false),
			Weight: ptr.Deref(level.Weight, 0),
		})
	}
	out.FamilyWeightPercent = ptr.Deref(in.FamilyWeightPercent, 0)
	out.WorkloadKeys, out.FamilyKeys = slices.Clone(in.WorkloadKeys), slices.Clone(in.FamilyKeys)
	out.IncludeKinds = nil
	for _, kind := range in.IncludeKinds {
		out.IncludeKinds = append(out.IncludeKinds, config.OwnerKind(kind))
	}
	out.RecountEvery = ptr.Deref(in.RecountEvery, 0)
	out.Candidates = ptr.Deref(in.Candidates, 0)
	return nil
}

// Convert_config_ReplicaSpreadArgs_To_v1_ReplicaSpreadArgs converts the
// internal version to what a user would have written.
func Convert_config_ReplicaSpreadArgs_To_v1_ReplicaSpreadArgs(in *config.ReplicaSpreadArgs, out *ReplicaSpreadArgs, _ conversion.Scope) error { //nolint:revive // The name that Kubernetes code and its generators use.
	out.Levels = nil
	for _, level := range in.Levels {
		out.Levels = append(out.Levels, SpreadLevel{
			Name:   string(level.Name),
			Labels: slices.Clone(level.Labels),
			Nested: ptr.To(level.Nested),
			Weight: ptr.To(level.Weight),
		})
	}
	out.FamilyWeightPercent = ptr.To(in.FamilyWeightPercent)
	out.WorkloadKeys, out.FamilyKeys = slices.Clone(in.WorkloadKeys), slices.Clone(in.FamilyKeys)
	out.IncludeKinds = nil
	for _, kind := range in.IncludeKinds {
		out.IncludeKinds = append(out.IncludeKinds, string(kind))
	}
	out.RecountEvery = ptr.To(in.RecountEvery)
	out.Candidates = ptr.To(in.Candidates)
	return nil
}
