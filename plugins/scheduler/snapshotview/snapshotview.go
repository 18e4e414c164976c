// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package snapshotview shows a plugin a few nodes of the scheduler's snapshot in
// the place of all.
//
// An in-tree plugin that adds up what it finds on each node comes to the same if it
// is shown only those nodes that add something. Which ones do is not known here.
package snapshotview

import (
	"sync"

	fwk "k8s.io/kube-scheduler/framework"
)

// View is the snapshot as a plugin sees it.
type View struct {
	fwk.SharedLister
	mu sync.Mutex
	// nodes, if narrowed, are shown in the place of the lists.
	nodes    []fwk.NodeInfo
	narrowed bool
}

// New returns a view that shows all of a snapshot.
func New(snapshot fwk.SharedLister) *View {
	return &View{SharedLister: snapshot}
}

// Show calls f while the lists of the view are these nodes: all nodes, those that have
// pods with affinity, and those that have pods with required anti-affinity. The list of
// those with anti-affinity wider than a host, which kube-scheduler v1.37 fills behind
// the feature gate InterPodAffinityHostnameFastPath, stays that of the snapshot: with
// the gate on, nothing is narrowed for the plugin that asks for it.
func (v *View) Show(nodes []fwk.NodeInfo, f func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.nodes, v.narrowed = nodes, true
	defer func() { v.nodes, v.narrowed = nil, false }()
	f()
}

// NodeInfos implements fwk.SharedLister.
func (v *View) NodeInfos() fwk.NodeInfoLister {
	return nodeInfos{v.SharedLister.NodeInfos(), v}
}

type nodeInfos struct {
	fwk.NodeInfoLister
	view *View
}

func (n nodeInfos) List() ([]fwk.NodeInfo, error) {
	if n.view.narrowed {
		return n.view.nodes, nil
	}
	return n.NodeInfoLister.List()
}

func (n nodeInfos) HavePodsWithAffinityList() ([]fwk.NodeInfo, error) {
	if n.view.narrowed {
		return n.view.nodes, nil
	}
	return n.NodeInfoLister.HavePodsWithAffinityList()
}

func (n nodeInfos) HavePodsWithRequiredAntiAffinityList() ([]fwk.NodeInfo, error) {
	if n.view.narrowed {
		return n.view.nodes, nil
	}
	return n.NodeInfoLister.HavePodsWithRequiredAntiAffinityList()
}

// Handle is a plugin's handle with a view of the snapshot.
type Handle struct {
	fwk.Handle
	View *View
}

// SnapshotSharedLister returns the view.
func (h Handle) SnapshotSharedLister() fwk.SharedLister { return h.View }
