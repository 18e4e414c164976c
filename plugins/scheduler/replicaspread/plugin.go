// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package replicaspread is the scheduler plugin ReplicaSpread: it keeps the
// replicas of a workload on different physical hosts, racks and zones, without
// the user writing anything.
//
// It takes the place of the default constraints of PodTopologySpread, which
// count every pod of the cluster for every pod that is scheduled. It only
// prefers; it never keeps a pod from being placed. Counting is done in package
// index, weighing here.
package replicaspread

import (
	"context"
	"fmt"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	fwk "k8s.io/kube-scheduler/framework"

	"github.com/evenkeel/evenkeel/api/config"
	"github.com/evenkeel/evenkeel/api/config/validation"
	"github.com/evenkeel/evenkeel/plugins/scheduler/replicaspread/index"
)

// ReplicaSpread scores nodes by the replicas of the pod's workload on the
// node's host, rack and zone.
//
// It has no Reserve, Permit or PreBind: pods that are placed but not bound are
// in the snapshot, and a plugin that holds a pod at Permit or works at PreBind
// costs one status PATCH per pod (NominatedNodeNameForExpectation). As it
// rejects nothing, it has no events to register.
type ReplicaSpread struct {
	lister  fwk.SharedLister
	index   *index.Index
	weights weights
	// labels holds the node label keys of each level.
	labels [][]string
}

var _ fwk.PreScorePlugin = &ReplicaSpread{}
var _ fwk.ScorePlugin = &ReplicaSpread{}
var _ fwk.ScoreExtensions = &ReplicaSpread{}
var _ fwk.SignPlugin = &ReplicaSpread{}

const (
	// Name is the name of the plugin in the registry and in configurations.
	Name = "ReplicaSpread"

	// preScoreStateKey is the key of what PreScore leaves for NormalizeScore.
	preScoreStateKey = "PreScore" + Name
)

// Name returns the name of the plugin.
func (pl *ReplicaSpread) Name() string {
	return Name
}

// SignPod refuses to sign a pod that is spread, so that it is never placed by
// the candidate list of the pod before it: with a list that is not drawn
// afresh, the replicas pile up on the racks of that list. Other pods do not
// depend on this plugin at all, so they are signed with nothing to add.
func (pl *ReplicaSpread) SignPod(_ context.Context, pod *corev1.Pod) ([]fwk.SignFragment, *fwk.Status) {
	if _, ok := index.WorkloadOf(pod); ok {
		return nil, fwk.NewStatus(fwk.Unschedulable, "pods whose replicas are spread are not signable")
	}
	return nil, nil
}

// New initializes a plugin with an index of its own.
func New(ctx context.Context, obj runtime.Object, h fwk.Handle) (fwk.Plugin, error) {
	return NewFactory()(ctx, obj, h)
}

// NewFactory returns a factory of the plugin. kube-scheduler calls it once per
// profile; the profiles of one scheduler that have the same levels share an
// index.
func NewFactory() func(context.Context, runtime.Object, fwk.Handle) (fwk.Plugin, error) {
	shared := &indexes{byKey: map[indexKey]*index.Index{}}
	return func(_ context.Context, obj runtime.Object, h fwk.Handle) (fwk.Plugin, error) {
		args, err := getArgs(obj)
		if err != nil {
			return nil, err
		}
		if h.SnapshotSharedLister() == nil {
			return nil, fmt.Errorf("the scheduler handed over no snapshot to count replicas in")
		}
		pl := &ReplicaSpread{
			lister:  h.SnapshotSharedLister(),
			weights: newWeights(args),
		}
		for _, level := range args.Levels {
			pl.labels = append(pl.labels, level.Labels)
		}
		pl.index = shared.get(pl.lister, pl.labels)
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

// indexes are the indexes of all profiles.
type indexes struct {
	mu    sync.Mutex
	byKey map[indexKey]*index.Index
}

// indexKey says which profiles can share an index: those that see the same
// snapshot and divide it alike. Weights may differ.
type indexKey struct {
	snapshot fwk.SharedLister
	labels   string
}

func (x *indexes) get(snapshot fwk.SharedLister, labels [][]string) *index.Index {
	x.mu.Lock()
	defer x.mu.Unlock()
	// Neither separator can be part of a label key.
	var levels []string
	for _, keys := range labels {
		levels = append(levels, strings.Join(keys, ","))
	}
	key := indexKey{snapshot: snapshot, labels: strings.Join(levels, ";")}
	if x.byKey[key] == nil {
		x.byKey[key] = index.New(labels)
	}
	return x.byKey[key]
}
