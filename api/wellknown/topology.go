// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package wellknown

// Node labels that tell where a node stands. The levels are configurable in
// ReplicaSpreadArgs; these are the defaults.
const (
	// TopologyZone is the zone (a room or a building) of a node. The standard
	// Kubernetes label.
	TopologyZone = "topology.kubernetes.io/zone"

	// TopologyRack is the rack of a node.
	TopologyRack = "topology." + Domain + "/rack"

	// TopologyHost is the physical machine of a node. Several nodes carry the
	// same value when they are virtual machines on one host; where the label is
	// absent, kubernetes.io/hostname stands in.
	TopologyHost = "topology." + Domain + "/host"
)

// Annotations of a pod template that cap its replicas: the scheduler places no
// pod where more replicas of its workload than that would be in one domain. The
// value is a count from 1, such as "2", or a percentage of the workload's
// replicas from 1% to 100%, such as "25%".
const (
	// SpreadMaxPerPrefix is what the names of the annotations begin with; the name
	// of a level follows.
	SpreadMaxPerPrefix = "spread." + Domain + "/max-per-"

	// SpreadMaxPerHost caps the replicas on one physical machine.
	SpreadMaxPerHost = SpreadMaxPerPrefix + "host"
	// SpreadMaxPerRack caps the replicas in one rack.
	SpreadMaxPerRack = SpreadMaxPerPrefix + "rack"
	// SpreadMaxPerZone caps the replicas in one zone.
	SpreadMaxPerZone = SpreadMaxPerPrefix + "zone"
)
