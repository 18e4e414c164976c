// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replicaspread

import (
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/util"

	"github.com/evenkeel/evenkeel/plugins/scheduler/replicaspread/index"
)

// EventsToRegister returns the events that may make a pod schedulable that was
// held back by a cap.
//
// A replica that begins to terminate no longer counts, but that is no event of
// its own: it would be any update of any placed pod, each of which would be held
// against all unschedulable pods. The pod waits until the replica is gone.
//
// None has a PreQueueingHintFn (feature gate SchedulerPreQueueingHints, alpha).
// With one, the queue of v1.37 looks only at the pods that it names, those that
// were rejected by plugins without one included: pods that wait for resources
// would miss the deletions that they wait for. TestPreQueueingHintStarvesOthers
// fails once that is otherwise.
func (pl *ReplicaSpread) EventsToRegister(context.Context) ([]fwk.ClusterEventWithHint, error) {
	// Deleted: a replica less. Added: a percentage is of one replica more, or was
	// of fewer when the pod was tried; a new replica that nobody has placed is no
	// event, but it has the same caps, and is placed or held back as well.
	pods := fwk.Add | fwk.Delete
	if pl.counter.index.CountsByLabel() {
		// A pod that takes its label off is a replica no more.
		pods |= fwk.UpdatePodLabel
	}
	return []fwk.ClusterEventWithHint{
		{Event: fwk.ClusterEvent{Resource: fwk.AssignedPod, ActionType: pods}, QueueingHintFn: pl.isSchedulableAfterAssignedPodChange},
		// A new node may be in a domain with room. A deleted one takes its pods out
		// of its domains. With new labels, both may be.
		{Event: fwk.ClusterEvent{Resource: fwk.Node, ActionType: fwk.Add | fwk.Delete | fwk.UpdateNodeLabel}, QueueingHintFn: pl.isSchedulableAfterNodeChange},
		// Annotations have no event of their own.
		{Event: fwk.ClusterEvent{Resource: fwk.TargetPod, ActionType: fwk.Update}, QueueingHintFn: pl.isSchedulableAfterTargetPodUpdate},
	}, nil
}

func (pl *ReplicaSpread) isSchedulableAfterAssignedPodChange(logger klog.Logger, pod *corev1.Pod, oldObj, newObj any) (fwk.QueueingHint, error) {
	oldPod, newPod, err := util.As[*corev1.Pod](oldObj, newObj)
	if err != nil {
		return fwk.Queue, err
	}
	caps, err := capsOf(pod, pl.levels)
	workload, ok := pl.counter.index.WorkloadOf(pod)
	if err != nil || !ok {
		return fwk.QueueSkip, nil // No other pod mends the annotation.
	}
	isOwn := func(p *corev1.Pod) bool {
		if p == nil {
			return false
		}
		w, ok := pl.counter.index.WorkloadOf(p)
		return ok && w.ID == workload.ID
	}
	was, is := isOwn(oldPod), isOwn(newPod)
	switch {
	case was && !is:
		logger.V(5).Info("A replica is gone, so the pod may be within its caps", "pod", klog.KObj(pod), "replica", klog.KObj(oldPod))
		return fwk.Queue, nil
	case is && !was && slices.ContainsFunc(caps, func(c limit) bool { return c.percent }):
		logger.V(5).Info("There is one replica more, so the pod may be within its percentages", "pod", klog.KObj(pod), "replica", klog.KObj(newPod))
		return fwk.Queue, nil
	}
	return fwk.QueueSkip, nil
}

// isSchedulableAfterNodeChange goes by the index as of the last cycle. Where that
// is out of date, it has the pods that were placed since to be added, which makes
// no node fit, or replicas that are gone to be removed, whose deletion was an
// event of its own.
func (pl *ReplicaSpread) isSchedulableAfterNodeChange(logger klog.Logger, pod *corev1.Pod, oldObj, newObj any) (fwk.QueueingHint, error) {
	oldNode, newNode, err := util.As[*corev1.Node](oldObj, newObj)
	if err != nil {
		return fwk.Queue, err
	}
	caps, err := capsOf(pod, pl.levels)
	workload, ok := pl.counter.index.WorkloadOf(pod)
	if err != nil || !ok {
		return fwk.QueueSkip, nil
	}
	moved := func(c limit) bool {
		return pl.domains(oldNode)[c.level] != pl.domains(newNode)[c.level]
	}
	if oldNode != nil && newNode != nil && !slices.ContainsFunc(caps, moved) {
		return fwk.QueueSkip, nil // In the same domains as before.
	}
	if oldNode != nil && pl.counter.index.PodsOn(workload.ID, oldNode.Name) > 0 {
		logger.V(5).Info("A node with replicas left its domains, so the pod may be within its caps", "pod", klog.KObj(pod), "node", klog.KObj(oldNode))
		return fwk.Queue, nil
	}
	if newNode == nil {
		return fwk.QueueSkip, nil
	}
	replicas, err := pl.replicas.of(workload.ID, pl.counter.index.ViewOf(workload.ID, false).Pods(), caps)
	if err != nil {
		return fwk.Queue, err
	}
	names := pl.domains(newNode)
	for _, c := range caps {
		if pl.counter.index.PodsIn(workload.ID, c.level, names[c.level])+1 > c.pods(replicas) {
			return fwk.QueueSkip, nil // A full domain has a node more.
		}
	}
	logger.V(5).Info("A node is in domains with room, so the pod may be within its caps", "pod", klog.KObj(pod), "node", klog.KObj(newNode))
	return fwk.Queue, nil
}

func (pl *ReplicaSpread) domains(node *corev1.Node) []string {
	return index.DomainNames(pl.counter.index.Levels(), node)
}

func (pl *ReplicaSpread) isSchedulableAfterTargetPodUpdate(logger klog.Logger, pod *corev1.Pod, oldObj, newObj any) (fwk.QueueingHint, error) {
	oldPod, newPod, err := util.As[*corev1.Pod](oldObj, newObj)
	if err != nil {
		return fwk.Queue, err
	}
	oldCaps, oldErr := capsOf(oldPod, pl.levels)
	newCaps, newErr := capsOf(newPod, pl.levels)
	oldWorkload, _ := pl.counter.index.WorkloadOf(oldPod)
	newWorkload, _ := pl.counter.index.WorkloadOf(newPod)
	if slices.Equal(oldCaps, newCaps) && (oldErr == nil) == (newErr == nil) && oldWorkload.ID == newWorkload.ID {
		return fwk.QueueSkip, nil
	}
	logger.V(5).Info("The pod's caps or its workload changed", "pod", klog.KObj(pod))
	return fwk.Queue, nil
}
