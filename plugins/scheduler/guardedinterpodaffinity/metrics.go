// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package guardedinterpodaffinity

import (
	"k8s.io/component-base/metrics"

	"github.com/evenkeel/evenkeel/plugins/scheduler/guardedinterpodaffinity/index"
	"github.com/evenkeel/evenkeel/plugins/scheduler/pluginmetrics"
)

// extensionPoint is a place where the guard decides.
type extensionPoint int

const (
	preFilter extensionPoint = iota
	preScore
)

// extensionPoints are the values of the label extension_point.
var extensionPoints = [...]string{preFilter: "PreFilter", preScore: "PreScore"}

// decision is what the guard decided for one pod at one extension point.
type decision int

const (
	// skipped: no term can matter.
	skipped decision = iota
	// ownTerms: the in-tree plugin decides because of the pod's own terms.
	ownTerms
	// placedTerms: the in-tree plugin decides because of placed pods' terms.
	placedTerms
	// unmatched: no term of a placed pod matches, but nominated pods are yet to
	// be looked at. See newUnmatched.
	unmatched
)

// decisions are the values of the label decision.
var decisions = [...]string{skipped: "skipped", ownTerms: "own_terms", placedTerms: "placed_terms", unmatched: "unmatched"}

// view is what the in-tree plugin was shown.
type view int

const (
	// decisiveNodes: only nodes that can make a difference.
	decisiveNodes view = iota
	// everyNode: all nodes, or all that have pods with affinity.
	everyNode
)

// views are the values of the label nodes.
var views = [...]string{decisiveNodes: "decisive", everyNode: "all"}

// recorder writes the plugin's metrics.
type recorder struct {
	views     [len(views)]metrics.CounterMetric
	decisions [len(extensionPoints)][len(decisions)]metrics.CounterMetric

	nodes, pods, declarations, classes metrics.GaugeMetric
}

// newRecorder registers the metrics of the plugin with the registry that the
// scheduler serves. The profiles of a process share them.
func newRecorder() (*recorder, error) {
	pods, err := pluginmetrics.Register(Name, metrics.NewCounterVec(&metrics.CounterOpts{
		Namespace: "evenkeel",
		Subsystem: "scheduler",
		Name:      "guarded_interpodaffinity_decisions_total",
		Help: "Number of pods for which GuardedInterPodAffinity decided at an extension point. " +
			"decision is skipped (no affinity term can matter), own_terms or placed_terms (the in-tree plugin decided, because of the pod's own terms or those of placed pods), " +
			"or unmatched (only pods nominated to a node can matter; with the feature gate InterPodAffinityHostnameFastPath).",
		StabilityLevel: metrics.ALPHA,
	}, []string{"extension_point", "decision"}))
	if err != nil {
		return nil, err
	}
	size, err := pluginmetrics.Register(Name, metrics.NewGaugeVec(&metrics.GaugeOpts{
		Namespace: "evenkeel",
		Subsystem: "scheduler",
		Name:      "guarded_interpodaffinity_index_size",
		Help: "Size of the index of affinity terms, by what is counted: nodes and pods that have affinity or anti-affinity, " +
			"declarations (distinct sets of terms of a pod) and classes (distinct namespaces and selectors).",
		StabilityLevel: metrics.ALPHA,
	}, []string{"of"}))
	if err != nil {
		return nil, err
	}
	shown, err := pluginmetrics.Register(Name, metrics.NewCounterVec(&metrics.CounterOpts{
		Namespace: "evenkeel",
		Subsystem: "scheduler",
		Name:      "guarded_interpodaffinity_delegations_total",
		Help: "Number of times that the in-tree plugin decided, by the nodes that it was shown: decisive (only those that can make a difference), " +
			"or all (for a pod with a term that has a namespace selector, or compares no label for equality).",
		StabilityLevel: metrics.ALPHA,
	}, []string{"nodes"}))
	if err != nil {
		return nil, err
	}
	r := &recorder{
		nodes:        size.WithLabelValues("nodes"),
		pods:         size.WithLabelValues("pods"),
		declarations: size.WithLabelValues("declarations"),
		classes:      size.WithLabelValues("classes"),
	}
	for at, extensionPoint := range extensionPoints {
		for d, decision := range decisions {
			r.decisions[at][d] = pods.WithLabelValues(extensionPoint, decision)
		}
	}
	for v, nodes := range views {
		r.views[v] = shown.WithLabelValues(nodes)
	}
	return r, nil
}

func (r *recorder) shown(v view) { r.views[v].Inc() }

func (r *recorder) decided(at extensionPoint, d decision) {
	r.decisions[at][d].Inc()
}

func (r *recorder) resized(size index.Size) {
	r.nodes.Set(float64(size.Nodes))
	r.pods.Set(float64(size.Pods))
	r.declarations.Set(float64(size.Declarations))
	r.classes.Set(float64(size.Classes))
}
