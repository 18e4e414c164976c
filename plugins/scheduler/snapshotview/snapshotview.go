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
	// nodes, if narrowed, are shown in the place of every list.
	nodes    []fwk.NodeInfo
	narrowed bool
}

// New returns a view that shows all of a snapshot.
func New(snapshot fwk.SharedLister) *View {
	return &View{SharedLister: snapshot}
}

// Show calls f while every list of the view is these nodes.
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
