// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package side

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler"
	"k8s.io/kubernetes/pkg/scheduler/framework"
)

// Attempt is what came of one attempt to place a pod.
type Attempt struct {
	// Said has the outcome, and all that is said of a pod that fits nowhere.
	Said Transcript
	// Host is the node that was chosen, or empty.
	Host string
	// Looked is the number of feasible nodes that were found. It is one if the
	// node that the pod is nominated to, or that batching hinted at, was taken
	// without looking further.
	Looked int
	// Preemption is there if the pod fits nowhere.
	Preemption *Preemption

	info   *framework.QueuedPodInfo
	status *fwk.Status
	start  time.Time
}

// Schedule makes an attempt, the way that a scheduling cycle does: SchedulePod,
// and PostFilter if the pod fits nowhere. Neither is the pod assumed nor the queue
// told.
func (s *Side) Schedule(ctx context.Context, info *framework.QueuedPodInfo) (*Attempt, error) {
	defer s.enter()()
	a := &Attempt{Said: Transcript{}, info: info, start: time.Now()}
	state := framework.NewCycleState()
	state.Write(framework.PodsToActivateKey, framework.NewPodsToActivate())
	result, err := s.sched.SchedulePod(ctx, s.framework, state, info)
	var fit *framework.FitError
	switch {
	case err == nil:
		a.Host, a.Looked = result.SuggestedHost, result.FeasibleNodes
		a.Said["outcome"] = "placed"
		return a, nil
	case errors.Is(err, scheduler.ErrNoNodesAvailable):
		a.status = fwk.NewStatus(fwk.UnschedulableAndUnresolvable).WithError(err)
	case errors.As(err, &fit):
		s.explain(a, fit)
		if a.Preemption, err = s.preempt(ctx, state, info.Pod, fit); err != nil {
			return nil, err
		}
		fit.Diagnosis.PostFilterMsg = a.Preemption.message
		a.status = fwk.NewStatus(fwk.Unschedulable).WithError(fit)
	default:
		a.status = fwk.AsStatus(err)
	}
	a.Said["outcome"] = "failed: " + text(a.status)
	if a.Preemption != nil {
		// Of equal nodes, either may be nominated.
		a.Said["outcome"] = a.Preemption.anonymous(a.Said["outcome"])
	}
	return a, nil
}

// explain tells of a FitError.
func (s *Side) explain(a *Attempt, fit *framework.FitError) {
	d := fit.Diagnosis
	a.Said["message of PreFilter"] = inTree(d.PreFilterMsg)
	a.Said["plugins that found it unschedulable"] = names(d.UnschedulablePlugins)
	a.Said["plugins that wait"] = names(d.PendingPlugins)
	a.Said["status of other nodes"] = text(d.NodeToStatus.AbsentNodesStatus())
	d.NodeToStatus.ForEachExplicitNode(func(node string, status *fwk.Status) {
		a.Said["status of "+node] = text(status)
	})
}

// Pod returns the pod that was tried.
func (a *Attempt) Pod() *corev1.Pod { return a.info.Pod }

// Nominating returns what was decided about the nomination of the pod, but with
// another node of those that are as good, if there is one.
func (a *Attempt) Nominating(node string) *fwk.NominatingInfo {
	switch {
	case a.Preemption == nil:
		return &fwk.NominatingInfo{NominatingMode: fwk.ModeOverride}
	case node == "" || a.Preemption.nominating == nil:
		return a.Preemption.nominating
	}
	return &fwk.NominatingInfo{NominatedNodeName: node, NominatingMode: a.Preemption.nominating.NominatingMode}
}

// Unnominated reports whether the pod no longer is nominated to a node.
func (a *Attempt) Unnominated() bool {
	nominating := a.Nominating("")
	return nominating.Mode() == fwk.ModeOverride && nominating.NominatedNodeName == ""
}

// Give tells the queue, and whoever watches the pod's events, that an attempt
// failed, and that the pod is nominated to a node, if any. It returns the events.
func (s *Side) Give(ctx context.Context, a *Attempt, nominated *fwk.NominatingInfo) []string {
	defer s.enter()()
	s.events.take()
	s.sched.FailureHandler(ctx, s.framework, a.info, a.status, nominated, a.start)
	notes := s.events.take()
	for i := range notes {
		notes[i] = inTree(notes[i])
		if a.Preemption != nil {
			notes[i] = a.Preemption.anonymous(notes[i])
		}
	}
	return notes
}

// Reservation is a pod that is assumed to be on a node.
type Reservation struct {
	// Said has the verdicts of the plugins that run then.
	Said Transcript
	// OK says that no plugin objected, so the pod may be bound.
	OK bool

	info  *framework.QueuedPodInfo
	state fwk.CycleState
	pod   *corev1.Pod
	node  string
}

// Assume does the rest of a scheduling cycle and the beginning of a binding cycle
// that puts the pod on the node: assume, Reserve, Permit, PreBindPreFlight. The
// judgement must be of the same pod and snapshot. The pod is assumed whatever the
// plugins say, until it is bound in the feed or given back with Forget.
func (s *Side) Assume(ctx context.Context, info *framework.QueuedPodInfo, j *Judgement, node string) (*Reservation, error) {
	defer s.enter()()
	logger := klog.FromContext(ctx)
	r := &Reservation{Said: Transcript{}, info: info, state: j.state, pod: info.DeepCopy().Pod, node: node}
	r.pod.Spec.NodeName = node
	if err := s.sched.Cache.AssumePod(logger, r.pod); err != nil {
		return nil, err
	}
	s.queue.DeleteNominatedPodIfExists(r.pod)
	reserve := s.framework.RunReservePluginsReserve(ctx, r.state, r.pod, node)
	r.Said["Reserve"] = text(reserve)
	if !reserve.IsSuccess() {
		return r, nil
	}
	_, permit := s.framework.RunPermitPlugins(ctx, r.state, r.pod, node)
	r.Said["Permit"] = text(permit)
	preFlight := s.framework.RunPreBindPreFlights(ctx, r.state, r.pod, node)
	r.Said["PreBindPreFlight"] = text(preFlight)
	r.OK = permit.IsSuccess() && (preFlight.IsSuccess() || preFlight.IsSkip())
	s.queue.Done(r.pod.UID)
	return r, nil
}

// Unreserve gives back what plugins reserved for a pod that stays assumed. The
// feed then tells what came of its volumes.
func (s *Side) Unreserve(ctx context.Context, r *Reservation) {
	defer s.enter()()
	s.framework.RunReservePluginsUnreserve(ctx, r.state, r.pod, r.node)
}

// errBind is why a pod is given back.
var errBind = errors.New("the binding was refused")

// Forget does what the scheduler does when binding fails: it gives back what was
// reserved and puts the pod into the queue again.
func (s *Side) Forget(ctx context.Context, r *Reservation) error {
	defer s.enter()()
	s.framework.RunReservePluginsUnreserve(ctx, r.state, r.pod, r.node)
	if err := s.sched.Cache.ForgetPod(klog.FromContext(ctx), r.pod); err != nil {
		return err
	}
	s.queue.MoveAllToActiveOrBackoffQueue(klog.FromContext(ctx), framework.EventAssignedPodDelete, r.pod, nil, nil)
	s.sched.FailureHandler(ctx, s.framework, r.info, fwk.AsStatus(errBind), &fwk.NominatingInfo{NominatingMode: fwk.ModeOverride}, time.Now())
	s.events.take()
	return nil
}

// Waiting tells where the pods are that have no node, who is nominated to which
// node, and how many pods each node has.
func (s *Side) Waiting() (Transcript, error) {
	said := Transcript{}
	for where, pods := range map[string][]*corev1.Pod{
		"active": s.queue.PodsInActiveQ(), "backing off": s.queue.PodsInBackoffQ(), "unschedulable": s.queue.UnschedulablePods(),
	} {
		var names []string
		for _, pod := range pods {
			names = append(names, pod.Namespace+"/"+pod.Name)
		}
		slices.Sort(names)
		said[where] = strings.Join(names, " ")
	}
	infos, err := s.snapshot.NodeInfos().List()
	if err != nil {
		return nil, err
	}
	for _, info := range infos {
		var names []string
		for _, nominated := range s.queue.NominatedPodsForNode(info.Node().Name) {
			names = append(names, nominated.GetPod().Namespace+"/"+nominated.GetPod().Name)
		}
		if len(names) > 0 {
			slices.Sort(names)
			said["nominated to "+info.Node().Name] = strings.Join(names, " ")
		}
	}
	return said, nil
}
