// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replicaspread

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"

	"github.com/evenkeel/evenkeel/plugins/scheduler/replicaspread/index"
)

// preScoreState is computed at PreScore and used at NormalizeScore.
type preScoreState struct {
	// nodes are the names of the candidates; counts are in the same order.
	nodes  []string
	counts []index.Counts
	// active tells the levels that count for this pod.
	active [index.MaxLevels]bool
	// hasFamily says that the workload is a revision of something.
	hasFamily bool
}

// Clone implements the mandatory Clone interface. The state is never changed
// after PreScore, so it is not copied.
func (s *preScoreState) Clone() fwk.StateData {
	return s
}

// PreScore brings the index up to date and takes the counts of all candidates.
//
// A pod that is not spread gets Skip. That is safe with opportunistic batching,
// which would mix up scores if Skip differed between pods of one signature: a
// pod that is spread has no signature (see SignPod), so all pods of any one
// signature are skipped.
func (pl *ReplicaSpread) PreScore(ctx context.Context, state fwk.CycleState, pod *corev1.Pod, nodes []fwk.NodeInfo) *fwk.Status {
	workload, ok := pl.counter.index.WorkloadOf(pod)
	if !ok {
		return fwk.NewStatus(fwk.Skip)
	}
	read := 0
	if _, err := state.Read(preFilterStateKey); err != nil {
		// Otherwise PreFilter has done it, in the same cycle.
		if read, err = pl.counter.refresh(ctx, pod, false); err != nil {
			return fwk.AsStatus(err)
		}
	}
	s := &preScoreState{
		nodes:     make([]string, len(nodes)),
		counts:    pl.counter.index.Count(workload, nodes),
		hasFamily: workload.Family != "",
	}
	for i, node := range nodes {
		s.nodes[i] = node.Node().Name
	}
	for level, keys := range pl.labels {
		s.active[level] = !declares(pod, keys)
	}
	state.Write(preScoreStateKey, s)
	if logger := klog.FromContext(ctx).V(4); logger.Enabled() {
		size := pl.counter.index.Size()
		logger.Info("Counted replicas", "pod", klog.KObj(pod), "candidates", len(nodes), "nodesRead", read,
			"nodes", size.Nodes, "workloads", size.Workloads, "families", size.Families)
	}
	return nil
}

// Score leaves everything to NormalizeScore: what a count is worth depends on
// the counts of the other candidates.
func (pl *ReplicaSpread) Score(context.Context, fwk.CycleState, *corev1.Pod, fwk.NodeInfo) (int64, *fwk.Status) {
	return 0, nil
}

// NormalizeScore scores the candidates. See rank.
func (pl *ReplicaSpread) NormalizeScore(ctx context.Context, state fwk.CycleState, pod *corev1.Pod, scores fwk.NodeScoreList) *fwk.Status {
	s, err := getPreScoreState(state)
	if err != nil {
		return fwk.AsStatus(err)
	}
	counts, err := s.countsFor(scores)
	if err != nil {
		return fwk.AsStatus(err)
	}
	penalties := pl.weights.penalties(counts, s.active, s.hasFamily)
	for i, score := range rank(penalties, counts, string(pod.UID)) {
		scores[i].Score = score
	}
	if logger := klog.FromContext(ctx).V(5); logger.Enabled() {
		for i := range scores {
			logger.Info("Scored node by its replicas", "pod", klog.KObj(pod), "node", klog.KRef("", scores[i].Name), "score", scores[i].Score,
				"penaltyPercent", 100*penalties[i], "own", counts[i].Own, "family", counts[i].Family, "leaving", counts[i].Leaving)
		}
	}
	return nil
}

// ScoreExtensions of the Score plugin.
func (pl *ReplicaSpread) ScoreExtensions() fwk.ScoreExtensions {
	return pl
}

// countsFor returns the counts in the order of the scores. The framework keeps
// the order of the candidates, but its contract does not say so; a name that
// PreScore did not get is an error rather than a guess.
func (s *preScoreState) countsFor(scores fwk.NodeScoreList) ([]index.Counts, error) {
	if len(scores) == len(s.nodes) {
		same := true
		for i := range scores {
			if scores[i].Name != s.nodes[i] {
				same = false
				break
			}
		}
		if same {
			return s.counts, nil
		}
	}
	at := make(map[string]int, len(s.nodes))
	for i, name := range s.nodes {
		at[name] = i
	}
	counts := make([]index.Counts, len(scores))
	for i := range scores {
		j, ok := at[scores[i].Name]
		if !ok {
			return nil, fmt.Errorf("node %q is to be scored but was not among the candidates at PreScore", scores[i].Name)
		}
		counts[i] = s.counts[j]
	}
	return counts, nil
}

func getPreScoreState(state fwk.CycleState) (*preScoreState, error) {
	c, err := state.Read(preScoreStateKey)
	if err != nil {
		return nil, fmt.Errorf("reading %q from the cycle state: %w", preScoreStateKey, err)
	}
	s, ok := c.(*preScoreState)
	if !ok {
		return nil, fmt.Errorf("%q in the cycle state is a %T, want *replicaspread.preScoreState", preScoreStateKey, c)
	}
	return s, nil
}
