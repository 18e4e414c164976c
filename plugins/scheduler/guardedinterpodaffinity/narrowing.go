// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package guardedinterpodaffinity

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework"

	"github.com/evenkeel/evenkeel/plugins/scheduler/guardedinterpodaffinity/index"
	"github.com/evenkeel/evenkeel/plugins/scheduler/guardedinterpodaffinity/podindex"
)

// Narrowing: where the in-tree plugin decides, it goes through all nodes, or all
// that have pods with affinity, and adds up what it finds. A node on which no term
// of a placed pod matches the incoming pod, and no pod is matched by a term of the
// incoming pod, adds nothing. So it is shown the other nodes only, and leaves the
// state that it would have left. It compares their pods with the terms itself: the
// indexes may name too many nodes, and never leave one out.

// snapshotView is the snapshot as the in-tree plugin sees it.
type snapshotView struct {
	fwk.SharedLister
	mu sync.Mutex
	// nodes, if narrowed, are shown in the place of every list.
	nodes    []fwk.NodeInfo
	narrowed bool
}

// show calls f while every list of the view is these nodes.
func (v *snapshotView) show(nodes []fwk.NodeInfo, f func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.nodes, v.narrowed = nodes, true
	defer func() { v.nodes, v.narrowed = nil, false }()
	f()
}

// NodeInfos implements fwk.SharedLister.
func (v *snapshotView) NodeInfos() fwk.NodeInfoLister {
	return nodeView{v.SharedLister.NodeInfos(), v}
}

type nodeView struct {
	fwk.NodeInfoLister
	view *snapshotView
}

func (n nodeView) List() ([]fwk.NodeInfo, error) {
	if n.view.narrowed {
		return n.view.nodes, nil
	}
	return n.NodeInfoLister.List()
}

func (n nodeView) HavePodsWithAffinityList() ([]fwk.NodeInfo, error) {
	if n.view.narrowed {
		return n.view.nodes, nil
	}
	return n.NodeInfoLister.HavePodsWithAffinityList()
}

func (n nodeView) HavePodsWithRequiredAntiAffinityList() ([]fwk.NodeInfo, error) {
	if n.view.narrowed {
		return n.view.nodes, nil
	}
	return n.NodeInfoLister.HavePodsWithRequiredAntiAffinityList()
}

// viewHandle is a handle with a view of the snapshot.
type viewHandle struct {
	fwk.Handle
	view *snapshotView
}

func (h viewHandle) SnapshotSharedLister() fwk.SharedLister { return h.view }

// decisive returns the nodes that can make a difference for a pod: those with
// pods that its own terms of some kind may match, and those with pods whose terms
// of the kinds match it. It reports false if they are not known.
func (pl *GuardedInterPodAffinity) decisive(ctx context.Context, pod *corev1.Pod, all []fwk.NodeInfo, own ownKind, of index.Kinds) ([]fwk.NodeInfo, bool) {
	if pl.unmatched != nil {
		// With InterPodAffinityHostnameFastPath the in-tree plugin leaves to Filter
		// what it would find on other nodes.
		return nil, false
	}
	queries, ok := pl.queries(pod, own)
	if !ok {
		return nil, false
	}
	var nodes []fwk.NodeInfo
	if len(queries) > 0 {
		pl.pods.Refresh(all, pod.Spec.SchedulingGroup != nil)
		nodes = pl.pods.Nodes(queries)
	}
	seen := make(map[fwk.NodeInfo]struct{}, len(nodes))
	for _, info := range nodes {
		seen[info] = struct{}{}
	}
	for _, info := range pl.index.NodesOf(pod, of, pl.namespaceLabels(ctx, pod)) {
		if _, ok := seen[info]; !ok {
			nodes = append(nodes, info)
		}
	}
	return nodes, true
}

// ownKind are the terms of an incoming pod that matter at an extension point.
type ownKind int

const (
	required ownKind = iota
	preferred
)

// queries returns what to ask the index of pods for an incoming pod's own terms,
// and makes the index know their keys. It reports false if a term can match pods
// that the index cannot find: one with a namespace selector, or without a
// comparison for equality.
func (pl *GuardedInterPodAffinity) queries(pod *corev1.Pod, own ownKind) ([]podindex.Query, bool) {
	if own == required && !hasRequiredTerms(pod) || own == preferred && !hasPreferredTerms(pod) {
		return nil, true
	}
	info, err := framework.NewPodInfo(pod)
	if err != nil {
		return nil, false // The in-tree plugin says what is wrong.
	}
	var terms []*fwk.AffinityTerm
	for _, list := range [][]fwk.AffinityTerm{info.GetRequiredAffinityTerms(), info.GetRequiredAntiAffinityTerms()} {
		for i := range list {
			if own == required {
				terms = append(terms, &list[i])
			}
		}
	}
	for _, list := range [][]fwk.WeightedAffinityTerm{info.GetPreferredAffinityTerms(), info.GetPreferredAntiAffinityTerms()} {
		for i := range list {
			if own == preferred {
				terms = append(terms, &list[i].AffinityTerm)
			}
		}
	}
	var queries []podindex.Query
	for _, term := range terms {
		if _, selects := term.Selector.Requirements(); !selects {
			continue // An absent selector matches no pod.
		}
		query, ok := queryOf(term)
		if !ok {
			return nil, false
		}
		pl.pods.Track(query.Key, time.Now())
		queries = append(queries, query)
	}
	// More keys than there is room for push out one another.
	for _, query := range queries {
		if !pl.pods.Knows(query.Key) {
			return nil, false
		}
	}
	return queries, true
}

const (
	// tidyEvery is how often the index of pods is brought up to date though no pod
	// asks, so that it does not hold on to pods that are gone.
	tidyEvery = time.Second
	// keepKeys is how long a label key is indexed that no pod asks for.
	keepKeys = 10 * time.Minute
)

// tidy keeps the index of pods from growing old.
func (pl *GuardedInterPodAffinity) tidy(onTrial bool) error {
	now := time.Now()
	if onTrial || !pl.pods.Tracks() || now.Sub(pl.tidied) < tidyEvery {
		return nil
	}
	pl.tidied = now
	all, err := pl.lister.NodeInfos().List()
	if err != nil {
		return fmt.Errorf("listing the nodes of the snapshot: %w", err)
	}
	pl.pods.Expire(now.Add(-keepKeys))
	pl.pods.Refresh(all, false)
	return nil
}

// queryOf asks for the pods with the value, or one of the values, of one label
// that a term compares, in its namespaces: of several, that with the fewest values,
// and of those the last, since selectors are sorted by key and the general ones
// (app.kubernetes.io/instance) come before the particular (app.kubernetes.io/name).
func queryOf(term *fwk.AffinityTerm) (podindex.Query, bool) {
	if _, selects := term.NamespaceSelector.Requirements(); selects {
		return podindex.Query{}, false
	}
	requirements, _ := term.Selector.Requirements()
	var best *labels.Requirement
	for i := range requirements {
		r := &requirements[i]
		switch r.Operator() {
		case selection.Equals, selection.DoubleEquals, selection.In:
			if best == nil || len(r.ValuesUnsorted()) <= len(best.ValuesUnsorted()) {
				best = r
			}
		}
	}
	if best == nil {
		return podindex.Query{}, false
	}
	q := podindex.Query{Key: best.Key()}
	for namespace := range term.Namespaces {
		for _, value := range best.ValuesUnsorted() {
			q.Values = append(q.Values, podindex.Value{Namespace: namespace, Value: value})
		}
	}
	return q, true
}

// preFilterInTree has the in-tree plugin decide, on as few nodes as will do.
func (pl *GuardedInterPodAffinity) preFilterInTree(ctx context.Context, state fwk.CycleState, pod *corev1.Pod, all []fwk.NodeInfo) (result *fwk.PreFilterResult, status *fwk.Status) {
	nodes, ok := pl.decisive(ctx, pod, all, required, index.AntiAffinity|index.HostAntiAffinity)
	if !ok {
		pl.metrics.shown(everyNode)
		return pl.InterPodAffinity.PreFilter(ctx, state, pod, all)
	}
	pl.metrics.shown(decisiveNodes)
	pl.view.show(nodes, func() { result, status = pl.InterPodAffinity.PreFilter(ctx, state, pod, nodes) })
	return result, status
}

// preScoreInTree has the in-tree plugin find what bears on the scores, on as few
// nodes as will do.
func (pl *GuardedInterPodAffinity) preScoreInTree(ctx context.Context, state fwk.CycleState, pod *corev1.Pod, candidates []fwk.NodeInfo, of index.Kinds) (status *fwk.Status) {
	all, err := pl.lister.NodeInfos().List()
	if err != nil {
		return fwk.AsStatus(fmt.Errorf("listing the nodes of the snapshot: %w", err))
	}
	nodes, ok := pl.decisive(ctx, pod, all, preferred, of)
	if !ok {
		pl.metrics.shown(everyNode)
		return pl.InterPodAffinity.PreScore(ctx, state, pod, candidates)
	}
	pl.metrics.shown(decisiveNodes)
	pl.view.show(nodes, func() { status = pl.InterPodAffinity.PreScore(ctx, state, pod, candidates) })
	if MayReach(state) && (status.IsSuccess() || status.IsSkip()) {
		state.Write(reachKey, &reachBasis{pl: pl, pod: pod, nodes: nodes, skipped: status.IsSkip()})
	}
	return status
}
