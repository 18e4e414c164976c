// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/api/wellknown"
)

// Placement sums up where the replicas of a number of bursts went. A burst is
// the replicas of one new workload, placed one after the other.
type Placement struct {
	// Bursts and Pods are how many were placed.
	Bursts, Pods int
	// CoLocated is the number of replicas that share a physical host with
	// another replica of their workload, over all bursts.
	CoLocated int
	// worstRack and zoneSkew are sums over the bursts.
	worstRack, zoneSkew int
}

// WorstRack is the greatest number of replicas of a workload in one rack, which
// is what the failure of that rack would cost it: the mean over the bursts.
func (p *Placement) WorstRack() float64 { return float64(p.worstRack) / float64(p.Bursts) }

// ZoneSkew is the number of replicas in a workload's fullest zone less that in
// its emptiest, zones without a replica included: the mean over the bursts.
func (p *Placement) ZoneSkew() float64 { return float64(p.zoneSkew) / float64(p.Bursts) }

// Add counts a burst, whose pods all have a node.
func (p *Placement) Add(c *Cluster, nodes map[string]*corev1.Node, pods []*corev1.Pod) {
	count := func(label string) map[string]int {
		domains := map[string]int{}
		for _, pod := range pods {
			domains[nodes[pod.Spec.NodeName].Labels[label]]++
		}
		return domains
	}
	p.Bursts++
	p.Pods += len(pods)
	for _, n := range count(wellknown.TopologyHost) {
		if n > 1 {
			p.CoLocated += n
		}
	}
	worst := 0
	for _, n := range count(wellknown.TopologyRack) {
		worst = max(worst, n)
	}
	p.worstRack += worst
	zones := count(wellknown.TopologyZone)
	least, greatest := len(pods), 0
	for _, n := range zones {
		least, greatest = min(least, n), max(greatest, n)
	}
	if len(zones) < c.Shape.Zones {
		least = 0
	}
	p.zoneSkew += greatest - least
}

// Ideal returns the least that WorstRack and ZoneSkew can be for a burst of n
// replicas, if racks and zones have room for their share.
func (s Shape) Ideal(n int) (worstRack, zoneSkew int) {
	if n%s.Zones != 0 {
		zoneSkew = 1
	}
	return (n + s.Racks - 1) / s.Racks, zoneSkew
}
