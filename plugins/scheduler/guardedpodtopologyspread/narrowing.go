// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package guardedpodtopologyspread

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/utils/ptr"

	fwk "k8s.io/kube-scheduler/framework"

	"github.com/evenkeel/evenkeel/plugins/scheduler/podindex"
)

// Narrowing, where every node counts.
//
// A constraint's count of a domain is a sum over the nodes of the domain, and a node
// without a pod that the constraint selects adds 0. So the counts come out the
// same if only the nodes with such pods are shown. The index names them; it may name
// others too, and never leaves one out.
//
// PreScore makes up its domains from the candidates, so that is all it takes.
//
// PreFilter makes them up from the nodes that it is shown, and Filter asks its state
// for three things:
//
//   - the count of a node's domain, which is 0 for one that is not in the state;
//   - the least count of a domain. It keeps the two least ones, so that one is left when
//     the count of a domain changes as pods are added or removed on trial;
//   - whether there are minDomains domains.
//
// If there are two empty domains in the state, the two least counts are 0, whichever
// other empty domains there are; and if there are minDomains, it makes no difference
// that there are more. So max(2, minDomains) empty domains stand for all of them. If
// there are not as many, all domains are shown.
//
// A node is not counted if it lacks one of the topology keys, or if the pod's node
// selector or affinity leave it out, or its taints where the constraint honours them.
// That is for the in-tree plugin to say. Nodes that do not differ in any label that
// is asked for, nor in their taints if these are, are a pool: they are left out
// together, so each pool has to show as many empty domains as would do. See
// podindex.Spread.

// leastEmpty is the number of empty domains that stand for all, unless a
// constraint's minDomains asks for more.
const leastEmpty = 2

// decisive returns the nodes that can make a difference for the required constraints
// of a pod. It reports false if they are not known.
func (pl *GuardedPodTopologySpread) decisive(pod *corev1.Pod, all []fwk.NodeInfo) ([]fwk.NodeInfo, bool) {
	constraints := constraintsOf(pod, corev1.DoNotSchedule)
	queries, ok := pl.queries(pod, constraints)
	if !ok {
		return nil, false
	}
	pool, ok := affinityKeys(pod)
	if !ok {
		return nil, false
	}
	var required []string
	for _, c := range constraints {
		required = append(required, c.TopologyKey)
	}
	slices.Sort(required)
	required = slices.Compact(required)
	now := time.Now()
	empty := make([]podindex.Empty, len(constraints))
	for i, c := range constraints {
		empty[i] = podindex.Empty{
			Layout: podindex.Layout{
				Domain: c.TopologyKey, Required: required, Pool: pool,
				Taints: ptr.Deref(c.NodeTaintsPolicy, corev1.NodeInclusionPolicyIgnore) == corev1.NodeInclusionPolicyHonor,
			},
			AtLeast: max(leastEmpty, int(ptr.Deref(c.MinDomains, 1))),
		}
		pl.pods.TrackLayout(empty[i].Layout, now)
	}
	pl.pods.Refresh(all, pod.Spec.SchedulingGroup != nil)
	if pl.most(queries, all) {
		return nil, false
	}
	return pl.pods.Spread(queries, empty)
}

// counted returns the nodes that can have pods which the preferred constraints of a
// pod select. It reports false if they are not known.
func (pl *GuardedPodTopologySpread) counted(pod *corev1.Pod, all []fwk.NodeInfo) ([]fwk.NodeInfo, bool) {
	queries, ok := pl.queries(pod, constraintsOf(pod, corev1.ScheduleAnyway))
	if !ok {
		return nil, false
	}
	pl.pods.Refresh(all, pod.Spec.SchedulingGroup != nil)
	if pl.most(queries, all) {
		return nil, false
	}
	nodes := pl.pods.Nodes(queries)
	if len(nodes) == 0 && len(all) > 0 {
		// Without any node there would be nothing to score.
		nodes = all[:1]
	}
	return nodes, true
}

// fewNodes are too few for it to matter which of them are shown.
const fewNodes = 100

// most reports whether so many nodes answer the queries that it is cheaper to show all,
// which are in a good order, than to choose.
func (pl *GuardedPodTopologySpread) most(queries []podindex.Query, all []fwk.NodeInfo) bool {
	n := pl.pods.Size(queries)
	return n > fewNodes && n > len(all)/2
}

func constraintsOf(pod *corev1.Pod, action corev1.UnsatisfiableConstraintAction) []*corev1.TopologySpreadConstraint {
	var constraints []*corev1.TopologySpreadConstraint
	for i := range pod.Spec.TopologySpreadConstraints {
		if c := &pod.Spec.TopologySpreadConstraints[i]; c.WhenUnsatisfiable == action {
			constraints = append(constraints, c)
		}
	}
	return constraints
}

// queries returns what to ask the index of pods for a pod's constraints, and makes
// the index know their keys. It reports false if a constraint can select pods that
// the index cannot find: one without a comparison for equality.
func (pl *GuardedPodTopologySpread) queries(pod *corev1.Pod, constraints []*corev1.TopologySpreadConstraint) ([]podindex.Query, bool) {
	var queries []podindex.Query
	for _, c := range constraints {
		selector, err := pl.selectorOf(pod, c)
		if err != nil {
			return nil, false // The in-tree plugin says what is wrong.
		}
		if _, selects := selector.Requirements(); !selects || selector.Empty() {
			continue // An absent selector counts no pod, nor does an empty one.
		}
		query, ok := pl.pods.Ask(selector, slices.Values([]string{pod.Namespace}), time.Now())
		if !ok {
			return nil, false
		}
		queries = append(queries, query)
	}
	if !pl.pods.Knows(queries...) {
		return nil, false
	}
	// Without a key the index knows no nodes.
	return queries, len(queries) > 0
}

// selectorOf returns the selector that the in-tree plugin counts by: with the pod's
// values of the matchLabelKeys, unless the API server has merged them already.
func (pl *GuardedPodTopologySpread) selectorOf(pod *corev1.Pod, c *corev1.TopologySpreadConstraint) (labels.Selector, error) {
	selector, err := metav1.LabelSelectorAsSelector(c.LabelSelector)
	if err != nil || !pl.mergesKeys {
		return selector, err
	}
	for _, key := range c.MatchLabelKeys {
		if value, ok := pod.Labels[key]; ok {
			same, _ := labels.SelectorFromSet(labels.Set{key: value}).Requirements()
			selector = selector.Add(same...) // An absent selector stays one.
		}
	}
	return selector, nil
}

// affinityKeys returns the node labels that a pod's node selector and required node
// affinity ask for, in order. It reports false if they ask for the node's name.
func affinityKeys(pod *corev1.Pod) ([]string, bool) {
	var keys []string
	for key := range pod.Spec.NodeSelector {
		keys = append(keys, key)
	}
	if a := pod.Spec.Affinity; a != nil && a.NodeAffinity != nil && a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution != nil {
		terms := a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
		for i := range terms {
			if len(terms[i].MatchFields) > 0 {
				return nil, false
			}
			for j := range terms[i].MatchExpressions {
				keys = append(keys, terms[i].MatchExpressions[j].Key)
			}
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys), true
}
