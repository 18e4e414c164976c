// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replicaspread

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
	corev1helpers "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"

	"github.com/evenkeel/evenkeel/plugins/scheduler/replicaspread/index"
)

// preFilterState is computed at PreFilter and used at Filter. Preemption and
// nominated pods change clones of it through AddPod and RemovePod.
type preFilterState struct {
	// workload is the ID of the workload that is counted, and view its pods as of
	// PreFilter.
	workload string
	view     *index.View
	caps     []podCap
	// deltas are the pods that were added to the view and removed from it since.
	// There are few: only pods of the same workload count.
	deltas []delta
}

// podCap is a cap as it is in this cycle.
type podCap struct {
	level int
	most  int32
	// reason is why a node where it would be exceeded is ruled out.
	reason string
	// hit says that there was such a node. It is shared by all clones.
	hit *atomic.Bool
}

// delta is a change of the number of pods in a domain of a level.
type delta struct {
	level  int
	domain index.Domain
	pods   int32
}

// Clone implements the mandatory Clone interface.
func (s *preFilterState) Clone() fwk.StateData {
	if s == nil {
		return nil
	}
	c := *s
	c.deltas = slices.Clone(s.deltas)
	return &c
}

// PreFilter reads the caps of the pod and counts its replicas. A pod without caps
// gets Skip, so that Filter is not called for it.
//
// A cap that cannot be understood rules out all nodes: the pod waits, with an
// event that says what is wrong, until the annotation is mended.
func (pl *ReplicaSpread) PreFilter(ctx context.Context, state fwk.CycleState, pod *corev1.Pod, _ []fwk.NodeInfo) (*fwk.PreFilterResult, *fwk.Status) {
	if pod.Spec.NodeName != "" {
		// Placed already, and only here to get more resources on its node.
		return nil, fwk.NewStatus(fwk.Skip)
	}
	if pl.candidates > 0 {
		state.Write(candidatesStateKey, pl.self)
	}
	caps, err := capsOf(pod, pl.levels)
	if err != nil {
		return nil, fwk.NewStatus(fwk.UnschedulableAndUnresolvable, err.Error())
	}
	// A pod that is nobody's replica is the only one of its kind: it exceeds no
	// cap.
	workload, ok := pl.counter.index.WorkloadOf(pod)
	if len(caps) == 0 || !ok {
		return nil, fwk.NewStatus(fwk.Skip)
	}
	read, err := pl.counter.refresh(ctx, pod, true)
	if err != nil {
		return nil, fwk.AsStatus(err)
	}
	// The states of a pod group's pods are asked again after further pods of the
	// group were placed on trial, which changes the index.
	s := &preFilterState{workload: workload.ID, view: pl.counter.index.ViewOf(workload.ID, pod.Spec.SchedulingGroup != nil)}
	replicas, err := pl.replicas.of(workload.ID, s.view.Pods(), caps)
	if err != nil {
		return nil, fwk.AsStatus(err)
	}
	name := pl.counter.index.WorkloadName(pod)
	for _, c := range caps {
		s.caps = append(s.caps, podCap{level: c.level, most: c.pods(replicas), reason: c.reason(replicas, name), hit: &atomic.Bool{}})
	}
	state.Write(preFilterStateKey, s)
	klog.FromContext(ctx).V(4).Info("Counted replicas for caps", "pod", klog.KObj(pod), "nodesRead", read, "placed", s.view.Pods(), "replicas", replicas)
	return nil, nil
}

// PreFilterExtensions returns the plugin itself, which keeps the state right when
// pods are added and removed on trial.
func (pl *ReplicaSpread) PreFilterExtensions() fwk.PreFilterExtensions {
	return pl
}

// AddPod counts a pod that is added to a node on trial.
func (pl *ReplicaSpread) AddPod(_ context.Context, state fwk.CycleState, _ *corev1.Pod, podInfo fwk.PodInfo, nodeInfo fwk.NodeInfo) *fwk.Status {
	return pl.count(state, podInfo.GetPod(), nodeInfo, 1)
}

// RemovePod stops counting a pod that is removed from a node on trial.
func (pl *ReplicaSpread) RemovePod(_ context.Context, state fwk.CycleState, _ *corev1.Pod, podInfo fwk.PodInfo, nodeInfo fwk.NodeInfo) *fwk.Status {
	return pl.count(state, podInfo.GetPod(), nodeInfo, -1)
}

// count changes the state by a pod on a node. All levels go by the state, the
// host too: a host may be several nodes, and the NodeInfo of another node than
// the one in question is not changed when its pods are removed on trial.
func (pl *ReplicaSpread) count(state fwk.CycleState, pod *corev1.Pod, nodeInfo fwk.NodeInfo, pods int32) *fwk.Status {
	s, err := getPreFilterState(state)
	if err != nil {
		return fwk.AsStatus(err)
	}
	if !pl.isReplica(pod, s.workload) {
		return nil
	}
	where, _, err := s.view.Around(nodeInfo.Node().Name)
	if err != nil {
		return fwk.AsStatus(err)
	}
	for _, c := range s.caps {
		s.count(c.level, where[c.level], pods)
	}
	return nil
}

// isReplica reports whether a pod counts as one of the workload: a terminating
// one does not.
func (pl *ReplicaSpread) isReplica(pod *corev1.Pod, workload string) bool {
	w, ok := pl.counter.index.WorkloadOf(pod)
	return ok && w.ID == workload && pod.DeletionTimestamp == nil
}

func (s *preFilterState) count(level int, domain index.Domain, pods int32) {
	for i := range s.deltas {
		if d := &s.deltas[i]; d.level == level && d.domain == domain {
			d.pods += pods
			return
		}
	}
	s.deltas = append(s.deltas, delta{level, domain, pods})
}

// delta returns the change of the number of pods in a domain.
func (s *preFilterState) delta(level int, domain index.Domain) int32 {
	for _, d := range s.deltas {
		if d.level == level && d.domain == domain {
			return d.pods
		}
	}
	return 0
}

// Filter rules out a node where the pod would exceed one of its caps.
//
// The status says whether preemption can help: only if so many replicas on this
// very node have a lower priority than the pod that without them no cap is
// exceeded. As replicas nearly always have one priority, it nearly never can, and
// the nodes of a full rack are not tried in vain.
func (pl *ReplicaSpread) Filter(_ context.Context, state fwk.CycleState, pod *corev1.Pod, nodeInfo fwk.NodeInfo) *fwk.Status {
	s, err := getPreFilterState(state)
	if err != nil {
		return fwk.AsStatus(err)
	}
	where, pods, err := s.view.Around(nodeInfo.Node().Name)
	if err != nil {
		return fwk.AsStatus(err)
	}
	var reasons []string
	excess := int32(0)
	for _, c := range s.caps {
		over := pods[c.level] + s.delta(c.level, where[c.level]) + 1 - c.most
		if over <= 0 {
			continue
		}
		reasons = append(reasons, c.reason)
		excess = max(excess, over)
		if !c.hit.Load() && !c.hit.Swap(true) {
			capsHit.WithLabelValues(string(pl.levels[c.level])).Inc()
		}
	}
	if excess == 0 {
		return nil
	}
	if pl.preemptible(pod, s.workload, nodeInfo) < excess {
		return fwk.NewStatus(fwk.UnschedulableAndUnresolvable, reasons...)
	}
	return fwk.NewStatus(fwk.Unschedulable, reasons...)
}

// preemptible returns the number of replicas on a node that the pod could
// preempt.
func (pl *ReplicaSpread) preemptible(pod *corev1.Pod, workload string, nodeInfo fwk.NodeInfo) int32 {
	priority, n := corev1helpers.PodPriority(pod), int32(0)
	for _, other := range nodeInfo.GetPods() {
		if corev1helpers.PodPriority(other.GetPod()) < priority && pl.isReplica(other.GetPod(), workload) {
			n++
		}
	}
	return n
}

func getPreFilterState(state fwk.CycleState) (*preFilterState, error) {
	c, err := state.Read(preFilterStateKey)
	if err != nil {
		return nil, fmt.Errorf("reading %q from the cycle state: %w", preFilterStateKey, err)
	}
	s, ok := c.(*preFilterState)
	if !ok {
		return nil, fmt.Errorf("%q in the cycle state is a %T, want *replicaspread.preFilterState", preFilterStateKey, c)
	}
	return s, nil
}
