// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package guardedpodtopologyspread

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	featuregatetesting "k8s.io/component-base/featuregate/testing"
	"k8s.io/klog/v2"
	configv1 "k8s.io/kube-scheduler/config/v1"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/features"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/podtopologyspread"

	"github.com/evenkeel/evenkeel/api/config"
)

var (
	seed  = flag.Uint64("seed", 0, "seed of the random tests; 0 takes the time")
	cases = flag.Int("cases", 20_000, "number of pods that the differential test schedules")
)

// stepsPerCluster is the number of times that a random cluster changes before
// the next one is made.
const stepsPerCluster = 100

// TestGuardedEqualsInTree schedules random pods in random clusters with the
// guarded and with the in-tree plugin, each in a framework of its own, and
// compares all that the scheduler would see: the result of PreFilter, the verdict
// and the reasons for each node (with nominated pods), those for a node from which
// pods are removed on trial, and the scores. The clusters change all the time, and
// the guarded plugins of all profiles keep the one index through it.
//
// A case is one pod. -cases says how many; -seed replays a run.
func TestGuardedEqualsInTree(t *testing.T) {
	s := *seed
	if s == 0 {
		s = uint64(time.Now().UnixNano())
	}
	t.Logf("replay with: go test ./plugins/scheduler/guardedpodtopologyspread -run %s -args -seed %d -cases %d", t.Name(), s, *cases)
	for name, mergesKeys := range map[string]bool{"default": true, "without matchLabelKeys": false} {
		t.Run(name, func(t *testing.T) {
			featuregatetesting.SetFeatureGatesDuringTest(t, utilfeature.DefaultFeatureGate, featuregatetesting.FeatureOverrides{
				features.MatchLabelKeysInPodTopologySpread: mergesKeys, features.MatchLabelKeysInPodTopologySpreadSelectorMerge: mergesKeys,
			})
			d := &differential{T: t, seen: map[string]int{}}
			for round := uint64(0); d.cases < *cases/2; round++ {
				d.round(s, round)
			}
			d.report()
		})
	}
}

// differential compares, and counts what it saw.
type differential struct {
	*testing.T
	*churn
	where    string
	cases    int
	compared int
	seen     map[string]int
}

func (d *differential) round(seed, round uint64) {
	r := &random{Rand: rand.New(rand.NewPCG(seed, round))}
	d.churn = &churn{cluster: newCluster(d.T), r: r, assumed: map[types.UID]bool{}}
	var pairs []pair
	for _, args := range []config.GuardedPodTopologySpreadArgs{
		{DefaultingType: configv1.ListDefaulting},
		{DefaultingType: configv1.SystemDefaulting},
		{DefaultingType: configv1.ListDefaulting, DefaultConstraints: []corev1.TopologySpreadConstraint{
			{MaxSkew: 1, TopologyKey: "rack", WhenUnsatisfiable: corev1.DoNotSchedule},
			{MaxSkew: 1, TopologyKey: corev1.LabelTopologyZone, WhenUnsatisfiable: corev1.ScheduleAnyway},
		}},
	} {
		pairs = append(pairs, d.pair(args))
	}
	d.cluster.setService("east", map[string]string{"app": "a"})
	for range r.IntN(100) {
		d.change()
	}
	for step := range stepsPerCluster {
		if d.cases >= *cases/2 {
			return
		}
		d.where = fmt.Sprintf("round %d, step %d", round, step)
		for range 1 + r.IntN(4) {
			d.change()
		}
		d.update()
		if len(d.cluster.nodes()) == 0 {
			continue
		}
		look := func() { d.schedule(pick(r, pairs), grouped(d.r.pod())) }
		switch r.IntN(8) {
		case 0:
			d.tryPlacing(look)
		case 1:
			d.tryPreempting(look)
		}
		pod := d.r.pod()
		switch {
		case r.percent(3):
			pod = d.r.broken()
		case r.percent(10):
			pod.Spec.TopologySpreadConstraints = nil
		}
		d.schedule(pick(r, pairs), pod)
	}
}

// schedule takes one pod through both frameworks.
func (d *differential) schedule(p pair, pod *corev1.Pod) {
	d.cases++
	ctx := d.Context()
	a, b := framework.NewCycleState(), framework.NewCycleState()
	wantResult, want, _ := p.inTree.RunPreFilterPlugins(ctx, a, pod)
	gotResult, got, _ := p.guarded.RunPreFilterPlugins(ctx, b, pod)
	d.same(pod, "PreFilter", outcome(want), outcome(got))
	d.same(pod, "the result of PreFilter", fmt.Sprint(wantResult), fmt.Sprint(gotResult))
	d.same(pod, "Skip at PreFilter", a.GetSkipFilterPlugins().Len(), b.GetSkipFilterPlugins().Len())
	d.narrowed(p, pod)
	if !want.IsSuccess() {
		d.seen["rejected by PreFilter"]++
		return
	}
	d.seen[fmt.Sprintf("skipped at PreFilter: %t", b.GetSkipFilterPlugins().Len() > 0)]++
	var feasible []fwk.NodeInfo
	for _, info := range d.cluster.nodes() {
		want := p.inTree.RunFilterPluginsWithNominatedPods(ctx, a, pod, info)
		got := p.guarded.RunFilterPluginsWithNominatedPods(ctx, b, pod, info)
		d.same(pod, "Filter of "+info.Node().Name, outcome(want), outcome(got))
		d.seen["verdict: "+want.Message()]++
		if want.IsSuccess() {
			feasible = append(feasible, info)
		} else if p.inTree.RunFilterPlugins(ctx, a, pod, info).IsSuccess() {
			d.seen["rejected for a nominated pod"]++
		}
	}
	if d.r.percent(30) {
		d.preempt(p, pod, a, b)
	}
	if len(feasible) > 0 {
		d.score(p, pod, a, b, feasible)
	}
}

// preempt removes pods on trial from the NodeInfo of a node, as the search for
// victims does, and adds some of them again, or others.
func (d *differential) preempt(p pair, pod *corev1.Pod, a, b fwk.CycleState) {
	ctx := d.Context()
	infos := d.cluster.nodes()
	info := pick(d.r, infos).Snapshot()
	a, b = a.Clone(), b.Clone()
	var removed []fwk.PodInfo
	for range 1 + d.r.IntN(6) {
		switch choice := d.r.IntN(10); {
		case choice < 5 && len(info.GetPods()) > 0:
			victim := pick(d.r, info.GetPods())
			must(d.tb, info.RemovePod(klog.Background(), victim.GetPod()))
			removed = append(removed, victim)
			d.same(pod, "RemovePod", outcome(p.inTree.RunPreFilterExtensionRemovePod(ctx, a, pod, victim, info)),
				outcome(p.guarded.RunPreFilterExtensionRemovePod(ctx, b, pod, victim, info)))
		case choice < 8 && len(removed) > 0:
			i := d.r.IntN(len(removed))
			d.add(p, pod, a, b, removed[i], info)
			removed = slices.Delete(removed, i, i+1)
		case choice < 9: // A pod that is nominated meanwhile.
			added, err := framework.NewPodInfo(d.r.pod())
			must(d.tb, err)
			d.add(p, pod, a, b, added, info)
		default: // A victim's group has a pod on another node, which keeps its NodeInfo. All
			// pods are added to one node: what the in-tree plugin makes of more is left to chance.
			if other := pick(d.r, infos); other.Node().Name != info.Node().Name && len(other.GetPods()) > 0 {
				victim := pick(d.r, other.GetPods())
				d.same(pod, "RemovePod", outcome(p.inTree.RunPreFilterExtensionRemovePod(ctx, a, pod, victim, other)),
					outcome(p.guarded.RunPreFilterExtensionRemovePod(ctx, b, pod, victim, other)))
			}
		}
		want, got := p.inTree.RunFilterPluginsWithNominatedPods(ctx, a, pod, info), p.guarded.RunFilterPluginsWithNominatedPods(ctx, b, pod, info)
		d.same(pod, "Filter in preemption", outcome(want), outcome(got))
		d.seen["in preemption: "+want.Message()]++
	}
}

func (d *differential) add(p pair, pod *corev1.Pod, a, b fwk.CycleState, added fwk.PodInfo, info fwk.NodeInfo) {
	info.AddPodInfo(added)
	d.same(pod, "AddPod", outcome(p.inTree.RunPreFilterExtensionAddPod(d.Context(), a, pod, added, info)),
		outcome(p.guarded.RunPreFilterExtensionAddPod(d.Context(), b, pod, added, info)))
}

func (d *differential) score(p pair, pod *corev1.Pod, a, b fwk.CycleState, feasible []fwk.NodeInfo) {
	ctx := d.Context()
	want, got := p.inTree.RunPreScorePlugins(ctx, a, pod, feasible), p.guarded.RunPreScorePlugins(ctx, b, pod, feasible)
	d.same(pod, "PreScore", outcome(want), outcome(got))
	d.same(pod, "Skip at PreScore", a.GetSkipScorePlugins().Len(), b.GetSkipScorePlugins().Len())
	d.seen[fmt.Sprintf("skipped at PreScore: %t", b.GetSkipScorePlugins().Len() > 0)]++
	wantScores, want := p.inTree.RunScorePlugins(ctx, a, pod, feasible)
	gotScores, got := p.guarded.RunScorePlugins(ctx, b, pod, feasible)
	d.same(pod, "Score", outcome(want), outcome(got))
	for i := range wantScores {
		d.same(pod, "score of "+wantScores[i].Name, wantScores[i].TotalScore, gotScores[i].TotalScore)
		d.same(pod, "name of the scored node", wantScores[i].Name, gotScores[i].Name)
		if wantScores[i].TotalScore > 0 {
			d.seen["scored above 0"]++
		}
	}
}

// narrowed notes whether the in-tree plugin is shown fewer nodes than there are.
func (d *differential) narrowed(p pair, pod *corev1.Pod) {
	all := d.cluster.nodes()
	for point, of := range map[string]struct {
		action corev1.UnsatisfiableConstraintAction
		nodes  func(*corev1.Pod, []fwk.NodeInfo) ([]fwk.NodeInfo, bool)
	}{"Filter": {corev1.DoNotSchedule, p.plugin.decisive}, "Score": {corev1.ScheduleAnyway, p.plugin.counted}} {
		if !declares(pod, of.action) {
			continue
		}
		nodes, known := of.nodes(pod, all)
		switch {
		case !known:
			d.seen[point+": all nodes are shown"]++
		case len(nodes) < len(all):
			d.seen[point+": fewer nodes are shown"]++
		}
		seen := map[string]bool{}
		for _, info := range nodes {
			if seen[info.Node().Name] {
				d.Fatalf("%s: node %s is shown twice for %s, so that its pods count twice", d.where, info.Node().Name, pod.Name)
			}
			seen[info.Node().Name] = true
		}
	}
}

// outcome is what a status says, save for the plugin's name.
func outcome(s *fwk.Status) string {
	return s.Code().String() + ": " + strings.ReplaceAll(s.Message(), Name, podtopologyspread.Name)
}

func (d *differential) same(pod *corev1.Pod, what string, want, got any) {
	d.compared++
	if want == got {
		return
	}
	d.Helper()
	d.Fatalf("%s: %s of %s differs (-in-tree +guarded):\n%s", d.where, what, pod.Name, cmp.Diff(want, got))
}

// report fails the test if it has not seen what it is for.
func (d *differential) report() {
	var lines []string
	for what, n := range d.seen {
		lines = append(lines, fmt.Sprintf("%8d %s", n, what))
	}
	slices.Sort(lines)
	d.Logf("%d pods, %d comparisons:\n%s", d.cases, d.compared, strings.Join(lines, "\n"))
	if d.cases < 1000 {
		return // Too few to expect everything.
	}
	expected := []string{
		"rejected by PreFilter", "skipped at PreFilter: true", "skipped at PreFilter: false", "skipped at PreScore: true", "skipped at PreScore: false",
		"scored above 0", "rejected for a nominated pod",
		"verdict: " + podtopologyspread.ErrReasonConstraintsNotMatch, "verdict: " + podtopologyspread.ErrReasonNodeLabelNotMatch,
		"in preemption: " + podtopologyspread.ErrReasonConstraintsNotMatch, "in preemption: ",
		"Filter: fewer nodes are shown", "Filter: all nodes are shown", "Score: fewer nodes are shown", "Score: all nodes are shown",
	}
	for _, what := range expected {
		if d.seen[what] == 0 {
			d.Errorf("never seen: %s", what)
		}
	}
}
