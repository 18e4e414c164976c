// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// LevelName is the name of a topology level.
type LevelName string

// The levels that ReplicaSpread knows, narrowest first.
const (
	// LevelHost is one physical machine.
	LevelHost LevelName = "host"
	// LevelRack is one rack of machines.
	LevelRack LevelName = "rack"
	// LevelZone is one zone: a room or a building.
	LevelZone LevelName = "zone"
)

// LevelNames are all level names, narrowest first.
var LevelNames = []LevelName{LevelHost, LevelRack, LevelZone}

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// ReplicaSpreadArgs are the arguments of the plugin ReplicaSpread. Ranges and
// defaults are documented at the version that a user writes, in package v1.
type ReplicaSpreadArgs struct {
	metav1.TypeMeta

	// Levels are the topology levels that replicas are spread over, narrowest
	// first, at least one, each name once.
	Levels []SpreadLevel

	// FamilyWeightPercent is the weight of the count over all revisions of a
	// Deployment, in percent of each level's weight.
	FamilyWeightPercent int32
}

// SpreadLevel is one topology level.
type SpreadLevel struct {
	// Name says what the domains of this level are.
	Name LevelName

	// Labels are node label keys; the first that a node carries names its
	// domain. A node with none of them is a domain of its own.
	Labels []string

	// Weight is the importance of this level relative to the others.
	Weight int32
}
