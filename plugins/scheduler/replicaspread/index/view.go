// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package index

import (
	"errors"
	"fmt"
)

// ErrMoved says that a View was asked after the index had changed.
var ErrMoved = errors.New("the index of replicas changed during a scheduling cycle")

// View is the placement of one workload as of the Refresh before it was made,
// to be asked node by node and from several goroutines.
type View struct {
	ix              *Index
	layout, version uint64
	// counts are the live counts of the workload, or, if frozen, copies.
	counts [MaxLevels]*tally
	frozen bool
	pods   int32
}

// ViewOf returns a view of the workload with the ID. It can be asked until the
// next Refresh that changes something, and returns ErrMoved from then on, rather
// than counts of another moment. A frozen view keeps copies of the counts, and
// minds only changes of nodes; that costs time in proportion to the number of
// domains the workload is in.
func (ix *Index) ViewOf(id string, frozen bool) *View {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	v := &View{ix: ix, layout: ix.layout, version: ix.version, frozen: frozen}
	g := ix.workloads[id]
	if g == nil {
		return v
	}
	v.pods = g.pods
	for level := range ix.config.Levels {
		v.counts[level] = &g.podsIn[level]
		if frozen {
			c := g.podsIn[level].clone()
			v.counts[level] = &c
		}
	}
	return v
}

// Pods returns the number of pods of the workload on all nodes. Terminating ones
// are not among them.
func (v *View) Pods() int32 { return v.pods }

// Around returns the domains of a node and the number of the workload's pods in
// each.
func (v *View) Around(nodeName string) (Domains, [MaxLevels]int32, error) {
	var pods [MaxLevels]int32
	v.ix.mu.RLock()
	defer v.ix.mu.RUnlock()
	if v.ix.layout != v.layout || v.ix.version != v.version && !v.frozen {
		return Domains{}, pods, ErrMoved
	}
	n := v.ix.nodes[nodeName]
	if n == nil {
		return Domains{}, pods, fmt.Errorf("node %q is not in the scheduler's snapshot", nodeName)
	}
	for level, counts := range v.counts {
		if counts != nil {
			pods[level] = counts.get(n.domains[level])
		}
	}
	return n.domains, pods, nil
}

// PodsIn returns the number of the workload's pods in a domain of a level, by the
// name that DomainNames gives it, as of the last Refresh. A domain without nodes
// has none.
func (ix *Index) PodsIn(id string, level int, domain string) int32 {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	g := ix.workloads[id]
	d, ok := ix.domains[level].ids[domain]
	if g == nil || !ok {
		return 0
	}
	return g.podsIn[level].get(d)
}

// PodsOn returns the number of the workload's pods on a node, as of the last
// Refresh.
func (ix *Index) PodsOn(id, nodeName string) int32 {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	g, n := ix.workloads[id], ix.nodes[nodeName]
	if g == nil || n == nil {
		return 0
	}
	return n.podsOf(g)
}
