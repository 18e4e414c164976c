// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package fastpath places most pods by looking at a few well-chosen nodes, however
// many there are.
//
// It wraps Scheduler.SchedulePod. ReplicaSpread names a few candidates from its
// index; the PreFilter, Filter, PreScore and Score plugins of the profile run on
// them, through the framework, as they would on any list of nodes. A pod is
// placed here or not judged at all: whenever no candidate fits, or something is
// asked for that candidates cannot answer, the original function does its work,
// on all nodes; PreFilter alone does not run again. So every verdict, event,
// preemption and nomination is kube-scheduler's.
//
// It is no plugin. It is the only package that depends on the inner workings of
// the scheduler (SchedulePod and what it is to return) rather than on its
// framework. What candidates there are is decided in ReplicaSpread.
package fastpath

import (
	"context"

	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler"
	schedulerconfig "k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/names"

	"github.com/evenkeel/evenkeel/plugins/scheduler/guardedinterpodaffinity"
	"github.com/evenkeel/evenkeel/plugins/scheduler/replicaspread"
	"github.com/evenkeel/evenkeel/plugins/scheduler/replicaspread/index"
)

// DefaultMinNodes is the number of nodes up to which the original function is left to
// work: it looks at all of that many anyway (minFeasibleNodesToFind in
// k8s.io/kubernetes/pkg/scheduler/schedule_one.go).
const DefaultMinNodes = 100

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
	p := &path{original: sched.SchedulePod, minNodes: opts.MinNodes, extended: len(sched.Extenders) > 0, fit: map[string]bool{}, allocating: map[string]bool{}}
	for i := range opts.Profiles {
		name := opts.Profiles[i].SchedulerName
		why := unfit(&opts.Profiles[i], sched.Profiles[name])
		p.fit[name] = why == ""
		p.allocating[name] = why == "" && allocates(sched.Profiles[name])
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
	// fit are the profiles that can take it, by name, and allocating those that
	// allocate devices.
	fit, allocating map[string]bool
	// turn breaks ties: by the order alone, the zone that is drawn first would have
	// more than its share. Scheduling cycles come one by one.
	turn int
}

// schedulePod places a pod, as Scheduler.SchedulePod does.
func (p *path) schedulePod(ctx context.Context, f framework.Framework, state fwk.CycleState, podInfo *framework.QueuedPodInfo) (scheduler.ScheduleResult, error) {
	once := &preFilterOnce{Framework: f}
	result, why := p.try(ctx, once, state, podInfo)
	count(why)
	if why == placed {
		return result, nil
	}
	klog.FromContext(ctx).V(5).Info("Not placed by the fast path", "pod", klog.KObj(podInfo.Pod), "reason", why)
	return p.original(ctx, once, state, podInfo)
}

// try places a pod on one of the candidates. What PreFilter leaves in the state is
// for the original function as well; what PreScore leaves, it overwrites.
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
	if p.allocating[f.ProfileName()] && !state.GetSkipFilterPlugins().Has(names.DynamicResources) {
		// It names no claim, so it requests an extended resource that a DeviceClass
		// stands behind.
		return nothing, devices
	}
	source, ok := replicaspread.SourceOf(state)
	if !ok {
		return nothing, noSource
	}
	wanting := prefersPods(pod)
	if wanting && !guardedinterpodaffinity.MayReach(state) {
		return nothing, preferences
	}
	candidates, err := source.Candidates(ctx, pod)
	if err != nil {
		return nothing, failed
	}
	c := &cycle{f: f, state: state, podInfo: podInfo, candidates: candidates}
	if why := c.filter(ctx, enough); why != placed {
		return nothing, why
	}
	if wanting {
		if why := c.reach(ctx); why != placed {
			return nothing, why
		}
	}
	if len(c.feasible) > 1 {
		p.turn++
	}
	host, why := c.best(ctx, p.turn)
	if why != placed {
		return nothing, why
	}
	if index.Dislikes(host.Node(), pod) {
		return nothing, softTaint
	}
	c.observe()
	return scheduler.ScheduleResult{SuggestedHost: host.Node().Name, EvaluatedNodes: c.evaluated, FeasibleNodes: len(c.feasible)}, placed
}
