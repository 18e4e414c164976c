// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package index

import (
	fwk "k8s.io/kube-scheduler/framework"
)

// Counts are the replicas of one workload around one node.
type Counts struct {
	// Own and Family count, per level, the pods of the workload and of its
	// family in the node's domain. Terminating pods are not among them.
	Own, Family [MaxLevels]int32
	// OnNode counts the pods of the workload on the node itself, which may be
	// one of several virtual machines on a host.
	OnNode int32
	// Leaving counts the terminating pods of the family, or of the workload if
	// it has no family, in the node's domain of the first level.
	Leaving int32
	// NodeHash depends on the node's name only.
	NodeHash uint64
}

// Count returns the counts of the workload around each of the nodes, in their
// order, as of the last Refresh.
func (ix *Index) Count(w Workload, infos []fwk.NodeInfo) []Counts {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	own, family := ix.workloads[w.ID], (*group)(nil)
	if w.Family != "" {
		family = ix.families[w.Family]
	}
	leaving := own
	if family != nil {
		leaving = family
	}
	all := make([]Counts, len(infos))
	// Most often the nodes are those of the last draw, less some that do not fit.
	drawn := ix.drawn
	for i, info := range infos {
		c := &all[i]
		var n *node
		for n == nil && len(drawn) > 0 {
			if d := drawn[0]; ix.slots[d.slot].info == info {
				n = d
			}
			drawn = drawn[1:]
		}
		name := ""
		if n == nil {
			name = info.Node().Name
			n = ix.nodes[name]
		}
		if n == nil {
			// A node that the last Refresh did not list has no replicas that
			// the index knows of.
			c.NodeHash = hashString(name)
			continue
		}
		c.NodeHash = n.hash
		for level := range ix.config.Levels {
			if own != nil {
				c.Own[level] = own.podsIn[level].get(n.domains[level])
			}
			if family != nil {
				c.Family[level] = family.podsIn[level].get(n.domains[level])
			}
		}
		if c.Own[0] > 0 {
			c.OnNode = n.podsOf(own)
		}
		if leaving != nil && leaving.leavingHost != nil {
			c.Leaving = leaving.leavingHost.get(n.domains[0])
		}
	}
	return all
}

// podsOf returns the number of pods of the workload on the node.
func (n *node) podsOf(g *group) int32 {
	pods := int32(0)
	for _, t := range n.tenants {
		if t.group == g {
			pods += t.pods
		}
	}
	return pods
}

// Hash returns a number that depends on the pod UID and the node hash only, the
// same in every process, and evenly spread: the node with the greatest number
// is a fair pick for the pod (rendezvous hashing, Thaler and Ravishankar 1998).
func Hash(podUID string, nodeHash uint64) uint64 {
	return mix(hashString(podUID) ^ nodeHash)
}

// hashString is FNV-1a with 64 bits, followed by mix, for FNV's upper bits
// barely depend on the last characters, in which node names differ.
func hashString(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return mix(h)
}

// mix is the finalizer of SplitMix64 (Steele, Lea and Flood 2014).
func mix(h uint64) uint64 {
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}
