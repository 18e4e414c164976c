// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package fastpath

import (
	"context"
	"time"

	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/metrics"

	"github.com/evenkeel/evenkeel/plugins/scheduler/guardedinterpodaffinity"
	"github.com/evenkeel/evenkeel/plugins/scheduler/replicaspread"
)

const (
	// rounds is the number of lists of candidates that are tried, each twice as
	// long as the one before. With 4 in the first, a pod that fits on one node in
	// twenty finds one among 124 in all but two of 1,000 cycles (0.95^124).
	rounds = 5
	// enough is the number of candidates that must fit for no further list to be
	// asked for: the emptier of two has most of what there is to gain by choosing
	// (Mitzenmacher, The Power of Two Choices in Randomized Load Balancing, 2001).
	enough = 2
)

// cycle is a scheduling cycle from its first candidate to the one that is chosen.
type cycle struct {
	f          framework.Framework
	state      fwk.CycleState
	podInfo    *framework.QueuedPodInfo
	candidates *replicaspread.Candidates

	// lists is the number of lists of candidates that were asked for, and evaluated
	// that of the candidates in them; feasible are those that fit.
	lists, evaluated int
	feasible         []fwk.NodeInfo
	// filtering is how long Filter took.
	filtering time.Duration
	// scored says that PreScore has run, and not before the last list.
	scored bool
}

// filter asks for lists of candidates until so many fit or there are no further
// ones.
func (c *cycle) filter(ctx context.Context, fit int) reason {
	start := time.Now()
	defer func() { c.filtering += time.Since(start) }()
	for ; c.lists < rounds && len(c.feasible) < fit; c.lists++ {
		list := c.candidates.Next()
		if c.feasible == nil {
			c.feasible = make([]fwk.NodeInfo, 0, len(list))
		}
		for _, info := range list {
			status := c.f.RunFilterPluginsWithNominatedPods(ctx, c.state, c.podInfo.Pod, info)
			if status.Code() == fwk.Error {
				return failed
			}
			c.evaluated++
			if status.IsSuccess() {
				c.feasible = append(c.feasible, info)
				c.scored = false
			}
		}
	}
	if len(c.feasible) == 0 {
		return noneFits
	}
	return placed
}

// observe notes how long Filter took, as the original function does once in each
// cycle. The framework times the Filter of single nodes only.
func (c *cycle) observe() {
	metrics.FrameworkExtensionPointDuration.WithLabelValues(metrics.Filter, fwk.Success.String(), c.f.ProfileName()).Observe(c.filtering.Seconds())
}

// reach asks for lists of candidates until one that fits is as good as any node, by
// the pod's preferred inter-pod terms and those of others that bear on it. Which of
// the candidates is taken is then for all scores together to say, as ever.
func (c *cycle) reach(ctx context.Context) reason {
	if why := c.preScore(ctx); why != placed {
		return why
	}
	// What PreScore finds by these terms does not depend on the candidates.
	reach, known := guardedinterpodaffinity.ReachOf(ctx, c.state)
	if !known {
		return preferences
	}
	for looked := 0; ; looked++ {
		if looked == len(c.feasible) {
			if why := c.filter(ctx, looked+1); why != placed {
				return why
			}
		}
		if looked == len(c.feasible) {
			return preferences
		}
		if reach.Has(ctx, c.feasible[looked]) {
			return placed
		}
	}
}

// preScore runs the PreScore plugins on the candidates that fit, unless they have.
func (c *cycle) preScore(ctx context.Context) reason {
	if c.scored {
		return placed
	}
	if !c.f.RunPreScorePlugins(ctx, c.state, c.podInfo.Pod, c.feasible).IsSuccess() {
		return failed
	}
	c.scored = true
	return placed
}

// best returns the candidate with the highest score, of several one in turn. One
// that is alone is not scored, as it is not by the original function.
func (c *cycle) best(ctx context.Context, turn int) (fwk.NodeInfo, reason) {
	if len(c.feasible) == 1 {
		return c.feasible[0], placed
	}
	if why := c.preScore(ctx); why != placed {
		return nil, why
	}
	scores, status := c.f.RunScorePlugins(ctx, c.state, c.podInfo.Pod, c.feasible)
	if !status.IsSuccess() || len(scores) != len(c.feasible) {
		return nil, failed
	}
	// The scores are in the order of the nodes.
	return c.feasible[winner(scores, turn)], placed
}

// winner returns the position of the highest score, of several one in turn.
func winner(scores []fwk.NodePluginScores, turn int) int {
	var winners []int
	highest := scores[0].TotalScore
	for i := range scores {
		if scores[i].TotalScore > highest {
			highest, winners = scores[i].TotalScore, winners[:0]
		}
		if scores[i].TotalScore == highest {
			winners = append(winners, i)
		}
	}
	return winners[turn%len(winners)]
}
