// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package placement

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/api/wellknown"
)

// Level is a level of the data centre's topology.
type Level int

// The levels, from the widest to the narrowest.
const (
	Zone Level = iota
	Rack
	Host
	levels
)

// Location is where a node stands: the name of its domain at each level.
type Location [levels]string

// LocationOf reads a node's labels. A node without a level's label is a domain
// of its own there, named for the node; a host falls back to the hostname first.
func LocationOf(node *corev1.Node) Location {
	return Location{
		Zone: label(node, wellknown.TopologyZone),
		Rack: label(node, wellknown.TopologyRack),
		Host: label(node, wellknown.TopologyHost, corev1.LabelHostname),
	}
}

// label returns the value of the first of the labels that the node has, or its name.
func label(node *corev1.Node, names ...string) string {
	for _, name := range names {
		if value := node.Labels[name]; value != "" {
			return value
		}
	}
	return node.Name
}
