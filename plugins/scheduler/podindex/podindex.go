// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package podindex finds the nodes that have pods with a label value in a
// namespace, without looking at every pod, and says how many domains a topology key
// has and names nodes that stand for them, without looking at every node.
//
// It is what an incoming pod's own terms and constraints are answered from: a
// selector that compares a label for equality can only match pods on the nodes that
// the index names. Only label keys that were asked for are indexed. The truth is the
// scheduler's snapshot: nodes are read again when the generation of their
// NodeInfo has changed.
//
// What a term or a constraint is, and whether it matches, is not known here.
package podindex

import (
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	fwk "k8s.io/kube-scheduler/framework"
)

// MaxKeys bounds the label keys of an index. Services are told apart by a handful
// of keys; what asks for more is not helped by one.
const MaxKeys = 16

// Index finds nodes by the labels of their pods. Use New. It is safe for
// concurrent use.
type Index struct {
	mu sync.Mutex
	// keys are the indexed label keys with the nodes of each value, and used is when
	// each was last asked for.
	keys map[string]map[Value]map[*node]int32
	used map[string]time.Time
	// topologies are the tracked topology keys, and layouts the tracked ways to tell
	// nodes apart, by their ids.
	topologies map[string]*topology
	layouts    map[string]*layout
	// tidied is when Tidy last did something.
	tidied time.Time
	// nodes mirrors the list of the last Refresh.
	nodes  []*node
	byName map[string]*node
	// pass numbers the lists and the answers, to mark nodes.
	pass uint64
}

// Value is a value of a label in a namespace.
type Value struct {
	Namespace, Value string
}

// node is what the index knows about one node.
type node struct {
	info fwk.NodeInfo
	// object is the Node whose labels were counted.
	object     *corev1.Node
	name       string
	generation int64
	// pods are those that were counted, in the order of the NodeInfo.
	pods []*corev1.Pod
	pass uint64
}

// unread is the generation of a node that must be read: no NodeInfo has a
// negative one.
const unread = -1

// New returns an empty index.
func New() *Index {
	return &Index{
		keys: map[string]map[Value]map[*node]int32{}, used: map[string]time.Time{}, byName: map[string]*node{},
		topologies: map[string]*topology{}, layouts: map[string]*layout{},
	}
}

// Track makes the index know a label key, from the next Refresh on if it is the
// first. Of too many keys, the one that was not asked for for the longest time is
// forgotten.
func (ix *Index) Track(key string, now time.Time) {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	ix.track(key, now)
}

func (ix *Index) track(key string, now time.Time) {
	ix.used[key] = now
	if ix.keys[key] != nil {
		return
	}
	if len(ix.keys) == MaxKeys {
		oldest := ""
		for k := range ix.keys {
			if oldest == "" || ix.used[k].Before(ix.used[oldest]) {
				oldest = k
			}
		}
		ix.forget(oldest)
	}
	ix.keys[key] = map[Value]map[*node]int32{}
	for _, n := range ix.nodes {
		for _, pod := range n.pods {
			ix.countKey(n, pod, key, 1)
		}
	}
}

// Expire forgets the keys that were last asked for before a time, and, when none
// is left, everything.
func (ix *Index) Expire(before time.Time) {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	for key, used := range ix.used {
		if used.Before(before) {
			ix.forget(key)
		}
	}
	for key, t := range ix.topologies {
		if t.used.Before(before) {
			delete(ix.topologies, key)
		}
	}
	for id, l := range ix.layouts {
		if l.used.Before(before) {
			delete(ix.layouts, id)
		}
	}
	if len(ix.keys) == 0 {
		ix.nodes, ix.byName = nil, map[string]*node{}
		ix.topologies, ix.layouts = map[string]*topology{}, map[string]*layout{}
	}
}

func (ix *Index) forget(key string) {
	delete(ix.keys, key)
	delete(ix.used, key)
}

// Knows reports whether the index knows the keys of all queries: more keys than there
// is room for push out one another.
func (ix *Index) Knows(queries ...Query) bool {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	return !slices.ContainsFunc(queries, func(q Query) bool { return ix.keys[q.Key] == nil })
}

// Tracks reports whether the index knows any key.
func (ix *Index) Tracks() bool {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	return len(ix.keys) > 0
}

// Refresh brings the index up to date with infos, which is the whole list of the
// scheduler's snapshot, and returns the number of nodes that were read. onTrial
// says that the snapshot may hold pods that are placed on trial only: what is read
// then is read again by the next Refresh, because withdrawing such a pod leaves no
// trace in the generation.
func (ix *Index) Refresh(infos []fwk.NodeInfo, onTrial bool) int {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	if len(ix.keys) == 0 {
		return 0
	}
	ix.list(infos)
	read := 0
	for _, n := range ix.nodes {
		generation := n.info.GetGeneration()
		if generation == n.generation && (!onTrial || len(n.info.GetPods()) == len(n.pods)) {
			continue
		}
		ix.read(n)
		ix.relabel(n, n.info.Node())
		n.generation = generation
		if onTrial {
			n.generation = unread
		}
		read++
	}
	return read
}

// list takes over a list of nodes, if it is another one than the last: new ones
// are added unread, and those that are gone are dropped with their pods.
func (ix *Index) list(infos []fwk.NodeInfo) {
	if len(infos) == len(ix.nodes) {
		same := true
		for i, n := range ix.nodes {
			if n.info != infos[i] {
				same = false
				break
			}
		}
		if same {
			return
		}
	}
	ix.pass++
	old := ix.nodes
	ix.nodes = make([]*node, 0, len(infos))
	for _, info := range infos {
		object := info.Node()
		if object == nil {
			continue // Pods of a deleted node have no topology.
		}
		n := ix.byName[object.Name]
		if n == nil {
			n = &node{name: object.Name, generation: unread}
			ix.byName[n.name] = n
		}
		n.info, n.pass = info, ix.pass
		ix.nodes = append(ix.nodes, n)
	}
	for _, n := range old {
		if n.pass != ix.pass {
			for _, pod := range n.pods {
				ix.count(n, pod, -1)
			}
			ix.relabel(n, nil)
			delete(ix.byName, n.name)
		}
	}
}

// read takes over the pods of a node. A pod is never changed in place, so the same
// pointer means the same labels; pods are appended, and the last one takes the
// place of one that is removed, so most stay where they are.
func (ix *Index) read(n *node) {
	infos := n.info.GetPods()
	for i, info := range infos {
		if pod := info.GetPod(); i >= len(n.pods) || n.pods[i] != pod {
			ix.count(n, pod, 1)
		}
	}
	for i, pod := range n.pods {
		if i >= len(infos) || infos[i].GetPod() != pod {
			ix.count(n, pod, -1)
		}
	}
	pods := n.pods[:0]
	for _, info := range infos {
		pods = append(pods, info.GetPod())
	}
	clear(pods[len(pods):cap(pods)])
	n.pods = pods
}

func (ix *Index) count(n *node, pod *corev1.Pod, sign int32) {
	for key := range ix.keys {
		ix.countKey(n, pod, key, sign)
	}
}

// countKey counts a pod under its value of a key. A term that compares a label
// for equality matches no pod without it.
func (ix *Index) countKey(n *node, pod *corev1.Pod, key string, sign int32) {
	label, ok := pod.Labels[key]
	if !ok {
		return
	}
	value := Value{Namespace: pod.Namespace, Value: label}
	nodes := ix.keys[key][value]
	if nodes == nil {
		nodes = map[*node]int32{}
		ix.keys[key][value] = nodes
	}
	if nodes[n] += sign; nodes[n] != 0 {
		return
	}
	delete(nodes, n)
	if len(nodes) == 0 {
		delete(ix.keys[key], value)
	}
}

// Nodes returns the nodes that have a pod with one of the values of one of the
// queries, as of the last Refresh, each once and in no order. The keys must be
// tracked.
func (ix *Index) Nodes(queries []Query) []fwk.NodeInfo {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	return infosOf(ix.answer(queries))
}

// answer returns the nodes of the queries, and leaves the mark of this pass on them.
func (ix *Index) answer(queries []Query) []*node {
	ix.pass++
	var nodes []*node
	for _, q := range queries {
		for _, value := range q.Values {
			for n := range ix.keys[q.Key][value] {
				if n.pass != ix.pass {
					n.pass = ix.pass
					nodes = append(nodes, n)
				}
			}
		}
	}
	return nodes
}

func infosOf(nodes []*node) []fwk.NodeInfo {
	if len(nodes) == 0 {
		return nil
	}
	infos := make([]fwk.NodeInfo, len(nodes))
	for i, n := range nodes {
		infos[i] = n.info
	}
	return infos
}
