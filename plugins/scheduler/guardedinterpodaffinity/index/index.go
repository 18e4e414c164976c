// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package index knows every pod affinity and anti-affinity term that the placed
// pods of a cluster declare, each distinct one once, and answers which kinds of
// them match a given pod.
//
// The truth is the scheduler's snapshot: the list of the NodeInfos that hold
// pods with affinity, as a scheduling cycle sees it, which includes pods that
// were placed but are not bound yet. Refresh compares each NodeInfo's generation
// with the one it last read and reads again only the nodes that changed. In a
// cluster without such pods the list is empty, and so is the work.
//
// The replicas of a workload declare the same terms. A set of terms is kept once
// and counted, however many pods declare it (see declaration), and a selector
// that several sets share is kept once as well (see class). An incoming pod is
// compared only with the classes that one of its labels, or its namespace, leads
// to (see anchor).
//
// The package holds no client, no clock and no goroutine. What a match means for
// filtering and scoring is decided in package guardedinterpodaffinity.
package index

import (
	"sync"

	fwk "k8s.io/kube-scheduler/framework"
)

// Index holds the terms of the placed pods. Use New. It is safe for concurrent
// use, although a scheduler has one scheduling cycle at a time.
type Index struct {
	mu sync.Mutex

	nodes map[string]*node
	// slots mirrors the list of the last Refresh, so that nodes are recognised
	// by position, with no look-up by name.
	slots []slot
	// pods is the number of pods on all nodes.
	pods int

	declarations map[string]*declaration
	classes      map[string]*class
	postings     map[anchor][]*class
	// declared counts, per kind, the declarations that have a term of it.
	declared [kinds]int

	// pass numbers the lists, to mark the nodes that are on the last one, and
	// answer the answers of NodesOf, to mark those that are in it.
	pass, answer uint64
	// buffer is scratch space for keys.
	buffer keyBuffer
}

// node is what the index knows about one node.
type node struct {
	name  string
	stamp stamp
	pods  []placed
	// slot is the position of the node in the list of pass.
	slot         int
	pass, answer uint64
}

// placed is one pod with affinity on a node. A PodInfo is not changed while its
// pod is placed (an update makes a new one), so the same pointer means the same
// terms.
type placed struct {
	info        fwk.PodInfo
	declaration *declaration
}

// slot is one position of the last list.
type slot struct {
	info  fwk.NodeInfo
	stamp stamp
	node  *node
}

// stamp identifies the state of a NodeInfo.
//
// Generations are unique in a process, so a node that was deleted and created
// again never repeats one. One thing changes a snapshot's NodeInfo and keeps
// its generation: placing the pods of a pod group on trial (Snapshot.AssumePod).
// It only adds pods, so the number of pods tells. See Refresh.
type stamp struct {
	generation int64
	pods       int
}

// unread is the stamp of a node that must be read again: no NodeInfo has a
// negative generation.
var unread = stamp{generation: -1}

func stampOf(info fwk.NodeInfo) stamp {
	return stamp{generation: info.GetGeneration(), pods: len(info.GetPodsWithAffinity())}
}

// New returns an empty index.
func New() *Index {
	return &Index{
		nodes:        map[string]*node{},
		declarations: map[string]*declaration{},
		classes:      map[string]*class{},
		postings:     map[anchor][]*class{},
	}
}

// Refresh brings the index up to date with infos, which is the snapshot's whole
// list of nodes that hold pods with affinity or anti-affinity, and returns the
// number of nodes that were read or dropped. Nodes that are not in the list are
// dropped.
//
// onTrial says that the snapshot may hold pods that are placed on trial only
// (the cycle of a pod group). What is read then is read again by the next
// Refresh, because withdrawing such a pod leaves no trace in the generation.
func (ix *Index) Refresh(infos []fwk.NodeInfo, onTrial bool) int {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	changed := 0
	if !ix.listed(infos) {
		changed = ix.list(infos)
	}
	for i := range ix.slots {
		s := &ix.slots[i]
		now := stampOf(s.info)
		if now == s.stamp {
			continue
		}
		ix.read(s.node, s.info)
		if onTrial {
			now = unread
		}
		s.stamp, s.node.stamp = now, now
		changed++
	}
	return changed
}

// listed reports whether infos is the list of the last Refresh. The scheduler
// keeps the NodeInfo of a node at one address for as long as the node exists.
func (ix *Index) listed(infos []fwk.NodeInfo) bool {
	if len(infos) != len(ix.slots) {
		return false
	}
	for i, info := range infos {
		if ix.slots[i].info != info {
			return false
		}
	}
	return true
}

// list takes over a list of nodes: new ones are added unread, and those that
// are gone are dropped with their pods. It returns the number of the latter.
//
// While a cluster fills up, each placement of a pod with affinity may put one
// more node on the list, so a node that is where the last list had it is not
// looked up by name.
func (ix *Index) list(infos []fwk.NodeInfo) int {
	ix.pass++
	old, next := ix.slots, 0
	slots := make([]slot, 0, len(infos))
	for _, info := range infos {
		var n *node
		if next < len(old) && old[next].info == info {
			n = old[next].node
		} else if n = ix.nodeOf(info); n == nil {
			continue
		}
		// A node that is new to the list has no place in the old one: what
		// comes after it is looked for where it was looked for before.
		if n.pass == ix.pass-1 && n.slot < len(old) && old[n.slot].node == n {
			next = n.slot + 1
		}
		n.pass, n.slot = ix.pass, len(slots)
		slots = append(slots, slot{info: info, stamp: n.stamp, node: n})
	}
	ix.slots = slots
	dropped := 0
	for _, s := range old {
		if s.node.pass != ix.pass {
			for _, p := range s.node.pods {
				ix.release(s.node, p.declaration)
			}
			delete(ix.nodes, s.node.name)
			dropped++
		}
	}
	return dropped
}

// nodeOf returns the node by the name of info. There is none for the NodeInfo
// that keeps the pods of a deleted node: they have no topology.
func (ix *Index) nodeOf(info fwk.NodeInfo) *node {
	object := info.Node()
	if object == nil {
		return nil
	}
	n := ix.nodes[object.Name]
	if n == nil {
		n = &node{name: object.Name, stamp: unread}
		ix.nodes[n.name] = n
	}
	return n
}

// read takes over the pods of one node. New pods are taken in before the old
// ones are let go, so that a declaration that both have is never dropped and
// made again.
func (ix *Index) read(n *node, info fwk.NodeInfo) {
	infos := info.GetPodsWithAffinity()
	old, pods := n.pods, make([]placed, len(infos))
	for i, podInfo := range infos {
		pods[i].info = podInfo
		// Pods are appended, and the last one takes the place of one that is
		// removed, so most stay where they are.
		at := i
		if at >= len(old) || old[at].info != podInfo {
			at = find(old, podInfo)
		}
		if at >= 0 {
			pods[i].declaration = old[at].declaration
			old[at] = placed{}
			continue
		}
		pods[i].declaration = ix.acquire(n, podInfo)
	}
	for _, p := range old {
		if p.declaration != nil {
			ix.release(n, p.declaration)
		}
	}
	n.pods = pods
}

func find(pods []placed, info fwk.PodInfo) int {
	for i := range pods {
		if pods[i].info == info {
			return i
		}
	}
	return -1
}

// Size is the size of an index.
type Size struct {
	// Nodes and Pods are the nodes that hold pods with affinity or
	// anti-affinity, and those pods.
	Nodes, Pods int
	// Declarations are the distinct sets of terms that a pod declares, Classes
	// the distinct pairs of namespaces and selector among them.
	Declarations, Classes int
}

// Size returns the size as of the last Refresh.
func (ix *Index) Size() Size {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	return Size{Nodes: len(ix.nodes), Pods: ix.pods, Declarations: len(ix.declarations), Classes: len(ix.classes)}
}
