// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package guardedinterpodaffinity

import (
	"context"
	"fmt"
	"maps"
	"time"

	corev1 "k8s.io/api/core/v1"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework"

	"github.com/evenkeel/evenkeel/plugins/scheduler/guardedinterpodaffinity/index"
	"github.com/evenkeel/evenkeel/plugins/scheduler/podindex"
)

// Narrowing: where the in-tree plugin decides, it goes through all nodes, or all
// that have pods with affinity, and adds up what it finds. A node on which no term
// of a placed pod matches the incoming pod, and no pod is matched by a term of the
// incoming pod, adds nothing. So it is shown the other nodes only, and leaves the
// state that it would have left. It compares their pods with the terms itself: the
// indexes may name too many nodes, and never leave one out.

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
		query, ok := pl.queryOf(term)
		if !ok {
			return nil, false
		}
		queries = append(queries, query)
	}
	if !pl.pods.Knows(queries...) {
		return nil, false
	}
	return queries, true
}

// queryOf asks for the pods that a term may match. Those of namespaces that are
// selected by their labels the index cannot find.
func (pl *GuardedInterPodAffinity) queryOf(term *fwk.AffinityTerm) (podindex.Query, bool) {
	if _, selects := term.NamespaceSelector.Requirements(); selects {
		return podindex.Query{}, false
	}
	return pl.pods.Ask(term.Selector, maps.Keys(term.Namespaces), time.Now())
}

// preFilterInTree has the in-tree plugin decide, on as few nodes as will do.
func (pl *GuardedInterPodAffinity) preFilterInTree(ctx context.Context, state fwk.CycleState, pod *corev1.Pod, all []fwk.NodeInfo) (result *fwk.PreFilterResult, status *fwk.Status) {
	nodes, ok := pl.decisive(ctx, pod, all, required, index.AntiAffinity|index.HostAntiAffinity)
	if !ok {
		pl.metrics.shown(everyNode)
		return pl.InterPodAffinity.PreFilter(ctx, state, pod, all)
	}
	pl.metrics.shown(decisiveNodes)
	pl.view.Show(nodes, func() { result, status = pl.InterPodAffinity.PreFilter(ctx, state, pod, nodes) })
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
	pl.view.Show(nodes, func() { status = pl.InterPodAffinity.PreScore(ctx, state, pod, candidates) })
	if MayReach(state) && (status.IsSuccess() || status.IsSkip()) {
		state.Write(reachKey, &reachBasis{pl: pl, pod: pod, nodes: nodes, skipped: status.IsSkip()})
	}
	return status
}
