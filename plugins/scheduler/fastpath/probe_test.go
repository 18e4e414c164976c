// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package fastpath

import (
	"context"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/component-base/metrics/legacyregistry"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	schedulerconfig "k8s.io/kubernetes/pkg/scheduler/apis/config"
)

const probeName = "Probe"

// probedProfile is a profile with a probe before ReplicaSpread, and probedLast one with
// the probe behind it. It has no Score, where no plugin is taken that is not known.
var (
	probedProfile = strings.Replace(fmt.Sprintf(profileText, 8, ""), "      enabled:\n", "      enabled:\n      - name: Probe\n", 1)
	probedLast    = strings.Replace(fmt.Sprintf(profileText, 8, ""), "        weight: 10\n", "        weight: 10\n      - name: Probe\n", 1)
)

// probe is a plugin that counts, and fails where it is told to.
type probe struct {
	// preFilters is the number of times that PreFilter ran.
	preFilters int
	// preScores is the number of times that PreScore ran, and preScored that of the
	// nodes it was last shown.
	preScores, preScored int
	// breaks is the extension point where an error is returned, for the node if it is
	// one of a node.
	breaks, node string
}

func (*probe) Name() string { return probeName }

func (p *probe) PreFilter(context.Context, fwk.CycleState, *corev1.Pod, []fwk.NodeInfo) (*fwk.PreFilterResult, *fwk.Status) {
	p.preFilters++
	return nil, p.status("PreFilter")
}

func (*probe) PreFilterExtensions() fwk.PreFilterExtensions { return nil }

func (p *probe) Filter(_ context.Context, _ fwk.CycleState, _ *corev1.Pod, info fwk.NodeInfo) *fwk.Status {
	if p.node != "" && info.Node().Name != p.node {
		return nil
	}
	return p.status("Filter")
}

func (p *probe) PreScore(_ context.Context, _ fwk.CycleState, _ *corev1.Pod, infos []fwk.NodeInfo) *fwk.Status {
	p.preScores++
	p.preScored = len(infos)
	return p.status("PreScore")
}

func (p *probe) status(at string) *fwk.Status {
	if p.breaks == at {
		return fwk.NewStatus(fwk.Error, "broken at "+at)
	}
	return nil
}

// TestErrorsAreMetByTheOriginal lets a plugin fail: the original function says so, or
// finds it mended.
func TestErrorsAreMetByTheOriginal(t *testing.T) {
	for name, tc := range map[string]struct {
		at, config string
		want       reason
	}{
		"PreFilter": {"PreFilter", probedProfile, preFilter},
		"Filter":    {"Filter", probedProfile, failed},
		"PreScore":  {"PreScore", probedProfile, failed},
		// All that score have what they need.
		"the last PreScore": {"PreScore", probedLast, failed},
	} {
		t.Run(name, func(t *testing.T) {
			var all []*corev1.Node
			for i := range 200 {
				all = append(all, labelled(i).Obj())
			}
			h := newHallOf(t, all, 0, tc.config)
			h.probe.breaks = tc.at
			before := counted(t, tc.want)
			if _, err := h.schedule(t, testPod().Obj()); err == nil || !strings.Contains(err.Error(), "broken at "+tc.at) {
				t.Errorf("got %v, want that it is broken at %s", err, tc.at)
			}
			if got := counted(t, tc.want) - before; got != 1 || h.original != 1 {
				t.Errorf("%s was counted %v times, and the original function called %d times, want 1 and 1", tc.want, got, h.original)
			}
		})
	}
}

// TestOneFailingCandidateIsNotPassedOver has Filter fail on one node only, the first
// candidate. A plugin that cannot judge has not judged.
func TestOneFailingCandidateIsNotPassedOver(t *testing.T) {
	var all []*corev1.Node
	for i := range 200 {
		all = append(all, labelled(i).Obj())
	}
	h := newHallOf(t, all, 0, probedProfile)
	h.probe.breaks = "Filter"
	errors := 0
	for i := range 200 {
		h.probe.node = fmt.Sprintf("node-%03d", i)
		before := counted(t, failed)
		_, _ = h.schedule(t, testPod().Obj())
		errors += int(counted(t, failed) - before)
	}
	if errors == 0 {
		t.Error("no candidate of 200 pods was the one of which Filter knows nothing, or it was passed over")
	}
}

// TestOneThatFitsIsNotScored has a pod that fits on one node, which is taken without
// being compared, as the original function does.
func TestOneThatFitsIsNotScored(t *testing.T) {
	var all []*corev1.Node
	for i := range 200 {
		all = append(all, labelled(i).Obj())
	}
	h := newHallOf(t, all, 0, probedProfile)
	result, err := h.schedule(t, testPod().NodeSelector(map[string]string{"number": "7"}).Obj())
	if err != nil {
		t.Fatal(err)
	}
	if result.SuggestedHost != "node-007" || result.FeasibleNodes != 1 || h.original > 0 {
		t.Errorf("%+v, and the original function was called %d times: want node-007 by the fast path", result, h.original)
	}
	if h.probe.preScores > 0 {
		t.Errorf("PreScore ran %d times for one node", h.probe.preScores)
	}
}

// TestScoresCompareAllThatFit has a pod that prefers one zone of three, and so few
// candidates in a list that several lists are asked for. What PreScore counted before
// the last of them must not be what the nodes in it are scored by.
func TestScoresCompareAllThatFit(t *testing.T) {
	config := strings.NewReplacer("candidates: 8", "candidates: 2", "      enabled:\n", "      enabled:\n      - name: Probe\n").Replace(guardedProfile)
	h := newHallOf(t, hosts(300), 0, config)
	for _, node := range []int{0, 10} { // In the zones 0 and 1.
		db := testPod().Label("app", "db").Node(fmt.Sprintf("node-%03d", node)).Obj()
		db.Name, db.UID = fmt.Sprint("db-", node), types.UID(fmt.Sprint("db-", node))
		if err := h.Cache.AddPod(klog.Background(), db); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.Cache.UpdateSnapshot(klog.Background(), h.snapshot); err != nil {
		t.Fatal(err)
	}
	several := 0
	for range 30 {
		pod := testPod().Obj()
		pod.Spec.Affinity = awayFrom(preferring("db", corev1.LabelTopologyZone))
		h.probe.preScores = 0
		result, err := h.schedule(t, pod)
		if err != nil {
			t.Fatal(err)
		}
		if h.probe.preScores > 1 {
			several++
		}
		if h.probe.preScores != 1 && result.EvaluatedNodes == 2 {
			t.Errorf("PreScore ran %d times for one list", h.probe.preScores)
		}
		if h.probe.preScored != result.FeasibleNodes {
			t.Errorf("%d nodes fit, and PreScore was last shown %d", result.FeasibleNodes, h.probe.preScored)
		}
	}
	if several < 5 || h.original > 0 {
		t.Errorf("%d of 30 pods took several lists, and %d were left alone, so this tests little", several, h.original)
	}
}

// TestFilterIsTimedOnce looks at the metric that operators see, for a pod that the
// fast path places and for one that it leaves alone after Filter.
func TestFilterIsTimedOnce(t *testing.T) {
	for name, pod := range map[string]*corev1.Pod{
		"placed": testPod().Obj(), "left alone": testPod().Req(map[corev1.ResourceName]string{"cpu": "65"}).Obj(),
	} {
		t.Run(name, func(t *testing.T) {
			h := newHall(t, 200, 0, 8)
			before := filtersTimed(t)
			_, _ = h.schedule(t, pod)
			if got := filtersTimed(t) - before; got != 1 {
				t.Errorf("Filter was timed %d times, want 1", got)
			}
		})
	}
}

// filtersTimed is the number of observations of the extension point Filter.
func filtersTimed(t *testing.T) uint64 {
	t.Helper()
	families, err := legacyregistry.DefaultGatherer.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var n uint64
	for _, family := range families {
		if family.GetName() != "scheduler_framework_extension_point_duration_seconds" {
			continue
		}
		for _, metric := range family.GetMetric() {
			for _, label := range metric.GetLabel() {
				if label.GetName() == "extension_point" && label.GetValue() == "Filter" {
					n += metric.GetHistogram().GetSampleCount()
				}
			}
		}
	}
	return n
}

func TestWinnerIsTheHighestInTurn(t *testing.T) {
	for name, tc := range map[string]struct {
		scores []int64
		// want are the winners of the turns 0, 1 and 2.
		want [3]int
	}{
		"one":              {scores: []int64{7}, want: [3]int{0, 0, 0}},
		"the last":         {scores: []int64{1, 2, 3}, want: [3]int{2, 2, 2}},
		"the first":        {scores: []int64{3, 2, 1}, want: [3]int{0, 0, 0}},
		"equal ones":       {scores: []int64{5, 5}, want: [3]int{0, 1, 0}},
		"some are equal":   {scores: []int64{1, 9, 4, 9, 9}, want: [3]int{1, 3, 4}},
		"lower equal ones": {scores: []int64{4, 4, 8}, want: [3]int{2, 2, 2}},
	} {
		t.Run(name, func(t *testing.T) {
			var scores []fwk.NodePluginScores
			for _, s := range tc.scores {
				scores = append(scores, fwk.NodePluginScores{TotalScore: s})
			}
			for turn, want := range tc.want {
				if got := winner(scores, turn); got != want {
					t.Errorf("turn %d: got %d, want %d", turn, got, want)
				}
			}
		})
	}
}

func TestProfileThatIsNotThereIsUnfit(t *testing.T) {
	if got := unfit(&schedulerconfig.KubeSchedulerProfile{SchedulerName: "other"}, nil); got == "" {
		t.Error("a profile that the scheduler does not have takes the fast path")
	}
}
