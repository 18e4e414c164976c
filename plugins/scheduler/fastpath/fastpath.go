// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package fastpath places most pods by looking at a few well-chosen nodes, however
// many there are.
//
// It wraps Scheduler.SchedulePod. ReplicaSpread names a few candidates from its
// index; the PreFilter, Filter, PreScore and Score plugins of the profile run on
// them, through the framework, as they would on any list of nodes. A pod is
// placed here or not judged at all: whenever no candidate fits, or something is
// asked for that candidates cannot answer, the original function does its work
// from the beginning. So every verdict, event, preemption and nomination is
// kube-scheduler's.
//
// It is no plugin. It is the only package that depends on the inner workings of
// the scheduler (SchedulePod and what it is to return) rather than on its
// framework. What candidates there are is decided in ReplicaSpread.
package fastpath

import (
	"context"
	"slices"
	"time"

	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler"
	schedulerconfig "k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/metrics"

	"github.com/evenkeel/evenkeel/plugins/scheduler/replicaspread"
	"github.com/evenkeel/evenkeel/plugins/scheduler/replicaspread/index"
)

const (
	// DefaultMinNodes is the number of nodes up to which the original function is
	// left to work: it looks at all of that many anyway
	// (minFeasibleNodesToFind in k8s.io/kubernetes/pkg/scheduler/schedule_one.go).
	DefaultMinNodes = 100

	// rounds is the number of lists of candidates that are tried, each twice as
	// long as the one before. With 8 in the first, a pod that fits on one node in
	// twenty finds one among 120 in all but two of 1,000 cycles (0.95^120).
	rounds = 4
	// enough is the number of candidates that must fit for no further list to be
	// asked for. With fewer there is little to choose from.
	enough = 4
)

// Options of the fast path.
type Options struct {
	// MinNodes is the number of nodes up to which it is not taken.
	MinNodes int
	// Profiles are those of the scheduler, as configured. One that prefers some
	// nodes to others in a way that candidates do not show is left alone.
	Profiles []schedulerconfig.KubeSchedulerProfile
}

type schedulePod = func(ctx context.Context, fwk framework.Framework, state fwk.CycleState, podInfo *framework.QueuedPodInfo) (scheduler.ScheduleResult, error)

// Install puts the fast path in front of a scheduler's SchedulePod. Profiles
// without ReplicaSpread, or with no candidates in its arguments, do not take it.
func Install(ctx context.Context, sched *scheduler.Scheduler, opts Options) {
	registerMetrics()
	p := &path{original: sched.SchedulePod, minNodes: opts.MinNodes, extended: len(sched.Extenders) > 0, fit: map[string]bool{}}
	for i := range opts.Profiles {
		name := opts.Profiles[i].SchedulerName
		why := unfit(&opts.Profiles[i], sched.Profiles[name])
		p.fit[name] = why == ""
		if why != "" {
			klog.FromContext(ctx).Info("The profile does not take the fast path", "profile", name, "reason", why)
		}
	}
	sched.SchedulePod = p.schedulePod
}

// path is the fast path of one scheduler.
type path struct {
	original schedulePod
	minNodes int
	// extended says that there are extenders, which want to see all nodes.
	extended bool
	// fit are the profiles that can take it, by name.
	fit map[string]bool
	// turn breaks ties: by the order alone, the zone that is drawn first would have
	// more than its share. Scheduling cycles come one by one.
	turn int
}

// schedulePod places a pod, as Scheduler.SchedulePod does.
func (p *path) schedulePod(ctx context.Context, f framework.Framework, state fwk.CycleState, podInfo *framework.QueuedPodInfo) (scheduler.ScheduleResult, error) {
	result, why := p.try(ctx, f, state, podInfo)
	count(why)
	if why == placed {
		return result, nil
	}
	klog.FromContext(ctx).V(5).Info("Not placed by the fast path", "pod", klog.KObj(podInfo.Pod), "reason", why)
	return p.original(ctx, f, state, podInfo)
}

// try places a pod on one of the candidates. What it leaves in the state is
// overwritten by the original function, which begins with PreFilter as well.
func (p *path) try(ctx context.Context, f framework.Framework, state fwk.CycleState, podInfo *framework.QueuedPodInfo) (scheduler.ScheduleResult, reason) {
	nothing := scheduler.ScheduleResult{}
	pod := podInfo.Pod
	infos, err := f.SnapshotSharedLister().NodeInfos().List()
	if err != nil || len(infos) <= p.minNodes {
		return nothing, fewNodes
	}
	if p.extended {
		return nothing, extenders
	}
	if !p.fit[f.ProfileName()] {
		return nothing, unfitProfile
	}
	if state.IsPodGroupSchedulingCycle() || pod.Spec.SchedulingGroup != nil {
		return nothing, podGroup
	}
	if why := unanswerable(pod); why != placed {
		return nothing, why
	}
	preFilterResult, status, _ := f.RunPreFilterPlugins(ctx, state, pod)
	if !status.IsSuccess() {
		return nothing, preFilter
	}
	if !preFilterResult.AllNodes() {
		return nothing, namedNodes
	}
	source, ok := replicaspread.SourceOf(state)
	if !ok {
		return nothing, noSource
	}
	candidates, err := source.Candidates(ctx, pod)
	if err != nil {
		return nothing, failed
	}
	feasible, evaluated, why := filter(ctx, f, state, podInfo, candidates)
	if why != placed {
		return nothing, why
	}
	if len(feasible) == 1 {
		if index.Dislikes(feasible[0].Node(), pod) {
			return nothing, softTaint
		}
		return scheduler.ScheduleResult{SuggestedHost: feasible[0].Node().Name, EvaluatedNodes: evaluated, FeasibleNodes: 1}, placed
	}
	p.turn++
	host, why := best(ctx, f, state, podInfo, feasible, p.turn)
	if i := slices.IndexFunc(feasible, func(info fwk.NodeInfo) bool { return info.Node().Name == host }); i >= 0 && index.Dislikes(feasible[i].Node(), pod) {
		return nothing, softTaint
	}
	return scheduler.ScheduleResult{SuggestedHost: host, EvaluatedNodes: evaluated, FeasibleNodes: len(feasible)}, why
}

// filter returns the candidates that fit, and how many were looked at.
func filter(ctx context.Context, f framework.Framework, state fwk.CycleState, podInfo *framework.QueuedPodInfo, candidates *replicaspread.Candidates) ([]fwk.NodeInfo, int, reason) {
	start := time.Now()
	var feasible []fwk.NodeInfo
	evaluated := 0
	for range rounds {
		list := candidates.Next()
		if feasible == nil {
			feasible = make([]fwk.NodeInfo, 0, len(list))
		}
		for _, info := range list {
			status := f.RunFilterPluginsWithNominatedPods(ctx, state, podInfo.Pod, info)
			if status.Code() == fwk.Error {
				return nil, 0, failed
			}
			evaluated++
			if status.IsSuccess() {
				feasible = append(feasible, info)
			}
		}
		if len(feasible) >= enough {
			break
		}
	}
	// The framework times a Filter of one node only; that of the whole cycle is
	// the original function's to observe.
	metrics.FrameworkExtensionPointDuration.WithLabelValues(metrics.Filter, fwk.Success.String(), f.ProfileName()).Observe(metrics.SinceInSeconds(start))
	if len(feasible) == 0 {
		return nil, 0, noneFits
	}
	return feasible, evaluated, placed
}

// best returns the name of the node with the highest score, of several one in
// turn.
func best(ctx context.Context, f framework.Framework, state fwk.CycleState, podInfo *framework.QueuedPodInfo, feasible []fwk.NodeInfo, turn int) (string, reason) {
	if !f.RunPreScorePlugins(ctx, state, podInfo.Pod, feasible).IsSuccess() {
		return "", failed
	}
	scores, status := f.RunScorePlugins(ctx, state, podInfo.Pod, feasible)
	if !status.IsSuccess() || len(scores) == 0 {
		return "", failed
	}
	var winners []string
	highest := scores[0].TotalScore
	for _, s := range scores {
		if s.TotalScore > highest {
			highest, winners = s.TotalScore, winners[:0]
		}
		if s.TotalScore == highest {
			winners = append(winners, s.Name)
		}
	}
	return winners[turn%len(winners)], placed
}
