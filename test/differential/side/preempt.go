// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package side

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	corev1helpers "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/klog/v2"
	extenderv1 "k8s.io/kube-scheduler/extender/v1"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework/preemption"
)

// patience is how long the deletion of victims may take, which ends in memory.
const patience = time.Minute

// Preemption is what PostFilter says about a pod that fits nowhere.
type Preemption struct {
	// Said has the victims of each candidate in order, why other nodes are none,
	// and the verdict of PostFilter.
	Said Transcript
	// Candidates are the victims by node, for all nodes, not only for as many as
	// PostFilter would stop at.
	Candidates map[string]*extenderv1.Victims
	// Best are the candidates that upstream's criteria do not tell apart. It
	// takes the first of them in the order of a Go map.
	Best []string
	// Spared says that some candidate has a pod that is less important than the
	// one to place and need not go.
	Spared bool
	// Nominated is the node that PostFilter chose, or empty.
	Nominated string
	// Requests are those that PostFilter made: victims to delete and nominations
	// to withdraw.
	Requests []string

	nominating *fwk.NominatingInfo
	message    string
}

// anonymous leaves the nominated node out of a message.
func (p *Preemption) anonymous(message string) string {
	if p.Nominated == "" {
		return message
	}
	return strings.ReplaceAll(message, "for pod on node "+p.Nominated+",", "for pod on node [best],")
}

func (s *Side) preempt(ctx context.Context, state fwk.CycleState, pod *corev1.Pod, fit *framework.FitError) (*Preemption, error) {
	p := &Preemption{Said: Transcript{}}
	if err := s.findCandidates(ctx, p, state, pod, fit); err != nil {
		return nil, err
	}
	s.client.take()
	result, status := s.framework.RunPostFilterPlugins(ctx, state, pod, fit.Diagnosis.NodeToStatus)
	// Victims are deleted by a goroutine of PostFilter.
	for giveUp := time.Now().Add(patience); s.preemption.Executor.IsPodRunningPreemption(pod.UID); runtime.Gosched() {
		if time.Now().After(giveUp) {
			return nil, fmt.Errorf("profile %s: preemption by %s has not ended within %s", s.Name, klog.KObj(pod), patience)
		}
	}
	p.Requests = s.client.take()
	s.events.take()
	p.message = status.Message()
	p.Said["nomination"] = "unchanged"
	if result != nil && result.NominatingInfo != nil {
		p.nominating, p.Nominated = result.NominatingInfo, result.NominatedNodeName
		p.Said["nomination"] = fmt.Sprintf("mode %d, some node: %t", result.Mode(), p.Nominated != "")
	}
	p.Said["PostFilter"] = p.anonymous(text(status))
	return p, nil
}

// findCandidates runs the search of DefaultPreemption over all nodes.
func (s *Side) findCandidates(ctx context.Context, p *Preemption, state fwk.CycleState, pod *corev1.Pod, fit *framework.FitError) error {
	statuses, evaluator := fit.Diagnosis.NodeToStatus, s.preemption.Evaluator
	eligible, reason := evaluator.PodEligibleToPreemptOthers(ctx, pod, statuses.Get(pod.Status.NominatedNodeName))
	p.Said["eligible"] = fmt.Sprintf("%t %s", eligible, reason)
	nodes, err := statuses.NodesForStatusCode(s.snapshot.NodeInfos(), fwk.Unschedulable)
	if err != nil || !eligible || len(nodes) == 0 {
		return err
	}
	pdbs, err := evaluator.PdbLister.List(labels.Everything())
	if err != nil {
		return err
	}
	candidates, others, err := evaluator.DryRunPreemption(ctx, state, pod, nodes, pdbs, 0, int32(len(nodes)))
	p.Said["search"] = fmt.Sprint(err)
	p.Candidates = map[string]*extenderv1.Victims{}
	for _, c := range candidates {
		p.Candidates[c.Name()] = c.Victims()
		info, err := s.snapshot.NodeInfos().Get(c.Name())
		if err != nil {
			return err
		}
		p.Spared = p.Spared || lessImportant(info, pod) > len(c.Victims().Pods)
		p.Said["victims on "+c.Name()] = victims(c)
	}
	others.ForEachExplicitNode(func(node string, status *fwk.Status) {
		p.Said["no candidate: "+node] = text(status)
	})
	p.Best = best(p.Candidates)
	return nil
}

// lessImportant returns the number of pods on a node that the pod may preempt.
func lessImportant(info fwk.NodeInfo, pod *corev1.Pod) int {
	n := 0
	for _, other := range info.GetPods() {
		if corev1helpers.PodPriority(other.GetPod()) < corev1helpers.PodPriority(pod) {
			n++
		}
	}
	return n
}

func victims(c preemption.Candidate) string {
	names := []string{fmt.Sprintf("%d against a budget:", c.Victims().NumPDBViolations)}
	for _, pod := range c.Victims().Pods {
		names = append(names, pod.Namespace+"/"+pod.Name)
	}
	return strings.Join(names, " ")
}

// best returns the nodes that pickOneNodeForPreemption in upstream's
// framework/preemption cannot tell apart, in order.
func best(candidates map[string]*extenderv1.Victims) []string {
	var nodes []string
	var least [5]int64
	for node, v := range candidates {
		rank := rankOf(v)
		switch c := slices.Compare(rank[:], least[:]); {
		case len(nodes) == 0 || c < 0:
			nodes, least = []string{node}, rank
		case c == 0:
			nodes = append(nodes, node)
		}
	}
	slices.Sort(nodes)
	return nodes
}

// rankOf returns upstream's criteria in their order; the least is the best. Every
// pod must have a start time: upstream takes the present for one that has none,
// and so does not judge it twice alike.
func rankOf(v *extenderv1.Victims) [5]int64 {
	highest := corev1helpers.PodPriority(v.Pods[0])
	earliest := int64(math.MaxInt64)
	var sum int64
	for _, pod := range v.Pods {
		sum += int64(corev1helpers.PodPriority(pod)) + math.MaxInt32 + 1
		if corev1helpers.PodPriority(pod) == highest {
			earliest = min(earliest, pod.Status.StartTime.UnixNano())
		}
	}
	return [5]int64{v.NumPDBViolations, int64(highest), sum, int64(len(v.Pods)), -earliest}
}
