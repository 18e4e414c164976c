// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package index

import (
	"maps"

	fwk "k8s.io/kube-scheduler/framework"
)

// Recount counts the pods of all nodes afresh and returns by how many counts the
// index differed: domains of nodes, and pods of a workload or family in a domain.
// If it did, the index takes over the fresh counts.
//
// It is a check of this package, to be called right after a Refresh with All. It
// takes as long as the first Refresh.
func (ix *Index) Recount(infos []fwk.NodeInfo) int {
	fresh := New(ix.config)
	fresh.Refresh(infos, RefreshOptions{All: true})
	ix.mu.Lock()
	defer ix.mu.Unlock()
	diff := ix.differences(fresh)
	if diff == 0 {
		return 0
	}
	ix.domains, ix.nodes = fresh.domains, fresh.nodes
	ix.infos, ix.slots, ix.touched = fresh.infos, fresh.slots, nil
	ix.workloads, ix.families, ix.order = fresh.workloads, fresh.families, fresh.order
	ix.shares, ix.kept, ix.counts = fresh.shares, fresh.kept, fresh.counts
	// The marks of the fresh groups are of its own passes.
	ix.pass = max(ix.pass, fresh.pass)
	ix.layout++
	ix.strata, ix.drawn = strata{}, nil
	ix.version++
	return diff
}

// differences counts by how many counts two indexes differ. The numbers of their
// domains do not matter.
func (ix *Index) differences(other *Index) int {
	diff := 0
	for name, n := range ix.nodes {
		o := other.nodes[name]
		if o == nil {
			diff++
			continue
		}
		for level := range ix.config.Levels {
			if ix.domains[level].names[n.domains[level]] != other.domains[level].names[o.domains[level]] {
				diff++
			}
		}
	}
	for name := range other.nodes {
		if ix.nodes[name] == nil {
			diff++
		}
	}
	return diff + ix.groupDifferences(other, ix.workloads, other.workloads) +
		ix.groupDifferences(other, ix.families, other.families)
}

func (ix *Index) groupDifferences(other *Index, ours, theirs map[string]*group) int {
	diff := 0
	for key, g := range ours {
		diff += countDifferences(ix.named(g), other.named(theirs[key]))
	}
	for key, g := range theirs {
		if ours[key] == nil {
			diff += countDifferences(nil, other.named(g))
		}
	}
	return diff
}

// named is all that is counted of a group, by the names of the domains. The
// terminating pods of a host are under a level of their own.
func (ix *Index) named(g *group) map[namedDomain]int32 {
	if g == nil {
		return nil
	}
	counts := map[namedDomain]int32{}
	for level := range ix.config.Levels {
		for d, pods := range g.podsIn[level].all() {
			counts[namedDomain{level, ix.domains[level].names[d]}] = pods
		}
	}
	if g.leavingHost != nil {
		for d, pods := range g.leavingHost.all() {
			counts[namedDomain{MaxLevels, ix.domains[0].names[d]}] = pods
		}
	}
	return counts
}

type namedDomain struct {
	level int
	name  string
}

func countDifferences(a, b map[namedDomain]int32) int {
	if maps.Equal(a, b) {
		return 0
	}
	diff := 0
	for d, pods := range a {
		if b[d] != pods {
			diff++
		}
	}
	for d := range b {
		if _, ok := a[d]; !ok {
			diff++
		}
	}
	return diff
}
