// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package guardedpodtopologyspread is the scheduler plugin
// GuardedPodTopologySpread: the in-tree PodTopologySpread, which is shown the
// nodes that can make a difference.
//
// The in-tree plugin goes through all pods of all nodes for each pod that has
// topologySpreadConstraints, to count the few that the constraints select. Here
// an index names the nodes where such pods can be, and a few others that stand for
// the domains without any. The in-tree plugin decides, on these. No verdict, reason
// or score differs.
//
// Which nodes can make a difference is said here, in narrowing.go. Finding them is
// the part of package podindex.
package guardedpodtopologyspread

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	fwk "k8s.io/kube-scheduler/framework"
	schedulerconfig "k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/feature"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/podtopologyspread"

	"github.com/evenkeel/evenkeel/api/config"
	"github.com/evenkeel/evenkeel/api/config/validation"
	"github.com/evenkeel/evenkeel/plugins/scheduler/podindex"
	"github.com/evenkeel/evenkeel/plugins/scheduler/snapshotview"
)

// GuardedPodTopologySpread is the in-tree plugin with a choice of nodes before
// PreFilter and PreScore.
//
// Everything else is the in-tree plugin's own, by embedding:
//   - Filter, Score, NormalizeScore and the PreFilter extensions AddPod and
//     RemovePod work on the state that the in-tree PreFilter or PreScore left, and
//     on the nodes that they are handed, which are never others than the scheduler's.
//   - EventsToRegister and SignPod do not depend on how a verdict was computed.
type GuardedPodTopologySpread struct {
	*podtopologyspread.PodTopologySpread

	lister fwk.SharedLister
	pods   *podindex.Index
	// view is the snapshot as the in-tree plugin sees it.
	view    *snapshotview.View
	metrics *recorder
	// mergesKeys says that the in-tree plugin adds matchLabelKeys to the selectors.
	mergesKeys bool
}

var _ fwk.PreFilterPlugin = &GuardedPodTopologySpread{}
var _ fwk.FilterPlugin = &GuardedPodTopologySpread{}
var _ fwk.PreScorePlugin = &GuardedPodTopologySpread{}
var _ fwk.ScorePlugin = &GuardedPodTopologySpread{}
var _ fwk.EnqueueExtensions = &GuardedPodTopologySpread{}
var _ fwk.SignPlugin = &GuardedPodTopologySpread{}

// Name is the name of the plugin in the registry and in configurations.
const Name = "GuardedPodTopologySpread"

// Name returns the name of the plugin.
func (pl *GuardedPodTopologySpread) Name() string {
	return Name
}

// NewFactory returns a factory of the plugin. kube-scheduler calls it once per
// profile; the profiles of one scheduler share an index of its pods, also with
// other plugins.
func NewFactory(pods *podindex.Indexes) func(context.Context, runtime.Object, fwk.Handle) (fwk.Plugin, error) {
	return func(ctx context.Context, obj runtime.Object, h fwk.Handle) (fwk.Plugin, error) {
		args, err := getArgs(obj)
		if err != nil {
			return nil, err
		}
		if h.SnapshotSharedLister() == nil {
			return nil, fmt.Errorf("the scheduler handed over no snapshot to count pods in")
		}
		features := feature.NewSchedulerFeaturesFromGates(utilfeature.DefaultFeatureGate)
		view := snapshotview.New(h.SnapshotSharedLister())
		pl, err := podtopologyspread.New(ctx, args, snapshotview.Handle{Handle: h, View: view}, features)
		if err != nil {
			return nil, err
		}
		inTree, ok := pl.(*podtopologyspread.PodTopologySpread)
		if !ok {
			return nil, fmt.Errorf("the in-tree PodTopologySpread is a %T, which cannot be guarded", pl)
		}
		metrics, err := newRecorder()
		if err != nil {
			return nil, err
		}
		return &GuardedPodTopologySpread{
			PodTopologySpread: inTree,
			lister:            h.SnapshotSharedLister(),
			pods:              pods.Of(h.SnapshotSharedLister()),
			view:              view,
			metrics:           metrics,
			mergesKeys:        features.EnableMatchLabelKeysInPodTopologySpread,
		}, nil
	}
}

// getArgs returns the arguments as the in-tree plugin takes them.
func getArgs(obj runtime.Object) (*schedulerconfig.PodTopologySpreadArgs, error) {
	args, ok := obj.(*config.GuardedPodTopologySpreadArgs)
	if !ok {
		return nil, fmt.Errorf("want args to be of type GuardedPodTopologySpreadArgs, got %T", obj)
	}
	path := field.NewPath("pluginConfig").Key(Name).Child("args")
	if err := validation.ValidateGuardedPodTopologySpreadArgs(path, args).ToAggregate(); err != nil {
		return nil, err
	}
	return &schedulerconfig.PodTopologySpreadArgs{
		DefaultConstraints: args.DefaultConstraints,
		DefaultingType:     schedulerconfig.PodTopologySpreadConstraintsDefaulting(args.DefaultingType),
	}, nil
}
