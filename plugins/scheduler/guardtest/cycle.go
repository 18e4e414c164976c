// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package guardtest

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework"
)

// schedule takes one pod through both frameworks.
func (d *Differential) schedule(p Pair, pod *corev1.Pod) {
	d.cases++
	ctx := d.Context()
	a, b := framework.NewCycleState(), framework.NewCycleState()
	wantResult, want, _ := p.InTree.RunPreFilterPlugins(ctx, a, pod)
	gotResult, got, _ := p.Guarded.RunPreFilterPlugins(ctx, b, pod)
	d.sameStatus(pod, "PreFilter", want, got)
	d.Same(pod, "the result of PreFilter", fmt.Sprint(wantResult), fmt.Sprint(gotResult))
	d.Same(pod, "Skip at PreFilter", a.GetSkipFilterPlugins().Len(), b.GetSkipFilterPlugins().Len())
	if d.subject.Filtered != nil {
		d.subject.Filtered(d, p, pod)
	}
	if !want.IsSuccess() {
		d.Saw("rejected by PreFilter")
		return
	}
	d.Saw(fmt.Sprintf("skipped at PreFilter: %t", b.GetSkipFilterPlugins().Len() > 0))
	var feasible []fwk.NodeInfo
	for _, info := range d.Nodes() {
		want := p.InTree.RunFilterPluginsWithNominatedPods(ctx, a, pod, info)
		got := p.Guarded.RunFilterPluginsWithNominatedPods(ctx, b, pod, info)
		d.sameStatus(pod, "Filter of "+info.Node().Name, want, got)
		d.Saw("verdict: " + want.Message())
		if want.IsSuccess() {
			feasible = append(feasible, info)
		} else if p.InTree.RunFilterPlugins(ctx, a, pod, info).IsSuccess() {
			d.Saw("rejected for a nominated pod")
		}
	}
	if d.r.Percent(30) {
		d.preempt(p, pod, a, b)
	}
	if len(feasible) > 0 {
		d.score(p, pod, a, b, feasible)
	}
}

// preempt removes pods on trial from the NodeInfo of a node, as the search for
// victims does, and adds some of them again, or others.
func (d *Differential) preempt(p Pair, pod *corev1.Pod, a, b fwk.CycleState) {
	ctx := d.Context()
	infos := d.Nodes()
	info := Pick(d.r, infos).Snapshot()
	a, b = a.Clone(), b.Clone()
	add := func(added fwk.PodInfo) {
		info.AddPodInfo(added)
		d.sameStatus(pod, "AddPod", p.InTree.RunPreFilterExtensionAddPod(ctx, a, pod, added, info), p.Guarded.RunPreFilterExtensionAddPod(ctx, b, pod, added, info))
	}
	remove := func(victim fwk.PodInfo, from fwk.NodeInfo) {
		d.sameStatus(pod, "RemovePod", p.InTree.RunPreFilterExtensionRemovePod(ctx, a, pod, victim, from), p.Guarded.RunPreFilterExtensionRemovePod(ctx, b, pod, victim, from))
	}
	var removed []fwk.PodInfo
	for range 1 + d.r.IntN(6) {
		switch choice := d.r.IntN(10); {
		case choice < 5 && len(info.GetPods()) > 0:
			victim := Pick(d.r, info.GetPods())
			Must(d.tb, info.RemovePod(klog.Background(), victim.GetPod()))
			removed = append(removed, victim)
			remove(victim, info)
		case choice < 8 && len(removed) > 0:
			i := d.r.IntN(len(removed))
			add(removed[i])
			removed = slices.Delete(removed, i, i+1)
		case choice < 9: // A pod that is nominated meanwhile.
			added, err := framework.NewPodInfo(d.Pod())
			Must(d.tb, err)
			add(added)
		default: // A victim's group has a pod on another node, which keeps its NodeInfo. All
			// pods are added to one node: what an in-tree plugin makes of more may be left to chance.
			if other := Pick(d.r, infos); other.Node().Name != info.Node().Name && len(other.GetPods()) > 0 {
				remove(Pick(d.r, other.GetPods()), other)
			}
		}
		want, got := p.InTree.RunFilterPluginsWithNominatedPods(ctx, a, pod, info), p.Guarded.RunFilterPluginsWithNominatedPods(ctx, b, pod, info)
		d.sameStatus(pod, "Filter in preemption", want, got)
		d.Saw("in preemption: " + want.Message())
	}
}

func (d *Differential) score(p Pair, pod *corev1.Pod, a, b fwk.CycleState, feasible []fwk.NodeInfo) {
	ctx := d.Context()
	d.sameStatus(pod, "PreScore", p.InTree.RunPreScorePlugins(ctx, a, pod, feasible), p.Guarded.RunPreScorePlugins(ctx, b, pod, feasible))
	d.Same(pod, "Skip at PreScore", a.GetSkipScorePlugins().Len(), b.GetSkipScorePlugins().Len())
	d.Saw(fmt.Sprintf("skipped at PreScore: %t", b.GetSkipScorePlugins().Len() > 0))
	wantScores, want := p.InTree.RunScorePlugins(ctx, a, pod, feasible)
	gotScores, got := p.Guarded.RunScorePlugins(ctx, b, pod, feasible)
	d.sameStatus(pod, "Score", want, got)
	for i := range wantScores {
		d.Same(pod, "score of "+wantScores[i].Name, wantScores[i].TotalScore, gotScores[i].TotalScore)
		d.Same(pod, "name of the scored node", wantScores[i].Name, gotScores[i].Name)
		if wantScores[i].TotalScore > 0 {
			d.Saw("scored above 0")
		}
	}
	if d.subject.Scored != nil && got.IsSuccess() {
		d.subject.Scored(d, p, pod, a, b)
	}
}

// sameStatus compares what two statuses say, save for the plugin's name in what the
// framework says of an error.
func (d *Differential) sameStatus(pod *corev1.Pod, what string, want, got *fwk.Status) {
	d.Helper()
	message := strings.ReplaceAll(got.Message(), fmt.Sprintf("plugin %q", d.subject.Guarded), fmt.Sprintf("plugin %q", d.subject.InTree))
	d.Same(pod, what, want.Code().String()+": "+want.Message(), got.Code().String()+": "+message)
}
