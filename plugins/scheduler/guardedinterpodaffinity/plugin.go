// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package guardedinterpodaffinity is the scheduler plugin
// GuardedInterPodAffinity: the in-tree InterPodAffinity behind a guard that
// answers at once when no affinity or anti-affinity term can matter for a pod.
//
// The in-tree plugin compares each pod with the terms of every placed pod that
// has any, to find in most cases that none matches. The guard looks into an
// index of the distinct terms instead. If none can matter, it returns Skip where
// the in-tree plugin would have; otherwise the in-tree plugin decides, and is shown
// the nodes that can make a difference. No verdict, reason or score differs.
//
// Knowing the terms is the part of package index, and finding pods by their labels
// that of podindex; when a term can matter is said here, in guard.go, and which
// nodes can in narrowing.go.
package guardedinterpodaffinity

import (
	"context"
	"fmt"
	"sync"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	listersv1 "k8s.io/client-go/listers/core/v1"
	fwk "k8s.io/kube-scheduler/framework"
	schedulerconfig "k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/interpodaffinity"

	"github.com/evenkeel/evenkeel/api/config"
	"github.com/evenkeel/evenkeel/api/config/validation"
	"github.com/evenkeel/evenkeel/plugins/scheduler/guardedinterpodaffinity/index"
	"github.com/evenkeel/evenkeel/plugins/scheduler/podindex"
	"github.com/evenkeel/evenkeel/plugins/scheduler/snapshotview"
)

// GuardedInterPodAffinity is the in-tree plugin with a guard before PreFilter
// and PreScore.
//
// Everything else is the in-tree plugin's own, by embedding:
//   - Filter, Score, NormalizeScore and the PreFilter extensions AddPod and
//     RemovePod run only after the in-tree PreFilter or PreScore decided, on the
//     state that it left.
//   - EventsToRegister: what can make a rejected pod schedulable does not depend
//     on how the rejection was computed. A pod that is skipped is not rejected.
//   - SignPod: pods with terms are not signed, others are by their labels, on
//     which matching depends. Whether a term of a placed pod matches must not be
//     part of a signature, which is made when a pod is queued and not renewed.
type GuardedInterPodAffinity struct {
	*interpodaffinity.InterPodAffinity

	args       config.GuardedInterPodAffinityArgs
	lister     fwk.SharedLister
	namespaces listersv1.NamespaceLister
	index      *index.Index
	pods       *podindex.Index
	// view is the snapshot as the in-tree plugin sees it.
	view    *snapshotview.View
	metrics *recorder

	// unmatched is the in-tree plugin as it is when no placed pod's term
	// matches, if it does not skip then. See unmatchedPlugin.
	unmatched *interpodaffinity.InterPodAffinity
}

var _ fwk.PreFilterPlugin = &GuardedInterPodAffinity{}
var _ fwk.FilterPlugin = &GuardedInterPodAffinity{}
var _ fwk.PreScorePlugin = &GuardedInterPodAffinity{}
var _ fwk.ScorePlugin = &GuardedInterPodAffinity{}
var _ fwk.EnqueueExtensions = &GuardedInterPodAffinity{}
var _ fwk.SignPlugin = &GuardedInterPodAffinity{}

// Name is the name of the plugin in the registry and in configurations.
const Name = "GuardedInterPodAffinity"

// Name returns the name of the plugin.
func (pl *GuardedInterPodAffinity) Name() string {
	return Name
}

// New initializes a plugin with indexes of its own.
func New(ctx context.Context, obj runtime.Object, h fwk.Handle) (fwk.Plugin, error) {
	return NewFactory(&podindex.Indexes{})(ctx, obj, h)
}

// NewFactory returns a factory of the plugin. kube-scheduler calls it once per
// profile; the profiles of one scheduler share an index of terms, whatever their
// arguments, and the index of its pods with other plugins.
func NewFactory(pods *podindex.Indexes) func(context.Context, runtime.Object, fwk.Handle) (fwk.Plugin, error) {
	shared := &indexes{bySnapshot: map[fwk.SharedLister]*index.Index{}}
	return func(ctx context.Context, obj runtime.Object, h fwk.Handle) (fwk.Plugin, error) {
		args, err := getArgs(obj)
		if err != nil {
			return nil, err
		}
		if h.SnapshotSharedLister() == nil {
			return nil, fmt.Errorf("the scheduler handed over no snapshot to find affinity terms in")
		}
		inTreeArgs := &schedulerconfig.InterPodAffinityArgs{
			HardPodAffinityWeight:              args.HardPodAffinityWeight,
			IgnorePreferredTermsOfExistingPods: args.IgnorePreferredTermsOfExistingPods,
		}
		view := snapshotview.New(h.SnapshotSharedLister())
		inTree, err := newInTree(ctx, inTreeArgs, snapshotview.Handle{Handle: h, View: view})
		if err != nil {
			return nil, err
		}
		unmatched, err := newUnmatched(ctx, inTreeArgs, h)
		if err != nil {
			return nil, err
		}
		metrics, err := newRecorder()
		if err != nil {
			return nil, err
		}
		return &GuardedInterPodAffinity{
			InterPodAffinity: inTree,
			args:             *args,
			lister:           h.SnapshotSharedLister(),
			namespaces:       h.SharedInformerFactory().Core().V1().Namespaces().Lister(),
			index:            shared.get(h.SnapshotSharedLister()),
			pods:             pods.Of(h.SnapshotSharedLister()),
			view:             view,
			metrics:          metrics,
			unmatched:        unmatched,
		}, nil
	}
}

func getArgs(obj runtime.Object) (*config.GuardedInterPodAffinityArgs, error) {
	args, ok := obj.(*config.GuardedInterPodAffinityArgs)
	if !ok {
		return nil, fmt.Errorf("want args to be of type GuardedInterPodAffinityArgs, got %T", obj)
	}
	path := field.NewPath("pluginConfig").Key(Name).Child("args")
	if err := validation.ValidateGuardedInterPodAffinityArgs(path, args).ToAggregate(); err != nil {
		return nil, err
	}
	return args, nil
}

// indexes are the indexes of terms of all profiles, one for each snapshot.
type indexes struct {
	mu         sync.Mutex
	bySnapshot map[fwk.SharedLister]*index.Index
}

func (x *indexes) get(snapshot fwk.SharedLister) *index.Index {
	x.mu.Lock()
	defer x.mu.Unlock()
	terms, ok := x.bySnapshot[snapshot]
	if !ok {
		terms = index.New()
		x.bySnapshot[snapshot] = terms
	}
	return terms
}
