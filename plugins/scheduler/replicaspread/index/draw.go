// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package index

import (
	"math"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
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
	// Pod is looked at for its tolerations, node selector and required node
	// affinity, and MilliCPU and Memory are about what
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
	// selects is nil for a pod without node selector and required node affinity.
	selects *nodeaffinity.RequiredNodeAffinity
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
	if w.Pod != nil && (len(w.Pod.Spec.NodeSelector) > 0 || w.Pod.Spec.Affinity != nil && w.Pod.Spec.Affinity.NodeAffinity != nil) {
		selects := nodeaffinity.GetRequiredNodeAffinity(w.Pod)
		d.selects = &selects
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
// least load, and a few of the others, which serve a pod that fits in none of the
// best. Zones with the same load have shares by their size.
func (d *Draw) racks(n int) []*stratum {
	all := d.ix.strata.zones
	looked := min(len(all), zonesLooked)
	zones := least[*stratum]{size: looked}
	lowest := int64(math.MaxInt64)
	for i := range looked {
		if zone := all[(d.ix.zonesNext+i)%len(all)]; zone.domain != unlabelled {
			lowest = min(lowest, d.crowding(2, zone))
		}
	}
	for i := range looked {
		zone := all[(d.ix.zonesNext+i)%len(all)]
		zones.offer(ranked[*stratum]{of: zone, load: d.loadOf(2, zone, lowest), at: i})
	}
	d.ix.zonesNext = (d.ix.zonesNext + 1) % max(len(all), 1)
	best := 0
	for best < len(zones.items) && zones.items[best].load == zones.items[0].load {
		best++
	}
	others := min(len(zones.items)-best, n/4)
	racks := make([]*stratum, 0, n)
	for i, r := range share(zones.items[:best], n-others) {
		racks = d.racksOf(racks, zones.items[i].of, r)
	}
	for i, r := range share(zones.items[best:], others) {
		racks = d.racksOf(racks, zones.items[best+i].of, r)
	}
	return racks
}

// racksOf adds n racks of a zone. Each is looked for from another place of the
// zone, so that a node in a small rack is drawn no more often than one in a large
// rack; from there on, the first without load is taken, or the one with the least.
func (d *Draw) racksOf(racks []*stratum, zone *stratum, n int) []*stratum {
	if n <= 0 {
		return racks
	}
	taken := len(racks)
	lowest := int64(-1) // of the labelled racks; looked for when it is needed
	for k := range n {
		from := zone.at((zone.next + k*zone.size/n) % zone.size)
		chosen := least[*stratum]{size: 1, items: make([]ranked[*stratum], 0, 1)}
		for i := range min(len(zone.racks), racksLooked) {
			rack := zone.racks[(from+i)%len(zone.racks)]
			if rack.domain != unlabelled && slices.Contains(racks[taken:], rack) {
				continue
			}
			if rack.domain == unlabelled && lowest < 0 {
				lowest = d.lowestRack(zone)
			}
			chosen.offer(ranked[*stratum]{of: rack, load: d.loadOf(1, rack, lowest), at: i})
			if chosen.full() {
				break
			}
		}
		for _, r := range chosen.items {
			racks = append(racks, r.of)
		}
	}
	zone.next = (zone.next + 1) % zone.size
	return racks
}

// lowestRack returns the least load of the labelled racks of a zone, as far as it
// looks.
func (d *Draw) lowestRack(zone *stratum) int64 {
	lowest := int64(math.MaxInt64)
	for i := range min(len(zone.racks), racksLooked) {
		if rack := zone.racks[i]; rack.domain != unlabelled {
			lowest = min(lowest, d.crowding(1, rack))
		}
	}
	return lowest
}

// loadOf is the load of a stratum. Nodes without a label are each alone in their
// domain and so would always look better than what is shared: they count as the
// best of those that are labelled, and the scores tell the rest.
func (d *Draw) loadOf(level int, s *stratum, lowest int64) int64 {
	if s.domain != unlabelled {
		return d.crowding(level, s)
	}
	if lowest == math.MaxInt64 {
		return 0 // No node has the label.
	}
	return lowest
}

// crowding is the load of a stratum, and much more once it has a replica for each
// of its hosts: one with a free host comes before all that have none, since most is
// lost by sharing a host.
func (d *Draw) crowding(level int, s *stratum) int64 {
	load := d.load(level, s.domain)
	if own := d.groups[0]; own != nil && level < len(d.ix.config.Levels) {
		load += dreaded * int64(int(own.podsIn[level].get(s.domain))/s.hosts)
	}
	return load
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
		load := d.load(0, candidate.domains[0])
		if d.disliked(candidate) {
			load += dreaded
		}
		chosen.offer(ranked[*node]{of: candidate, load: load, at: i})
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
		if taint := &n.object.Spec.Taints[i]; taint.Effect != corev1.TaintEffectPreferNoSchedule && !Tolerates(d.wanted.Pod, taint) {
			return false
		}
	}
	if d.selects != nil {
		if ok, err := d.selects.Match(n.object); err != nil || !ok {
			return false
		}
	}
	return true
}

// dreaded is more load than any workload makes.
const dreaded = int64(1) << 40

// disliked reports whether a node has a PreferNoSchedule taint against the pod: it
// comes behind all others of its rack.
func (d *Draw) disliked(n *node) bool {
	return len(n.object.Spec.Taints) > 0 && Dislikes(n.object, d.wanted.Pod)
}

// Dislikes reports whether a node has a PreferNoSchedule taint that a pod does not
// tolerate.
func Dislikes(node *corev1.Node, pod *corev1.Pod) bool {
	for i := range node.Spec.Taints {
		if taint := &node.Spec.Taints[i]; taint.Effect == corev1.TaintEffectPreferNoSchedule && !Tolerates(pod, taint) {
			return true
		}
	}
	return false
}

// Tolerates reports whether a pod tolerates a taint.
func Tolerates(pod *corev1.Pod, taint *corev1.Taint) bool {
	return slices.ContainsFunc(pod.Spec.Tolerations, func(t corev1.Toleration) bool {
		return t.ToleratesTaint(klog.Logger{}, taint, true)
	})
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
