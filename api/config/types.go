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

	// WorkloadKeys are pod label keys; the first that a pod carries names its
	// workload, in place of its controller.
	WorkloadKeys []string

	// FamilyKeys are pod label keys; the first that a pod carries names its
	// family, in place of its Deployment.
	FamilyKeys []string

	// IncludeKinds are the owner kinds that are spread though they are not by
	// default.
	IncludeKinds []OwnerKind

	// RecountEvery is the number of scheduling cycles after which all pods are
	// counted afresh to check the index; 0 means never.
	RecountEvery int32

	// Candidates is the number of nodes that are looked at first for each pod; 0
	// means that every cycle samples all nodes.
	Candidates int32
}

// OwnerKind is a kind of controller whose pods are not spread by default.
type OwnerKind string

// The kinds that can be included.
const (
	KindDaemonSet OwnerKind = "DaemonSet"
	KindJob       OwnerKind = "Job"
)

// OwnerKinds are all kinds that can be included.
var OwnerKinds = []OwnerKind{KindDaemonSet, KindJob}

// SpreadLevel is one topology level.
type SpreadLevel struct {
	// Name says what the domains of this level are.
	Name LevelName

	// Labels are node label keys; the first that a node carries names its
	// domain. A node with none of them is a domain of its own.
	Labels []string

	// Nested says that a label's value is unique only within a domain of the next
	// wider level.
	Nested bool

	// Weight is the importance of this level relative to the others.
	Weight int32
}
