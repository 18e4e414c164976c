// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package index

import (
	"cmp"
	"slices"
	"strings"
)

// strata are the nodes by zone and rack, for drawing candidates from. With fewer
// than three levels, what is missing is one zone, or one rack, of all nodes.
//
// Nodes without a level's label, which are domains of their own, are in one
// stratum together: by themselves each would be drawn as often as a whole zone.
type strata struct {
	// layout is the Index.layout that they were made of.
	layout uint64
	zones  []*stratum
}

// unlabelled is the domain of a stratum of nodes without a level's label.
const unlabelled Domain = -1

// stratum is a zone with its racks, or a rack with its nodes.
type stratum struct {
	domain Domain
	racks  []*stratum
	nodes  []*node
	// size is the number of nodes, and before that of the racks before this one
	// in its zone.
	size, before int
	// hosts is the number of hosts that they are on.
	hosts int
	// next is where the next draw begins, in a zone counted in nodes: each goes on
	// where the one before it ended, so that no rack and no node waits for ever.
	next int
	// credit is what a zone has left of its share of the draws: see share.
	credit int
}

// inStratum is a host in a stratum.
type inStratum struct {
	stratum *stratum
	host    Domain
}

// stratify brings the strata up to date. It looks at every node, and only when
// nodes came, went or moved.
func (ix *Index) stratify() {
	if ix.strata.layout == ix.layout && ix.strata.zones != nil {
		return
	}
	ix.strata = strata{layout: ix.layout}
	zones := map[Domain]*stratum{}
	racks := map[[2]Domain]*stratum{}
	hosts := map[inStratum]bool{}
	for i := range ix.slots {
		n := ix.slots[i].node
		if n == nil {
			continue
		}
		place := ix.stratumOf(n)
		zone := zones[place[0]]
		if zone == nil {
			zone = &stratum{domain: place[0]}
			zones[place[0]] = zone
			ix.strata.zones = append(ix.strata.zones, zone)
		}
		rack := racks[place]
		if rack == nil {
			rack = &stratum{domain: place[1]}
			racks[place] = rack
			zone.racks = append(zone.racks, rack)
		}
		rack.nodes = append(rack.nodes, n)
		rack.size++
		zone.size++
		for _, s := range []*stratum{rack, zone} {
			// By mislabelled nodes, a host may be in several racks and zones.
			at := inStratum{s, n.domains[0]}
			switch {
			case ix.isAlone(n):
				s.hosts++
			case !hosts[at]:
				hosts[at] = true
				s.hosts++
			}
		}
	}
	// Somewhere, lest every change of the nodes send the next pods to the same.
	for _, zone := range ix.strata.zones {
		zone.next = int(ix.draws % uint64(zone.size))
		before := 0
		for _, rack := range zone.racks {
			rack.next = int(ix.draws % uint64(rack.size))
			rack.before = before
			before += rack.size
		}
	}
}

// isAlone reports whether a node is the only one on its host.
func (ix *Index) isAlone(n *node) bool {
	return len(ix.config.Levels) == 0 || ix.domains[0].nodes[n.domains[0]] == 1
}

// stratumOf returns the zone and the rack of a node.
func (ix *Index) stratumOf(n *node) [2]Domain {
	switch len(ix.config.Levels) {
	case 0, 1:
		return [2]Domain{}
	case 2:
		return [2]Domain{0, ix.labelled(1, n)}
	}
	return [2]Domain{ix.labelled(2, n), ix.labelled(1, n)}
}

// labelled returns the domain of a node, or unlabelled. Only the name of a domain
// that a label gave has a '='.
func (ix *Index) labelled(level int, n *node) Domain {
	d := n.domains[level]
	if strings.Contains(ix.domains[level].names[d], "=") {
		return d
	}
	return unlabelled
}

// at returns the rack that has the node at a position of a zone.
func (s *stratum) at(position int) int {
	i, found := slices.BinarySearchFunc(s.racks, position, func(rack *stratum, position int) int { return cmp.Compare(rack.before, position) })
	if !found {
		i--
	}
	return i
}

// share returns how many of n draws each of the zones has, so that in the long run
// each has a share as large as its number of nodes: a node in a small zone is drawn
// no more often than one in a large one (smooth weighted round robin).
func share(zones []ranked[*stratum], n int) []int {
	shares := make([]int, len(zones))
	if len(zones) == 0 {
		return shares
	}
	total := 0
	for _, z := range zones {
		total += z.of.size
	}
	for range n {
		richest := 0
		for i, z := range zones {
			z.of.credit += z.of.size
			if z.of.credit > zones[richest].of.credit {
				richest = i
			}
		}
		zones[richest].of.credit -= total
		shares[richest]++
	}
	return shares
}

// ranked is a stratum or a node with what it holds of a workload.
type ranked[T any] struct {
	of T
	// load is the number of replicas there, those of the family in part.
	load int64
	// at is the distance from where the walk began.
	at int
}

// least is a list of the elements with the smallest loads, at most size of them,
// of equal ones the first that came.
type least[T any] struct {
	size  int
	items []ranked[T]
}

func (l *least[T]) offer(r ranked[T]) {
	if len(l.items) == l.size {
		if r.load >= l.items[l.size-1].load {
			return
		}
		l.items = l.items[:l.size-1]
	}
	i, _ := slices.BinarySearchFunc(l.items, r, func(a, b ranked[T]) int {
		return cmp.Or(cmp.Compare(a.load, b.load), -1) // behind its equals
	})
	l.items = slices.Insert(l.items, i, r)
}

// full reports whether nothing better can come: the list has its size, and no
// load in it.
func (l *least[T]) full() bool {
	return len(l.items) == l.size && l.items[l.size-1].load == 0
}

// end is the distance behind the farthest element.
func (l *least[T]) end() int {
	end := 0
	for _, r := range l.items {
		end = max(end, r.at+1)
	}
	return end
}
