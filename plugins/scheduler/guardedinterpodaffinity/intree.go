// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package guardedinterpodaffinity

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/runtime"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/feature"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/interpodaffinity"
)

// newInTree initializes the in-tree plugin the way its registry does.
func newInTree(ctx context.Context, args runtime.Object, h fwk.Handle) (*interpodaffinity.InterPodAffinity, error) {
	features := feature.NewSchedulerFeaturesFromGates(utilfeature.DefaultFeatureGate)
	pl, err := interpodaffinity.New(ctx, args, h, features)
	if err != nil {
		return nil, err
	}
	inTree, ok := pl.(*interpodaffinity.InterPodAffinity)
	if !ok {
		return nil, fmt.Errorf("the in-tree InterPodAffinity is a %T, which cannot be guarded", pl)
	}
	return inTree, nil
}

// newUnmatched returns the plugin whose PreFilter leaves the state that the
// in-tree PreFilter leaves for a pod without required terms that no required
// anti-affinity of a placed pod matches, or nil if the latter always skips such
// a pod.
//
// It always does, unless the feature gate InterPodAffinityHostnameFastPath is
// on (alpha in v1.37). With it, anti-affinity over kubernetes.io/hostname is left
// to Filter, so PreFilter skips only if no placed pod declares any. Filter then
// finds nothing either, but for the pods that were added to the state meanwhile:
// those nominated to the node. To treat them alike, the state must be there. All
// counts in it are empty, as they are for a cluster in which some node declares
// anti-affinity over kubernetes.io/hostname and no node is looked at, and such a
// cluster is what this plugin is shown.
func newUnmatched(ctx context.Context, args runtime.Object, h fwk.Handle) (*interpodaffinity.InterPodAffinity, error) {
	if !feature.NewSchedulerFeaturesFromGates(utilfeature.DefaultFeatureGate).EnableInterPodAffinityHostnameFastPath {
		return nil, nil
	}
	return newInTree(ctx, args, unmatchedHandle{h})
}

// unmatchedHandle is a handle with a snapshot of one node of which nothing is
// known, save that it has pods with anti-affinity over kubernetes.io/hostname.
type unmatchedHandle struct{ fwk.Handle }

func (h unmatchedHandle) SnapshotSharedLister() fwk.SharedLister {
	return unmatchedLister{h.Handle.SnapshotSharedLister()}
}

type unmatchedLister struct{ fwk.SharedLister }

func (l unmatchedLister) NodeInfos() fwk.NodeInfoLister {
	return unmatchedNodes{l.SharedLister.NodeInfos()}
}

type unmatchedNodes struct{ fwk.NodeInfoLister }

// HavePodsWithRequiredAntiAffinityList has one node more than the list below,
// which is all that PreFilter takes from it.
func (unmatchedNodes) HavePodsWithRequiredAntiAffinityList() ([]fwk.NodeInfo, error) {
	return []fwk.NodeInfo{nil}, nil
}

func (unmatchedNodes) HavePodsWithRequiredNonHostScopedAntiAffinityList() ([]fwk.NodeInfo, error) {
	return nil, nil
}
