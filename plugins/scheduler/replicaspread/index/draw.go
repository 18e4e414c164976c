// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package index

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
)

// How far a draw looks. The numbers bound its time whatever the size of the
// cluster and the workload. It looks that far only for a workload that has
// replicas nearly everywhere: racks and hosts without one end the search.
const (
	// racksLooked is the number of racks of one zone that are compared.
	racksLooked = 128
	// zonesLooked is the number of zones that are compared.
	zonesLooked = 32
	// nodesLooked is the number of nodes of one rack that are compared.
	nodesLooked = 64
	// perRack is the number of candidates in one rack: the emptier of two has
	// already most of what there is to gain by choosing (Mitzenmacher, The Power
	// of Two Choices in Randomized Load Balancing, 2001).
	perRack = 2
)

// Wanted says what candidates a pod wants.
type Wanted struct {
	// Workload is the pod's, or the zero value if it is nobody's replica.
	Workload Workload
	// FamilyPercent is what a replica of the family counts, relative to one of
	// the workload.
	FamilyPercent int64
	// Pod is looked at for its tolerations, and MilliCPU and Memory are about what
	// it requests: nodes that cannot take it as of the last Refresh are passed over.
	Pod              *corev1.Pod
	MilliCPU, Memory int64
}

// Draw is a series of candidates for one pod.
type Draw struct {
	ix     *Index
	wanted Wanted
	number uint64
	groups [2]*group
}

// NewDraw begins a series of candidates. It is good until the next Refresh.
func (ix *Index) NewDraw(w Wanted) *Draw {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	ix.draws++
	ix.drawn = ix.drawn[:0]
	d := &Draw{ix: ix, wanted: w, number: ix.draws}
	d.groups[0] = ix.workloads[w.Workload.ID]
	if w.Workload.Family != "" {
		d.groups[1] = ix.families[w.Workload.Family]
	}
	ix.stratify()
	return d
}

// Next returns up to n nodes that have not been drawn yet: of the zones and in
// them the racks with the fewest replicas of the workload, on hosts with the
// fewest. They are candidates, no more: whether a pod fits on one is for the
// filters to say, and which is best for the scores. None means that there are
// none within the bounds of the search, not that there is no other node.
func (d *Draw) Next(n int) []fwk.NodeInfo {
	ix := d.ix
	ix.mu.Lock()
	defer ix.mu.Unlock()
	if d.number != ix.draws || ix.strata.layout != ix.layout {
		return nil
	}
	candidates := make([]fwk.NodeInfo, 0, n)
	racks := d.racks((n + perRack - 1) / perRack)
	if len(racks) == 0 {
		return nil
	}
	each := max(perRack, (n+len(racks)-1)/len(racks))
	for _, rack := range racks {
		candidates = d.take(candidates, rack, min(each, n-len(candidates)))
	}
	return candidates
}

// racks returns the racks to draw from, at most n: most of the zones with the
// least load, and one of each other zone while there is room.
func (d *Draw) racks(n int) []*stratum {
	all := d.ix.strata.zones
	looked := min(len(all), zonesLooked)
	zones := least[*stratum]{size: looked}
	for i := range looked {
		zone := all[(d.ix.zonesNext+i)%len(all)]
		zones.offer(ranked[*stratum]{of: zone, load: d.load(2, zone.domain), at: i})
	}
	d.ix.zonesNext = (d.ix.zonesNext + 1) % max(len(all), 1)
	best := 0
	for best < len(zones.items) && zones.items[best].load == zones.items[0].load {
		best++
	}
	// What is left to the other zones serves a pod that fits in none of the best.
	others := min(len(zones.items)-best, n/4)
	racks := make([]*stratum, 0, n)
	for i, zone := range zones.items[:best+others] {
		share := 1
		if i < best {
			left := best - i
			share = (n - others - len(racks) + left - 1) / left
		}
		racks = d.racksOf(racks, zone.of, share)
	}
	return racks
}

// racksOf adds the n racks of a zone with the least load.
func (d *Draw) racksOf(racks []*stratum, zone *stratum, n int) []*stratum {
	if n <= 0 {
		return racks
	}
	chosen := least[*stratum]{size: n, items: make([]ranked[*stratum], 0, n)}
	for i := range min(len(zone.racks), racksLooked) {
		rack := zone.racks[(zone.next+i)%len(zone.racks)]
		chosen.offer(ranked[*stratum]{of: rack, load: d.load(1, rack.domain), at: i})
		if chosen.full() {
			break
		}
	}
	zone.next = (zone.next + chosen.end()) % len(zone.racks)
	for _, r := range chosen.items {
		racks = append(racks, r.of)
	}
	return racks
}

// take adds the n nodes of a rack whose hosts have the least load, of those that
// may have room.
func (d *Draw) take(candidates []fwk.NodeInfo, rack *stratum, n int) []fwk.NodeInfo {
	if n <= 0 {
		return candidates
	}
	chosen := least[*node]{size: n, items: make([]ranked[*node], 0, n)}
	looked := min(len(rack.nodes), max(nodesLooked, 2*n))
	for i := range looked {
		candidate := rack.nodes[(rack.next+i)%len(rack.nodes)]
		if candidate.drawn == d.number || !d.mayTake(candidate) {
			continue
		}
		chosen.offer(ranked[*node]{of: candidate, load: d.load(0, candidate.domains[0]), at: i})
		if chosen.full() {
			break
		}
	}
	if len(chosen.items) == 0 {
		rack.next = (rack.next + looked) % len(rack.nodes)
		return candidates
	}
	rack.next = (rack.next + chosen.end()) % len(rack.nodes)
	for _, r := range chosen.items {
		r.of.drawn = d.number
		d.ix.drawn = append(d.ix.drawn, r.of)
		candidates = append(candidates, d.ix.slots[r.of.slot].info)
	}
	return candidates
}

// load is the number of replicas in a domain, in hundredths. Levels that are not
// configured have none.
func (d *Draw) load(level int, domain Domain) int64 {
	if level >= len(d.ix.config.Levels) {
		return 0
	}
	load := int64(0)
	if own := d.groups[0]; own != nil {
		load += 100 * int64(own.podsIn[level].get(domain))
	}
	if family := d.groups[1]; family != nil {
		load += d.wanted.FamilyPercent * int64(family.podsIn[level].get(domain))
	}
	return load
}

// mayTake reports whether a node has room for the pod and no taint against it,
// as of when it was last read.
func (d *Draw) mayTake(n *node) bool {
	room := n.room
	if room.pods < 1 || room.milliCPU < d.wanted.MilliCPU || room.memory < d.wanted.Memory || n.object.Spec.Unschedulable {
		return false
	}
	for i := range n.object.Spec.Taints {
		taint := &n.object.Spec.Taints[i]
		if taint.Effect == corev1.TaintEffectPreferNoSchedule {
			continue
		}
		if !slices.ContainsFunc(d.wanted.Pod.Spec.Tolerations, func(t corev1.Toleration) bool {
			return t.ToleratesTaint(klog.Logger{}, taint, true)
		}) {
			return false
		}
	}
	return true
}

// room is what a node has left.
type room struct {
	milliCPU, memory int64
	pods             int
}

func roomOf(info fwk.NodeInfo) room {
	has, used := info.GetAllocatable(), info.GetRequested()
	return room{
		milliCPU: has.GetMilliCPU() - used.GetMilliCPU(),
		memory:   has.GetMemory() - used.GetMemory(),
		pods:     has.GetAllowedPodNumber() - len(info.GetPods()),
	}
}
