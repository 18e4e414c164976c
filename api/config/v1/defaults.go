// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"

	"github.com/evenkeel/evenkeel/api/config"
	"github.com/evenkeel/evenkeel/api/wellknown"
)

// DefaultFamilyWeightPercent is the default of
// ReplicaSpreadArgs.FamilyWeightPercent, in percent.
const DefaultFamilyWeightPercent int32 = 25

// DefaultCandidates is the default of ReplicaSpreadArgs.Candidates. Each further
// one costs 4 to 5 µs of CPU per pod, and more do not place better: with 4, 8 and
// 16 the racks and hosts of the benchmarks' services are at their ideal, and with 4
// those of 1,000 replicas on 1,000 nodes too: see docs/benchmarks.
const DefaultCandidates int32 = 4

// defaultLevels are the levels in the order in which they are defaulted. The
// host outweighs rack and zone together: sharing a machine is the one loss that
// a single failure is sure to cause.
var defaultLevels = []struct {
	name   config.LevelName
	labels []string
	weight int32
}{
	{config.LevelHost, []string{wellknown.TopologyHost, corev1.LabelHostname}, 60},
	{config.LevelRack, []string{wellknown.TopologyRack}, 25},
	{config.LevelZone, []string{wellknown.TopologyZone}, 15},
}

func addDefaultingFuncs(scheme *runtime.Scheme) {
	scheme.AddTypeDefaultingFunc(&ReplicaSpreadArgs{}, func(obj any) {
		SetDefaults_ReplicaSpreadArgs(obj.(*ReplicaSpreadArgs))
	})
	scheme.AddTypeDefaultingFunc(&GuardedInterPodAffinityArgs{}, func(obj any) {
		SetDefaults_GuardedInterPodAffinityArgs(obj.(*GuardedInterPodAffinityArgs))
	})
	scheme.AddTypeDefaultingFunc(&GuardedPodTopologySpreadArgs{}, func(obj any) {
		SetDefaults_GuardedPodTopologySpreadArgs(obj.(*GuardedPodTopologySpreadArgs))
	})
}

// SetDefaults_ReplicaSpreadArgs fills in what the user left out. An empty list
// is not an absent one: it stays, for validation to refuse.
func SetDefaults_ReplicaSpreadArgs(obj *ReplicaSpreadArgs) { //nolint:revive // The name that Kubernetes code and its generators use.
	if obj.Levels == nil {
		for _, d := range defaultLevels {
			obj.Levels = append(obj.Levels, SpreadLevel{Name: string(d.name)})
		}
	}
	for i := range obj.Levels {
		setDefaultsSpreadLevel(&obj.Levels[i], i == len(obj.Levels)-1)
	}
	if obj.FamilyWeightPercent == nil {
		obj.FamilyWeightPercent = ptr.To(DefaultFamilyWeightPercent)
	}
	if obj.RecountEvery == nil {
		obj.RecountEvery = ptr.To[int32](0)
	}
	if obj.Candidates == nil {
		obj.Candidates = ptr.To(DefaultCandidates)
	}
}

func setDefaultsSpreadLevel(level *SpreadLevel, widest bool) {
	if level.Nested == nil {
		level.Nested = ptr.To(level.Name == string(config.LevelRack) && !widest)
	}
	for _, d := range defaultLevels {
		if level.Name != string(d.name) {
			continue
		}
		if level.Labels == nil {
			level.Labels = slices.Clone(d.labels)
		}
		if level.Weight == nil {
			level.Weight = ptr.To(d.weight)
		}
	}
}
