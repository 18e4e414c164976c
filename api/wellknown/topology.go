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
