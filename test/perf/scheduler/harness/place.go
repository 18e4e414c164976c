// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/helper"

	"github.com/evenkeel/evenkeel/test/perf/scheduler/cluster"
)

// patience is how long a binding that ends in memory may take before the run is
// given up.
const patience = time.Minute

// Place schedules pods as they arrive in a burst and returns them with their
// nodes. It does what a scheduler in a cluster does, in this order: the watch
// events of the new pods put them into the queue, each is scheduled in a cycle
// of its own and bound beside it, and the watch events of the bindings confirm
// the pods in the cache. cycle is called with the time that each cycle took.
//
// A pod that is not placed is an error.
func (s *Scheduler) Place(ctx context.Context, pods []*corev1.Pod, cycle func(time.Duration)) ([]*corev1.Pod, error) {
	logger := klog.FromContext(ctx)
	// Binding cycles report here without waiting for anybody.
	s.outcomes = make(chan outcome, len(pods))
	for _, pod := range pods {
		s.sched.SchedulingQueue.Add(ctx, pod)
	}
	for range pods {
		start := time.Now()
		s.sched.ScheduleOne(ctx)
		cycle(time.Since(start))
	}
	nodes, err := s.await(ctx, len(pods))
	if err != nil {
		return nil, fmt.Errorf("profile %s: %w", s.Name, err)
	}
	placed := make([]*corev1.Pod, len(pods))
	for i, pod := range pods {
		node, ok := nodes[string(pod.UID)]
		if _, known := s.nodes[node]; !ok || !known {
			return nil, fmt.Errorf("profile %s: pod %s was put on node %q, which does not exist", s.Name, klog.KObj(pod), node)
		}
		if placed[i], err = s.confirm(logger, pod, node); err != nil {
			return nil, fmt.Errorf("profile %s: confirming pod %s: %w", s.Name, klog.KObj(pod), err)
		}
	}
	return placed, nil
}

// await collects what became of n pods.
func (s *Scheduler) await(ctx context.Context, n int) (map[string]string, error) {
	nodes := make(map[string]string, n)
	giveUp := time.NewTimer(patience)
	defer giveUp.Stop()
	for range n {
		select {
		case o := <-s.outcomes:
			if o.err != nil {
				return nil, fmt.Errorf("pod %s was not placed: %w", klog.KObj(o.pod), o.err)
			}
			nodes[string(o.pod.UID)] = o.node
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-giveUp.C:
			return nil, fmt.Errorf("%d of %d pods were neither placed nor refused within %s", n-len(nodes), n, patience)
		}
	}
	return nodes, nil
}

// confirm does what the handlers of upstream's eventhandlers.go do when the
// update with the pod's node arrives (updatePod): the pod that was assumed is
// confirmed in the cache, pods that wait for such an event are looked for, and
// the pod itself is taken out of the queue, should it still be there.
func (s *Scheduler) confirm(logger klog.Logger, pod *corev1.Pod, node string) (*corev1.Pod, error) {
	bound := *pod
	bound.Spec.NodeName = node
	if err := s.sched.Cache.AddPod(logger, &bound); err != nil {
		return nil, err
	}
	s.sched.SchedulingQueue.MoveAllToActiveOrBackoffQueue(logger, framework.EventAssignedPodAdd, nil, &bound, nil)
	s.sched.SchedulingQueue.Delete(logger, pod)
	return &bound, nil
}

// Check reports what would make the figures of a workload wrong: a request to
// the API server, or default spreading that has nothing to spread by.
func (s *Scheduler) Check(w *cluster.Workload) error {
	if n := s.requests.Load(); n > 0 {
		return fmt.Errorf("profile %s: %d requests to the API server were made, which is work that is not measured", s.Name, n)
	}
	if w.Service == nil {
		return nil
	}
	// The selector by which PodTopologySpread counts with its default
	// constraints, found by the same function in the same listers.
	selector := helper.DefaultSelector(w.Pod(0, s.schedulerName),
		s.informers.Core().V1().Services().Lister(),
		s.informers.Core().V1().ReplicationControllers().Lister(),
		s.informers.Apps().V1().ReplicaSets().Lister(),
		s.informers.Apps().V1().StatefulSets().Lister())
	if selector.Empty() {
		return errors.New("the listers know neither Service nor ReplicaSet of a pod, so the default profile would not spread it")
	}
	return nil
}
