// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package side

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework"
)

// Transcript is what a side says, by what it is about.
type Transcript map[string]string

// Judgement is what the plugins of the profile say about a pod and every node of
// the snapshot.
type Judgement struct {
	// Said has the verdict of PreFilter and of Filter for each node.
	Said Transcript
	// Nodes has the verdict of each node: the status code, plugin and reasons.
	Nodes map[string]string
	// Feasible are the nodes that the pod may be placed on.
	Feasible []fwk.NodeInfo
	// Scores are the weighted scores of the feasible nodes, by node and plugin,
	// if there are several; Totals are their sums.
	Scores map[string]map[string]int64
	Totals map[string]int64

	state fwk.CycleState
}

// Judge asks the plugins about all nodes, those too that a cycle would not look
// at because it has found enough or because of a PreFilterResult.
func (s *Side) Judge(ctx context.Context, pod *corev1.Pod) (*Judgement, error) {
	defer s.enter()()
	j, result, err := s.filter(ctx, pod)
	if err != nil || j.Nodes == nil {
		return j, err
	}
	feasible := j.Feasible
	j.Feasible = nil
	for _, info := range feasible {
		if result.AllNodes() || result.NodeNames.Has(info.Node().Name) {
			j.Feasible = append(j.Feasible, info)
		}
	}
	if len(j.Feasible) > 1 {
		s.score(ctx, pod, j)
	}
	return j, nil
}

// Verdicts returns the verdict of each node, or the one of PreFilter, and nothing
// else: whether it is the same for a pod with a constraint less.
func (s *Side) Verdicts(ctx context.Context, pod *corev1.Pod) (Transcript, error) {
	defer s.enter()()
	j, _, err := s.filter(ctx, pod)
	if err != nil {
		return nil, err
	}
	return j.Said, nil
}

// VerdictsWithoutNominated returns the nodes that would be feasible but for pods
// that are nominated to them.
func (s *Side) VerdictsWithoutNominated(ctx context.Context, pod *corev1.Pod, j *Judgement) ([]string, error) {
	defer s.enter()()
	infos, err := s.snapshot.NodeInfos().List()
	if err != nil || j.Nodes == nil {
		return nil, err
	}
	var nodes []string
	for _, info := range infos {
		name := info.Node().Name
		if _, rejected := j.Nodes[name]; rejected && len(s.queue.NominatedPodsForNode(name)) > 0 &&
			s.framework.RunFilterPlugins(ctx, j.state, pod, info).IsSuccess() {
			nodes = append(nodes, name)
		}
	}
	return nodes, nil
}

func (s *Side) filter(ctx context.Context, pod *corev1.Pod) (*Judgement, *fwk.PreFilterResult, error) {
	j := &Judgement{Said: Transcript{}, state: framework.NewCycleState()}
	infos, err := s.snapshot.NodeInfos().List()
	if err != nil {
		return nil, nil, fmt.Errorf("listing the nodes of the snapshot: %w", err)
	}
	result, status, rejecting := s.framework.RunPreFilterPlugins(ctx, j.state, pod)
	j.Said["PreFilter"] = text(status)
	j.Said["PreFilter: plugins that leave out nodes"] = names(rejecting)
	if !result.AllNodes() {
		j.Said["PreFilter: nodes that are left"] = names(result.NodeNames)
	}
	if !status.IsSuccess() {
		return j, result, nil
	}
	j.Nodes = map[string]string{}
	for _, info := range infos {
		name := info.Node().Name
		status := s.framework.RunFilterPluginsWithNominatedPods(ctx, j.state, pod, info)
		j.Said["Filter of "+name] = text(status)
		if status.IsSuccess() {
			j.Feasible = append(j.Feasible, info)
		} else {
			j.Nodes[name] = text(status)
		}
	}
	return j, result, nil
}

func (s *Side) score(ctx context.Context, pod *corev1.Pod, j *Judgement) {
	status := s.framework.RunPreScorePlugins(ctx, j.state, pod, j.Feasible)
	j.Said["PreScore"] = text(status)
	if !status.IsSuccess() {
		return
	}
	scores, status := s.framework.RunScorePlugins(ctx, j.state, pod, j.Feasible)
	j.Said["Score"] = text(status)
	j.Scores, j.Totals = map[string]map[string]int64{}, map[string]int64{}
	for _, node := range scores {
		j.Scores[node.Name], j.Totals[node.Name] = map[string]int64{}, node.TotalScore
		for _, score := range node.Scores {
			j.Scores[node.Name][equivalents.Replace(score.Name)] = score.Score
		}
	}
}

// Best returns the feasible nodes with the highest total score, in order.
func (j *Judgement) Best() []string {
	var best []string
	if j.Totals == nil {
		for _, info := range j.Feasible {
			best = append(best, info.Node().Name)
		}
	}
	for node, total := range j.Totals {
		if len(best) > 0 && total < j.Totals[best[0]] {
			continue
		}
		if len(best) > 0 && total > j.Totals[best[0]] {
			best = best[:0]
		}
		best = append(best, node)
	}
	slices.Sort(best)
	return best
}

// text returns a status with its plugin and all reasons.
func text(status *fwk.Status) string {
	if status.IsSuccess() {
		return "Success"
	}
	return inTree(fmt.Sprintf("%s by %s: %s", status.Code(), status.Plugin(), strings.Join(status.Reasons(), "; ")))
}

func names(set sets.Set[string]) string {
	named := make([]string, 0, len(set))
	for name := range set {
		named = append(named, equivalents.Replace(name))
	}
	slices.Sort(named)
	return strings.Join(named, ", ")
}
