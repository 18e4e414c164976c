// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// ReplicaSpreadArgs are the arguments of the plugin ReplicaSpread, which keeps
// the replicas of a workload on different hosts, racks and zones.
type ReplicaSpreadArgs struct {
	metav1.TypeMeta `json:",inline"`

	// Levels are the topology levels that replicas are spread over, from the
	// narrowest to the widest: 1 to 3 entries, each name once, in the order
	// host, rack, zone. A level that is not listed is not spread over.
	//
	// Default: host, rack and zone with their default labels and weights.
	//
	// +listType=map
	// +listMapKey=name
	Levels []SpreadLevel `json:"levels,omitempty"`

	// FamilyWeightPercent is the weight of the count over all revisions of a
	// Deployment, in percent of each level's weight. At 0 only replicas of the
	// same revision keep apart, so a new revision may land where the old one
	// still runs; at 100 the replicas of an old revision count as much as
	// those of the new one.
	//
	// Range: 0 to 100. Default: 25.
	FamilyWeightPercent *int32 `json:"familyWeightPercent,omitempty"`
}

// SpreadLevel is one topology level.
type SpreadLevel struct {
	// Name says what the domains of this level are: host (one physical
	// machine), rack or zone.
	//
	// Required.
	Name string `json:"name"`

	// Labels are node label keys in order of preference: the first that a node
	// carries names the domain it belongs to. A node with none of them is a
	// domain of its own. The values must be unique in the cluster: two racks of
	// one name count as one rack, even in two zones.
	//
	// Range: 1 to 8 keys, each once. Default: topology.evenkeel.io/host and
	// then kubernetes.io/hostname for host, topology.evenkeel.io/rack for rack,
	// topology.kubernetes.io/zone for zone.
	//
	// +listType=set
	Labels []string `json:"labels,omitempty"`

	// Weight is the importance of this level relative to the other listed
	// levels; only the ratio matters.
	//
	// Range: 1 to 100. Default: 60 for host, 25 for rack, 15 for zone.
	Weight *int32 `json:"weight,omitempty"`
}
