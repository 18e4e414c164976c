// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package guardedpodtopologyspread

import (
	"k8s.io/component-base/metrics"

	"github.com/evenkeel/evenkeel/plugins/scheduler/pluginmetrics"
)

// extensionPoint is a place where the guard chooses nodes.
type extensionPoint int

const (
	preFilter extensionPoint = iota
	preScore
)

// extensionPoints are the values of the label extension_point.
var extensionPoints = [...]string{preFilter: "PreFilter", preScore: "PreScore"}

// view is what the in-tree plugin was shown.
type view int

const (
	// decisiveNodes: only nodes that can make a difference.
	decisiveNodes view = iota
	// everyNode: all nodes.
	everyNode
)

// views are the values of the label nodes.
var views = [...]string{decisiveNodes: "decisive", everyNode: "all"}

// recorder writes the plugin's metrics.
type recorder struct {
	views [len(extensionPoints)][len(views)]metrics.CounterMetric
}

// newRecorder registers the metric of the plugin with the registry that the
// scheduler serves, or takes the one that is registered: the registry is the
// process's, a recorder the profile's.
func newRecorder() (*recorder, error) {
	shown, err := pluginmetrics.Register(Name, metrics.NewCounterVec(&metrics.CounterOpts{
		Namespace: "evenkeel",
		Subsystem: "scheduler",
		Name:      "guarded_podtopologyspread_delegations_total",
		Help: "Number of pods with topologySpreadConstraints of their own for which the in-tree plugin counted, by the extension point " +
			"(PreFilter for DoNotSchedule, PreScore for ScheduleAnyway) and by the nodes that it was shown: decisive (only those that can make a difference), " +
			"or all (for a pod with a constraint that compares no label for equality, with node affinity by the name of nodes, or if most nodes may have pods that count).",
		StabilityLevel: metrics.ALPHA,
	}, []string{"extension_point", "nodes"}))
	if err != nil {
		return nil, err
	}
	r := &recorder{}
	for at, extensionPoint := range extensionPoints {
		for v, nodes := range views {
			r.views[at][v] = shown.WithLabelValues(extensionPoint, nodes)
		}
	}
	return r, nil
}

func (r *recorder) shown(at extensionPoint, v view) { r.views[at][v].Inc() }
