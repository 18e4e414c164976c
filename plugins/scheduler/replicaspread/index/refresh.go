// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package index

import (
	fwk "k8s.io/kube-scheduler/framework"
)

// slot is what was last read at one position of the list.
//
// Generations are unique in a process, so a node that was deleted and created
// again never repeats one. One thing changes a snapshot's NodeInfo and keeps
// its generation: placing the pods of a pod group on trial (Snapshot.AssumePod).
// It only adds pods, so the number of pods tells. See RefreshOptions.OnTrial.
type slot struct {
	info       fwk.NodeInfo
	node       *node
	generation int64
	pods       int
}

// unread is the generation of a slot that must be read: no NodeInfo has a
// negative one.
const unread = -1

// RefreshOptions say how thorough a Refresh is.
type RefreshOptions struct {
	// All compares the generation of every node, so that the index equals the
	// snapshot afterwards. Without it, only the touched nodes are compared: what
	// happened to the others is found out by the next Refresh with All.
	//
	// Comparing costs a cache miss per node, because the NodeInfos lie all over
	// the heap: see the benchmarks of package replicaspread.
	All bool

	// OnTrial says that the snapshot may hold pods that are placed on trial only
	// (the cycle of a pod group). It implies All. What is read then is read again
	// by the next Refresh, because withdrawing such a pod leaves no trace in the
	// generation.
	OnTrial bool
}

// Touch makes the next Refresh look at a node.
func (ix *Index) Touch(nodeName string) {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	if n := ix.nodes[nodeName]; n != nil {
		ix.touched = append(ix.touched, n)
	}
}

// Refresh brings the index up to date with infos, which is the whole list of
// the scheduler's snapshot, and returns the number of nodes that were read.
// Nodes that are not in the list are forgotten. When the list is another one
// than last time, all of it is compared.
func (ix *Index) Refresh(infos []fwk.NodeInfo, opts RefreshOptions) int {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	all := opts.All || opts.OnTrial
	if !ix.listed(infos, all) {
		ix.list(infos)
		all = true
	}
	read := 0
	if !all {
		// They are all in the list: a node that goes makes another one.
		for _, n := range ix.touched {
			read += ix.update(n.slot, false)
		}
		ix.touched = ix.touched[:0]
		return read
	}
	ix.touched = ix.touched[:0]
	for i := range ix.slots {
		read += ix.update(i, opts.OnTrial)
	}
	return read
}

// listed reports whether infos is the list of the last Refresh. The scheduler
// makes a new list when nodes come and go, so the address tells; two lists never
// share one by chance, as the index holds on to the last one. That none is
// changed in place is looked at now and then.
func (ix *Index) listed(infos []fwk.NodeInfo, all bool) bool {
	if len(infos) != len(ix.infos) {
		return false
	}
	if !all {
		return len(infos) == 0 || &infos[0] == &ix.infos[0]
	}
	for i, info := range infos {
		if ix.slots[i].info != info {
			return false
		}
	}
	ix.infos = infos
	return true
}

// update reads one position of the list if it changed, and returns how many
// nodes it read.
func (ix *Index) update(i int, onTrial bool) int {
	s := &ix.slots[i]
	generation := s.info.GetGeneration()
	if generation == s.generation && (!onTrial || len(s.info.GetPods()) == s.pods) || s.node == nil {
		return 0
	}
	ix.read(s.node, s.info)
	s.generation, s.pods = generation, len(s.info.GetPods())
	if onTrial {
		s.generation = unread
		ix.touched = append(ix.touched, s.node)
	}
	return 1
}

// list takes over a list of nodes: new ones are added unread, and those that
// are gone are removed with their pods.
func (ix *Index) list(infos []fwk.NodeInfo) {
	ix.pass++
	ix.layout++
	ix.version++
	slots := make([]slot, len(infos))
	for i, info := range infos {
		object := info.Node()
		slots[i].info = info
		if object == nil {
			continue // Pods of a deleted node; no pod can be placed there.
		}
		n := ix.nodes[object.Name]
		if n == nil {
			n = &node{name: object.Name, hash: hashString(object.Name)}
			ix.nodes[n.name] = n
			slots[i].generation = unread
		} else {
			slots[i].generation, slots[i].pods = ix.slots[n.slot].generation, ix.slots[n.slot].pods
		}
		n.slot, n.pass = i, ix.pass
		slots[i].node = n
	}
	for name, n := range ix.nodes {
		if n.pass != ix.pass {
			ix.settle(n, nil, Domains{}, nil)
			ix.keep(n, nil)
			delete(ix.nodes, name)
		}
	}
	ix.infos, ix.slots, ix.drawn = infos, slots, nil
}
