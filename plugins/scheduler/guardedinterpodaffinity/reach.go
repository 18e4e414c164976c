// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package guardedinterpodaffinity

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework"
)

// Reach: how well the preferred terms of a pod can be answered at best. A scheduler
// that looks at a few nodes only asks whether one of them is as good as any other
// could be, by these terms; if so, it need not look at the others for their sake.

const (
	// mayReachKey is the key of what PreFilter leaves for MayReach.
	mayReachKey = "MayReach" + Name
	// reachKey is the key of what PreScore leaves for ReachOf.
	reachKey = "Reach" + Name
)

// mayReach says that ReachOf will know.
type mayReach struct{}

// Clone implements the mandatory Clone interface.
func (m mayReach) Clone() fwk.StateData { return m }

// MayReach reports, after PreFilter has run in the cycle that the state is of,
// whether it is worth asking ReachOf after PreScore.
func MayReach(state fwk.CycleState) bool {
	_, err := state.Read(mayReachKey)
	return err == nil
}

// mayReach reports whether a pod has preferred terms that can only match pods on
// nodes which the index can name.
func (pl *GuardedInterPodAffinity) mayReach(pod *corev1.Pod) bool {
	if pl.unmatched != nil || !hasPreferredTerms(pod) {
		return false
	}
	queries, ok := pl.queries(pod, preferred)
	return ok && len(queries) > 0
}

// reachBasis is what a Reach is made of, if it is asked for.
type reachBasis struct {
	pl  *GuardedInterPodAffinity
	pod *corev1.Pod
	// nodes are those that the in-tree plugin was shown.
	nodes []fwk.NodeInfo
	// skipped says that it found nothing, so that all nodes are equal.
	skipped bool
}

// Clone implements the mandatory Clone interface.
func (b *reachBasis) Clone() fwk.StateData { return b }

// Reach is the best score, before it is normalized, that any node can have by the
// inter-pod terms which bear on a pod.
type Reach struct {
	basis *reachBasis
	state fwk.CycleState
	best  int64
}

// ReachOf returns the reach of a pod with preferred terms of its own, after PreScore
// has run in the cycle that the state is of; false if it is not known: because the
// profile has no GuardedInterPodAffinity, or because the terms can match pods
// anywhere.
func ReachOf(ctx context.Context, state fwk.CycleState) (*Reach, bool) {
	data, err := state.Read(reachKey)
	if err != nil {
		return nil, false
	}
	basis, ok := data.(*reachBasis)
	if !ok {
		return nil, false
	}
	r := &Reach{basis: basis, state: state}
	if basis.skipped {
		return r, true
	}
	return r, r.add(ctx)
}

// Has reports whether a node is as good for the pod, by these terms, as any can be.
// With terms over several topology keys there may be no such node: the best domain
// of one key need not meet that of another.
func (r *Reach) Has(ctx context.Context, node fwk.NodeInfo) bool {
	if r.basis.skipped {
		return true
	}
	score, status := r.basis.pl.Score(ctx, r.state, r.basis.pod, node)
	return status.IsSuccess() && score >= r.best
}

// add adds up, over the topology keys, the score of the best domain of each. What
// the in-tree plugin adds to a domain, it adds for a pod on one of the nodes that it
// was shown, so all other domains have nothing. The score of a domain is that of a
// node which has no label but this one.
func (r *Reach) add(ctx context.Context) bool {
	// PreScore has brought it up to date.
	pods := r.basis.pl.pods
	info := framework.NewNodeInfo()
	for key := range r.keys() {
		if !pods.TrackTopology(key, time.Now()) {
			return false
		}
		scores := map[string]int64{}
		best, first := int64(0), true
		for _, node := range r.basis.nodes {
			value, ok := node.Node().Labels[key]
			if _, seen := scores[value]; seen || !ok {
				continue
			}
			info.SetNode(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{key: value}}})
			score, status := r.basis.pl.Score(ctx, r.state, r.basis.pod, info)
			if !status.IsSuccess() {
				return false
			}
			scores[value] = score
			if first || score > best {
				best, first = score, false
			}
		}
		if values, someWithout := pods.Domains(key); someWithout || values > len(scores) {
			best = max(best, 0)
		}
		r.best += best
	}
	return true
}

// keys returns the topology keys that may have a score: those of the pod's preferred
// terms, and those of the terms that the placed pods score by.
func (r *Reach) keys() map[string]struct{} {
	keys := map[string]struct{}{}
	weighted := func(terms []corev1.WeightedPodAffinityTerm) {
		for i := range terms {
			keys[terms[i].PodAffinityTerm.TopologyKey] = struct{}{}
		}
	}
	if a := r.basis.pod.Spec.Affinity.PodAffinity; a != nil {
		weighted(a.PreferredDuringSchedulingIgnoredDuringExecution)
	}
	if a := r.basis.pod.Spec.Affinity.PodAntiAffinity; a != nil {
		weighted(a.PreferredDuringSchedulingIgnoredDuringExecution)
	}
	for _, node := range r.basis.nodes {
		for _, placed := range node.GetPodsWithAffinity() {
			for _, terms := range [][]fwk.WeightedAffinityTerm{placed.GetPreferredAffinityTerms(), placed.GetPreferredAntiAffinityTerms()} {
				for i := range terms {
					keys[terms[i].TopologyKey] = struct{}{}
				}
			}
			for _, term := range placed.GetRequiredAffinityTerms() {
				keys[term.TopologyKey] = struct{}{}
			}
		}
	}
	return keys
}
