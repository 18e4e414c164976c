// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package index counts the replicas of every workload on every host, rack and
// zone, without looking at every pod for every pod that is scheduled.
//
// The truth is the scheduler's snapshot: the list of NodeInfos that a
// scheduling cycle sees, which includes pods that were placed but are not bound
// yet. Refresh reads again the nodes whose NodeInfo changed since it was last
// read. It tells by the NodeInfo's generation, either of all nodes, which is
// exact, or only of those that were touched since, which costs the same in a
// large cluster as in a small one; see Refresh.
//
// The package holds no client, no clock and no goroutine. It gives no score and
// no verdict: what a count is worth is decided in package replicaspread.
package index

import (
	"sync"

	corev1 "k8s.io/api/core/v1"
	fwk "k8s.io/kube-scheduler/framework"
)

// MaxLevels is the greatest number of topology levels an Index can have.
const MaxLevels = 3

// Config says what an Index counts.
type Config struct {
	// Levels are the topology levels, narrowest first, at most MaxLevels.
	Levels []Level
	// Identity says which pods are replicas of one another.
	Identity Identity
}

// Level is one topology level.
type Level struct {
	// Labels are node label keys, of which the first that a node carries with a
	// value names the node's domain.
	Labels []string
	// Nested says that such a name is unique only within a domain of the next
	// wider level.
	Nested bool
}

// Index counts pods per workload and topology domain. Use New. It is safe for
// concurrent use, although a scheduler has one scheduling cycle at a time: a
// Filter asks on many goroutines, and metrics are collected at any time.
type Index struct {
	mu sync.RWMutex

	config Config
	// domains holds the domains of each level.
	domains [MaxLevels]domains

	nodes map[string]*node
	// infos is the list of the last Refresh, and slots has what is known about
	// its elements, in the same order.
	infos []fwk.NodeInfo
	slots []slot
	// touched are nodes to look at in the next Refresh, whatever it compares.
	touched []*node

	workloads map[string]*group
	families  map[string]*group
	// order holds the groups of workloads so that they can be walked bit by bit.
	order []*group

	// shares, kept and counts are the numbers of tenants and pods of all nodes and
	// of counts of all groups.
	shares, kept, counts int

	// pass numbers the reads and the listings, to mark what they touched.
	pass uint64
	// survey numbers the surveys, to mark what they have seen. There is one at a
	// time.
	survey  uint64
	surveys sync.Mutex
	// swept counts the sweeps.
	swept int
	// layout and version number the changes: of the nodes and their domains,
	// and of anything. A View is good for one of each.
	layout, version uint64

	strata    strata
	zonesNext int
	// draws numbers the draws, to mark what was drawn.
	draws uint64
	// drawn are the nodes of the last draw, in their order.
	drawn []*node

	// Buffers of read.
	tenants []tenant
	key     []byte
}

// node is what the index knows about one node.
type node struct {
	name string
	hash uint64
	// object is the Node whose labels gave domains. Node objects are never
	// changed in place, so the same pointer means the same labels.
	object  *corev1.Node
	domains Domains
	tenants []tenant
	// pods are those that were counted, in the order of the NodeInfo.
	pods []*corev1.Pod
	// slot is the node's position in the list.
	slot int
	pass uint64
	room room
	// drawn is the number of the last draw that the node was in.
	drawn uint64
}

// tenant is the share of one workload on one node.
type tenant struct {
	group *group
	// family is the family of these pods; nil if they have none.
	family        *group
	pods, leaving int32
}

// New returns an empty index.
func New(config Config) *Index {
	config.Levels = config.Levels[:min(len(config.Levels), MaxLevels)]
	return &Index{
		config:    config,
		nodes:     map[string]*node{},
		workloads: map[string]*group{},
		families:  map[string]*group{},
	}
}

// WorkloadOf returns the workload that the index counts a pod to, and false if
// it counts the pod to none.
func (ix *Index) WorkloadOf(pod *corev1.Pod) (Workload, bool) {
	return ix.config.Identity.WorkloadOf(pod)
}

// WorkloadName names the workload of a pod for people, such as "Deployment web".
func (ix *Index) WorkloadName(pod *corev1.Pod) string {
	return ix.config.Identity.name(pod)
}

// CountsByLabel reports whether labels of pods can name their workload, so that a
// pod can leave its workload by a change of its labels.
func (ix *Index) CountsByLabel() bool { return len(ix.config.Identity.WorkloadKeys) > 0 }

// Levels returns the levels. They are not to be changed.
func (ix *Index) Levels() []Level { return ix.config.Levels }

// Size is the size of an index.
type Size struct {
	Nodes, Workloads, Families int
}

// Size returns the number of nodes, and of workloads and families with at least
// one pod on them.
func (ix *Index) Size() Size {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	return Size{Nodes: len(ix.nodes), Workloads: len(ix.workloads), Families: len(ix.families)}
}
