// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package guardedpodtopologyspread

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	fwk "k8s.io/kube-scheduler/framework"
)

// PreFilter has the in-tree plugin count the pods that the required constraints
// select, on as few nodes as will do.
func (pl *GuardedPodTopologySpread) PreFilter(ctx context.Context, state fwk.CycleState, pod *corev1.Pod, all []fwk.NodeInfo) (*fwk.PreFilterResult, *fwk.Status) {
	if err := pl.tidy(pod); err != nil {
		return nil, fwk.AsStatus(err)
	}
	if !declares(pod, corev1.DoNotSchedule) {
		// It skips the pod, or counts by default constraints.
		return pl.PodTopologySpread.PreFilter(ctx, state, pod, all)
	}
	nodes, ok := pl.decisive(pod, all)
	if !ok {
		pl.metrics.shown(preFilter, everyNode)
		return pl.PodTopologySpread.PreFilter(ctx, state, pod, all)
	}
	pl.metrics.shown(preFilter, decisiveNodes)
	return pl.PodTopologySpread.PreFilter(ctx, state, pod, nodes)
}

// PreScore has the in-tree plugin count the pods that the preferred constraints
// select, on as few nodes as will do.
func (pl *GuardedPodTopologySpread) PreScore(ctx context.Context, state fwk.CycleState, pod *corev1.Pod, candidates []fwk.NodeInfo) (status *fwk.Status) {
	if !declares(pod, corev1.ScheduleAnyway) {
		return pl.PodTopologySpread.PreScore(ctx, state, pod, candidates)
	}
	all, err := pl.lister.NodeInfos().List()
	if err != nil {
		return fwk.AsStatus(fmt.Errorf("listing the nodes of the snapshot: %w", err))
	}
	nodes, ok := pl.counted(pod, all)
	if !ok {
		pl.metrics.shown(preScore, everyNode)
		return pl.PodTopologySpread.PreScore(ctx, state, pod, candidates)
	}
	pl.metrics.shown(preScore, decisiveNodes)
	pl.view.Show(nodes, func() { status = pl.PodTopologySpread.PreScore(ctx, state, pod, candidates) })
	return status
}

// tidy keeps the index of pods from growing old.
func (pl *GuardedPodTopologySpread) tidy(pod *corev1.Pod) error {
	if pod.Spec.SchedulingGroup != nil {
		return nil // Pods may be placed on trial.
	}
	return pl.pods.Tidy(time.Now(), pl.lister)
}

// declares reports whether a pod has a constraint of its own of a kind. Of a pod
// that has any, the default constraints are not asked.
func declares(pod *corev1.Pod, action corev1.UnsatisfiableConstraintAction) bool {
	for i := range pod.Spec.TopologySpreadConstraints {
		if pod.Spec.TopologySpreadConstraints[i].WhenUnsatisfiable == action {
			return true
		}
	}
	return false
}
