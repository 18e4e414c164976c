// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package fastpath

import (
	"context"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/component-base/metrics/legacyregistry"
	fwk "k8s.io/kube-scheduler/framework"
	schedulerconfig "k8s.io/kubernetes/pkg/scheduler/apis/config"
)

const probeName = "Probe"

// probedProfile is a profile with a probe. It has no Score, where no plugin is taken
// that is not known.
var probedProfile = strings.Replace(fmt.Sprintf(profileText, 8, ""), "    multiPoint:\n      enabled:\n", "    multiPoint:\n      enabled:\n      - name: Probe\n", 1)

// probe is a plugin that counts, and fails where it is told to.
type probe struct {
	// preFilters is the number of times that PreFilter ran.
	preFilters int
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

func (p *probe) PreScore(context.Context, fwk.CycleState, *corev1.Pod, []fwk.NodeInfo) *fwk.Status {
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
	for at, want := range map[string]reason{"PreFilter": preFilter, "Filter": failed, "PreScore": failed} {
		t.Run(at, func(t *testing.T) {
			var all []*corev1.Node
			for i := range 200 {
				all = append(all, labelled(i).Obj())
			}
			h := newHallOf(t, all, 0, probedProfile)
			h.probe.breaks = at
			before := counted(t, want)
			if _, err := h.schedule(t, testPod().Obj()); err == nil || !strings.Contains(err.Error(), "broken at "+at) {
				t.Errorf("got %v, want that it is broken at %s", err, at)
			}
			if got := counted(t, want) - before; got != 1 || h.original != 1 {
				t.Errorf("%s was counted %v times, and the original function called %d times, want 1 and 1", want, got, h.original)
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
