// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package replicaspread is the scheduler plugin ReplicaSpread: it keeps the
// replicas of a workload on different physical hosts, racks and zones, without
// the user writing anything, and within the caps that a user does write.
//
// It takes the place of the default constraints of PodTopologySpread, which
// count every pod of the cluster for every pod that is scheduled. Counting is
// done in package index; weighing (scoring.go, rank.go) and ruling out
// (filtering.go, caps.go, requeueing.go) here. README.md says how to use it.
package replicaspread

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	fwk "k8s.io/kube-scheduler/framework"

	"github.com/evenkeel/evenkeel/api/config"
	"github.com/evenkeel/evenkeel/api/config/validation"
	"github.com/evenkeel/evenkeel/plugins/scheduler/replicaspread/index"
)

// ReplicaSpread scores nodes by the replicas of the pod's workload on the
// node's host, rack and zone, and rules out those where the pod would exceed a
// cap that it declares.
//
// It has no Permit or PreBind: a plugin that holds a pod at Permit or works at
// PreBind costs one status PATCH per pod (NominatedNodeNameForExpectation). Its
// Reserve only remembers the node to look at next; pods that are placed but not
// bound are in the snapshot.
type ReplicaSpread struct {
	counter  *counter
	replicas *replicas
	weights  weights
	// levels are the levels by name, and labels the node label keys of each.
	levels []config.LevelName
	labels [][]string
	// candidates is the number of candidates in the first list of the fast path.
	candidates int32
	// self is what PreFilter leaves for SourceOf.
	self fwk.StateData
}

var _ fwk.PreFilterPlugin = &ReplicaSpread{}
var _ fwk.FilterPlugin = &ReplicaSpread{}
var _ fwk.PreFilterExtensions = &ReplicaSpread{}
var _ fwk.PreScorePlugin = &ReplicaSpread{}
var _ fwk.ScorePlugin = &ReplicaSpread{}
var _ fwk.ScoreExtensions = &ReplicaSpread{}
var _ fwk.ReservePlugin = &ReplicaSpread{}
var _ fwk.EnqueueExtensions = &ReplicaSpread{}
var _ fwk.SignPlugin = &ReplicaSpread{}

const (
	// Name is the name of the plugin in the registry and in configurations.
	Name = "ReplicaSpread"

	// preFilterStateKey is the key of what PreFilter leaves for Filter, and
	// preScoreStateKey of what PreScore leaves for NormalizeScore.
	preFilterStateKey = "PreFilter" + Name
	preScoreStateKey  = "PreScore" + Name
)

// Name returns the name of the plugin.
func (pl *ReplicaSpread) Name() string {
	return Name
}

// SignPod refuses to sign a pod that is spread, so that it is never placed by
// the candidate list of the pod before it: with a list that is not drawn
// afresh, the replicas pile up on the racks of that list. A pod with a cap is
// not signed either, as which nodes fit depends on where its replicas are. Other
// pods do not depend on this plugin at all, so they are signed with nothing to
// add.
func (pl *ReplicaSpread) SignPod(_ context.Context, pod *corev1.Pod) ([]fwk.SignFragment, *fwk.Status) {
	if _, ok := pl.counter.index.WorkloadOf(pod); ok {
		return nil, fwk.NewStatus(fwk.Unschedulable, "pods whose replicas are spread are not signable")
	}
	if caps, err := capsOf(pod, pl.levels); err != nil || len(caps) > 0 {
		return nil, fwk.NewStatus(fwk.Unschedulable, "pods whose replicas are capped are not signable")
	}
	return nil, nil
}

// Reserve makes the next cycle look at the node that the pod was placed on.
func (pl *ReplicaSpread) Reserve(_ context.Context, _ fwk.CycleState, pod *corev1.Pod, nodeName string) *fwk.Status {
	if _, ok := pl.counter.index.WorkloadOf(pod); ok {
		pl.counter.index.Touch(nodeName)
	}
	return nil
}

// Unreserve makes the next cycle look at the node that the pod is not placed on
// after all. The scheduler takes it out of its cache only afterwards; when that
// has not happened by the next cycle, the next comparison of all nodes tells.
func (pl *ReplicaSpread) Unreserve(ctx context.Context, state fwk.CycleState, pod *corev1.Pod, nodeName string) {
	pl.Reserve(ctx, state, pod, nodeName)
}

// New initializes a plugin with an index of its own.
func New(ctx context.Context, obj runtime.Object, h fwk.Handle) (fwk.Plugin, error) {
	return NewFactory()(ctx, obj, h)
}

// NewFactory returns a factory of the plugin. kube-scheduler calls it once per
// profile; the profiles of one scheduler that count alike share an index.
func NewFactory() func(context.Context, runtime.Object, fwk.Handle) (fwk.Plugin, error) {
	shared := &counters{byKey: map[counterKey]*counter{}}
	return func(ctx context.Context, obj runtime.Object, h fwk.Handle) (fwk.Plugin, error) {
		args, err := getArgs(obj)
		if err != nil {
			return nil, err
		}
		if h.SnapshotSharedLister() == nil {
			return nil, fmt.Errorf("the scheduler handed over no snapshot to count replicas in")
		}
		registerMetrics()
		pl := &ReplicaSpread{weights: newWeights(args), candidates: args.Candidates}
		pl.self = source{pl}
		counting := index.Config{Identity: index.Identity{WorkloadKeys: args.WorkloadKeys, FamilyKeys: args.FamilyKeys}}
		for _, level := range args.Levels {
			pl.levels = append(pl.levels, level.Name)
			pl.labels = append(pl.labels, level.Labels)
			counting.Levels = append(counting.Levels, index.Level{Labels: level.Labels, Nested: level.Nested})
		}
		for _, kind := range args.IncludeKinds {
			counting.Identity.Kinds = append(counting.Identity.Kinds, string(kind))
		}
		pl.counter = shared.get(ctx, h.SnapshotSharedLister(), counting, pl.levels)
		pl.counter.recountEvery(int(args.RecountEvery))
		if pl.replicas, err = newReplicas(h.SharedInformerFactory(), counting.Identity); err != nil {
			return nil, err
		}
		return pl, nil
	}
}

func getArgs(obj runtime.Object) (*config.ReplicaSpreadArgs, error) {
	args, ok := obj.(*config.ReplicaSpreadArgs)
	if !ok {
		return nil, fmt.Errorf("want args to be of type ReplicaSpreadArgs, got %T", obj)
	}
	path := field.NewPath("pluginConfig").Key(Name).Child("args")
	if err := validation.ValidateReplicaSpreadArgs(path, args).ToAggregate(); err != nil {
		return nil, err
	}
	return args, nil
}
