// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package guardedinterpodaffinity

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/interpodaffinity"

	"github.com/evenkeel/evenkeel/plugins/scheduler/guardedinterpodaffinity/index"
)

// matchedKey is the key of what PreFilter leaves for PreScore.
const matchedKey = "PreFilter" + Name

// matched are the kinds of terms of placed pods that match the pod.
type matched index.Kinds

// Clone implements the mandatory Clone interface.
func (m matched) Clone() fwk.StateData {
	return m
}

// PreFilter returns Skip if no required term can matter: the pod has none, and
// no required anti-affinity of a placed pod matches it. Otherwise the in-tree
// plugin decides.
//
// With Skip, the framework calls neither Filter nor the extensions AddPod and
// RemovePod, so pods that are nominated to a node, or removed from it on trial by
// preemption, are not looked at. That is what the in-tree plugin does as well: in
// the same snapshot, it finds no match either, and then it returns Skip itself.
// When it does not, see newUnmatched.
func (pl *GuardedInterPodAffinity) PreFilter(ctx context.Context, state fwk.CycleState, pod *corev1.Pod, nodes []fwk.NodeInfo) (*fwk.PreFilterResult, *fwk.Status) {
	if !isWellFormed(pod) {
		pl.decided(ctx, pod, preFilter, ownTerms)
		return pl.InterPodAffinity.PreFilter(ctx, state, pod, nodes)
	}
	m, err := pl.match(ctx, pod)
	if err != nil {
		return nil, fwk.AsStatus(err)
	}
	state.Write(matchedKey, matched(m))
	if pl.mayReach(pod) {
		state.Write(mayReachKey, mayReach{})
	}
	if hasRequiredTerms(pod) {
		pl.decided(ctx, pod, preFilter, ownTerms)
		return pl.preFilterInTree(ctx, state, pod, nodes)
	}
	if m&(index.AntiAffinity|index.HostAntiAffinity) != 0 {
		pl.decided(ctx, pod, preFilter, placedTerms)
		return pl.preFilterInTree(ctx, state, pod, nodes)
	}
	if pl.unmatched != nil && pl.index.Has()&index.HostAntiAffinity != 0 {
		pl.decided(ctx, pod, preFilter, unmatched)
		return pl.unmatched.PreFilter(ctx, state, pod, nil)
	}
	pl.decided(ctx, pod, preFilter, skipped)
	return nil, fwk.NewStatus(fwk.Skip)
}

// PreScore returns Skip if no term can bear on the scores: the pod has no
// preferred one, and no placed pod's preferred term, or required affinity if that
// has a weight, matches it. Otherwise the in-tree plugin decides.
//
// The in-tree plugin returns Skip as well if it finds no term that matches, so a
// pod that is placed from the candidates of the one before it (opportunistic
// batching) meets nothing new.
func (pl *GuardedInterPodAffinity) PreScore(ctx context.Context, state fwk.CycleState, pod *corev1.Pod, nodes []fwk.NodeInfo) *fwk.Status {
	bearing := index.Preferred
	if pl.args.HardPodAffinityWeight > 0 {
		bearing |= index.Affinity
	}
	if hasPreferredTerms(pod) {
		pl.decided(ctx, pod, preScore, ownTerms)
		if _, err := pl.match(ctx, pod); err != nil { // It may have been long ago.
			return fwk.AsStatus(err)
		}
		return pl.preScoreInTree(ctx, state, pod, nodes, bearing)
	}
	if pl.args.IgnorePreferredTermsOfExistingPods {
		pl.decided(ctx, pod, preScore, skipped)
		return fwk.NewStatus(fwk.Skip)
	}
	m, ok := readMatched(state)
	if !ok { // PreFilter did not need to know.
		var err error
		if m, err = pl.match(ctx, pod); err != nil {
			return fwk.AsStatus(err)
		}
	}
	if m&bearing != 0 {
		pl.decided(ctx, pod, preScore, placedTerms)
		return pl.preScoreInTree(ctx, state, pod, nodes, bearing)
	}
	pl.decided(ctx, pod, preScore, skipped)
	return fwk.NewStatus(fwk.Skip)
}

func readMatched(state fwk.CycleState) (index.Kinds, bool) {
	data, err := state.Read(matchedKey)
	if err != nil {
		return 0, false
	}
	m, ok := data.(matched)
	return index.Kinds(m), ok
}

// match brings the index up to date and returns the kinds of terms of placed
// pods that match the pod.
func (pl *GuardedInterPodAffinity) match(ctx context.Context, pod *corev1.Pod) (index.Kinds, error) {
	nodes, err := pl.lister.NodeInfos().HavePodsWithAffinityList()
	if err != nil {
		return 0, fmt.Errorf("listing the nodes of the snapshot that have pods with affinity: %w", err)
	}
	if pl.index.Refresh(nodes, pod.Spec.SchedulingGroup != nil) > 0 {
		pl.metrics.resized(pl.index.Size())
	}
	if pod.Spec.SchedulingGroup == nil {
		if err := pl.pods.Tidy(time.Now(), pl.lister); err != nil {
			return 0, err
		}
	}
	return pl.index.Match(pod, pl.namespaceLabels(ctx, pod)), nil
}

func (pl *GuardedInterPodAffinity) namespaceLabels(ctx context.Context, pod *corev1.Pod) func() labels.Set {
	return func() labels.Set {
		return interpodaffinity.GetNamespaceLabelsSnapshot(klog.FromContext(ctx), pod.Namespace, pl.namespaces)
	}
}

// decided counts and logs one decision of the guard.
func (pl *GuardedInterPodAffinity) decided(ctx context.Context, pod *corev1.Pod, at extensionPoint, d decision) {
	pl.metrics.decided(at, d)
	if logger := klog.FromContext(ctx).V(4); logger.Enabled() {
		logger.Info("Guarded inter-pod affinity", "pod", klog.KObj(pod), "extensionPoint", extensionPoints[at], "decision", decisions[d])
	}
}

func hasRequiredTerms(pod *corev1.Pod) bool {
	return len(fwk.GetPodAffinityTerms(pod.Spec.Affinity)) > 0 || len(fwk.GetPodAntiAffinityTerms(pod.Spec.Affinity)) > 0
}

func hasPreferredTerms(pod *corev1.Pod) bool {
	affinity := pod.Spec.Affinity
	return affinity != nil &&
		(affinity.PodAffinity != nil && len(affinity.PodAffinity.PreferredDuringSchedulingIgnoredDuringExecution) > 0 ||
			affinity.PodAntiAffinity != nil && len(affinity.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution) > 0)
}

// isWellFormed reports whether the pod's terms can be parsed. The in-tree
// PreFilter rejects a pod for a preferred term that cannot be.
func isWellFormed(pod *corev1.Pod) bool {
	if !hasPreferredTerms(pod) {
		return true
	}
	_, err := framework.NewPodInfo(pod)
	return err == nil
}
