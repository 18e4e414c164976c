// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package placement

import (
	corev1 "k8s.io/api/core/v1"
)

// Topology is the data centre that replicas are placed in.
type Topology struct {
	locations map[string]Location
	domains   [levels]int
}

// NewTopology reads the nodes of a cluster.
func NewTopology(nodes []corev1.Node) *Topology {
	t := &Topology{locations: make(map[string]Location, len(nodes))}
	var seen [levels]map[string]bool
	for l := range levels {
		seen[l] = map[string]bool{}
	}
	for i := range nodes {
		location := LocationOf(&nodes[i])
		t.locations[nodes[i].Name] = location
		// A cordoned node takes no replica, so it is no place that an even spread
		// would use; what it holds already still counts.
		if nodes[i].Spec.Unschedulable {
			continue
		}
		for l := range levels {
			seen[l][location[l]] = true
		}
	}
	for l := range levels {
		t.domains[l] = len(seen[l])
	}
	return t
}

// Location returns where the node of that name stands, and whether there is one.
func (t *Topology) Location(node string) (Location, bool) {
	l, ok := t.locations[node]
	return l, ok
}

// Domains returns the number of domains at the level that take replicas.
func (t *Topology) Domains(level Level) int { return t.domains[level] }

// Nodes returns the number of nodes.
func (t *Topology) Nodes() int { return len(t.locations) }

// Spread is how the replicas of one workload lie over the domains of one level.
type Spread struct {
	// Used is the number of domains with at least one replica.
	Used int
	// Worst is the number of replicas in the domain that holds the most: what the
	// workload loses when that domain fails.
	Worst int
	// WorstDomain is the name of that domain: of several, the first by name. Empty
	// if no replica is placed.
	WorstDomain string
	// Ideal is the least that Worst can be: the placed replicas divided by the
	// domains, rounded up. It knows no node selector and no taint, so a workload
	// that may only use some of the nodes cannot always reach it.
	Ideal int
}

// Spreads returns how replicas that were placed on these nodes lie over the
// levels. Each node is named once for each replica on it. Nodes that the topology
// does not have are left out.
func (t *Topology) Spreads(nodes []string) map[Level]Spread {
	var counts [levels]map[string]int
	for l := range levels {
		counts[l] = map[string]int{}
	}
	placed := 0
	for _, node := range nodes {
		location, ok := t.locations[node]
		if !ok {
			continue
		}
		placed++
		for l := range levels {
			counts[l][location[l]]++
		}
	}
	out := make(map[Level]Spread, levels)
	for l := range levels {
		s := Spread{Used: len(counts[l])}
		for domain, n := range counts[l] {
			if n > s.Worst || n == s.Worst && domain < s.WorstDomain {
				s.Worst, s.WorstDomain = n, domain
			}
		}
		if d := t.domains[l]; d > 0 {
			s.Ideal = (placed + d - 1) / d
		}
		out[l] = s
	}
	return out
}
