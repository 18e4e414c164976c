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

	// WorkloadKeys are pod label keys in order of preference: the first that a
	// pod carries names the workload it is a replica of, within its namespace,
	// whoever owns the pod. So pods without a controller are spread, and so are
	// those of several StatefulSets that make up one service. All revisions of a
	// Deployment are one workload then, which matters to the caps: during a
	// rollout both revisions count.
	//
	// Range: up to 8 keys, each once. Default: none; replicas are the pods of one
	// controller.
	//
	// +listType=set
	WorkloadKeys []string `json:"workloadKeys,omitempty"`

	// FamilyKeys are pod label keys in order of preference: the first that a pod
	// carries names its family, within its namespace, instead of the Deployment
	// whose revision it is of. So a stable and a canary Deployment keep apart at
	// the family's weight.
	//
	// Range: up to 8 keys, each once, none of them among workloadKeys. Default:
	// none; a family is the revisions of one Deployment.
	//
	// +listType=set
	FamilyKeys []string `json:"familyKeys,omitempty"`

	// IncludeKinds are kinds of controllers whose pods are to be spread although
	// they are not by default: Job (its pods come to an end, and may well share a
	// node) and DaemonSet (it has one pod per node anyway). A pod that names a
	// cap or carries one of workloadKeys is spread whatever its kind.
	//
	// Default: none.
	//
	// +listType=set
	IncludeKinds []string `json:"includeKinds,omitempty"`

	// RecountEvery is the number of scheduling cycles after which all pods are
	// counted afresh, to check the plugin's index. Differences are mended, logged
	// and counted in evenkeel_scheduler_replicaspread_index_divergence_total. It
	// is meant for finding an error in the plugin: it takes a second at 450,000
	// pods, during which nothing is scheduled.
	//
	// Range: 0 to 1000000. Default: 0, never.
	RecountEvery *int32 `json:"recountEvery,omitempty"`

	// Candidates is the number of nodes that are looked at first for each pod:
	// nodes that may have room, in the zones and racks and on the hosts with the
	// fewest replicas of its workload. The filters and scores of the profile
	// decide among them. Where none of a few such lists, each twice as long, will do, and for pods that
	// need to see more of the cluster (preferences of their own, volumes, devices),
	// the scheduling cycle is kube-scheduler's, unchanged. So the cost of a pod does
	// not grow with the cluster. Clusters of up to 100 nodes are always looked at
	// as a whole.
	//
	// Range: 0 to 1000. Default: 4. At 0 every cycle is kube-scheduler's.
	Candidates *int32 `json:"candidates,omitempty"`
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
	// domain of its own.
	//
	// Range: 1 to 8 keys, each once. Default: topology.evenkeel.io/host and
	// then kubernetes.io/hostname for host, topology.evenkeel.io/rack for rack,
	// topology.kubernetes.io/zone for zone.
	//
	// +listType=set
	Labels []string `json:"labels,omitempty"`

	// Nested says that the labels' values are unique only within a domain of the
	// next wider listed level: rack 7 of zone a and rack 7 of zone b are two
	// racks. Where it is false, equal values are one domain, even in two zones.
	// It makes no difference where the values are unique in the cluster anyway,
	// as long as the nodes of a domain agree on the wider one. For the host that
	// is not to be relied on: one machine that counted as two because a label
	// is wrong would be the worst of errors.
	//
	// Default: true for rack if zone is listed, false otherwise. The widest level
	// cannot be nested.
	Nested *bool `json:"nested,omitempty"`

	// Weight is the importance of this level relative to the other listed
	// levels; only the ratio matters.
	//
	// Range: 1 to 100. Default: 60 for host, 25 for rack, 15 for zone.
	Weight *int32 `json:"weight,omitempty"`
}
