// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replicaspread

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/evenkeel/evenkeel/plugins/scheduler/replicaspread/index"
)

var (
	shippedWeights = weights{level: [index.MaxLevels]float64{60, 25, 15}, family: 0.25}
	allActive      = [index.MaxLevels]bool{true, true, true}
)

// counts are those of the workload alone.
func own(host, rack, zone int32) index.Counts {
	return index.Counts{Own: [index.MaxLevels]int32{host, rack, zone}}
}

func TestPenalties(t *testing.T) {
	for name, tc := range map[string]struct {
		counts    []index.Counts
		active    [index.MaxLevels]bool
		hasFamily bool
		want      []float64
	}{
		"no replicas anywhere": {
			counts: []index.Counts{own(0, 0, 0), own(0, 0, 0)},
			active: allActive,
			want:   []float64{0, 0},
		},
		"the host weighs more than rack and zone together": {
			counts: []index.Counts{own(1, 0, 0), own(0, 1, 1)},
			active: allActive,
			want:   []float64{0.60, 0.40},
		},
		"what all have in common does not count": {
			counts: []index.Counts{own(0, 1000, 5000), own(0, 1001, 5000)},
			active: allActive,
			want:   []float64{0, 0.25},
		},
		"a share of the range": {
			counts: []index.Counts{own(0, 0, 0), own(0, 0, 1), own(0, 0, 4)},
			active: allActive,
			want:   []float64{0, 0.15 / 4, 0.15},
		},
		"a level the pod declares is left out and the others are no stronger": {
			counts: []index.Counts{own(1, 0, 0), own(0, 1, 0)},
			active: [index.MaxLevels]bool{false, true, true},
			want:   []float64{0, 0.25},
		},
		"the family counts a quarter, of 125": {
			counts: []index.Counts{
				{Family: [index.MaxLevels]int32{1, 0, 0}},
				{Own: [index.MaxLevels]int32{1, 0, 0}, Family: [index.MaxLevels]int32{1, 0, 0}},
				{},
			},
			active:    allActive,
			hasFamily: true,
			want:      []float64{0.12, 0.60, 0},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := shippedWeights.penalties(tc.counts, tc.active, tc.hasFamily)
			if diff := cmp.Diff(tc.want, got, cmpopts.EquateApprox(0, 1e-12)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestRank(t *testing.T) {
	leaving := func(n int32) index.Counts { return index.Counts{Leaving: n} }
	for name, tc := range map[string]struct {
		penalties []float64
		counts    []index.Counts
		// want has 99 for the best class, before its winner gets 100.
		want []int64
	}{
		"none":                          {penalties: []float64{}, counts: []index.Counts{}, want: []int64{}},
		"one":                           {penalties: []float64{0.7}, counts: make([]index.Counts, 1), want: []int64{99}},
		"the share that is left":        {penalties: []float64{0, 0.5, 1}, counts: make([]index.Counts, 3), want: []int64{99, 49, 0}},
		"the best is the base":          {penalties: []float64{0.4, 0.6}, counts: make([]index.Counts, 2), want: []int64{99, 79}},
		"a small difference is kept":    {penalties: []float64{0.0001, 0, 0.0002}, counts: make([]index.Counts, 3), want: []int64{98, 99, 97}},
		"terminating pods break a tie":  {penalties: []float64{0, 0, 0.5}, counts: []index.Counts{leaving(1), leaving(0), leaving(0)}, want: []int64{98, 99, 49}},
		"but outweigh no difference":    {penalties: []float64{0, 0.001}, counts: []index.Counts{leaving(9), leaving(0)}, want: []int64{99, 98}},
		"the node breaks a host's tie":  {penalties: []float64{0, 0}, counts: []index.Counts{{OnNode: 1}, {OnNode: 0, Leaving: 5}}, want: []int64{98, 99}},
		"equal penalties, equal scores": {penalties: []float64{0.3, 0, 0.3}, counts: make([]index.Counts, 3), want: []int64{69, 99, 69}},
	} {
		t.Run(name, func(t *testing.T) {
			got := rank(tc.penalties, tc.counts, "pod")
			winners := 0
			for i := range got {
				if got[i] == 100 {
					winners++
					got[i] = 99
				}
			}
			if winners != min(1, len(got)) {
				t.Errorf("%d winners, want one", winners)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestRankKeepsTheOrder checks on random penalties what rank promises: a better
// candidate never scores less, and never the same unless there are more than
// 100 classes.
func TestRankKeepsTheOrder(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, classes := range []int{2, 40, 99, 300} {
		penalties := make([]float64, 500)
		counts := make([]index.Counts, len(penalties))
		for i := range penalties {
			// Squared, so that many lie closer than one point.
			penalties[i] = math.Pow(float64(rnd.IntN(classes))/float64(classes), 2)
			counts[i].NodeHash = rnd.Uint64()
		}
		scores := rank(penalties, counts, "pod")
		for i := range scores {
			for j := range scores {
				if penalties[i] < penalties[j] && (scores[i] < scores[j] || scores[i] == scores[j] && scores[i] > 0) {
					t.Fatalf("%d classes: penalty %g scores %d, penalty %g scores %d", classes, penalties[i], scores[i], penalties[j], scores[j])
				}
			}
			if scores[i] < 0 || scores[i] > 100 {
				t.Fatalf("score %d is out of range", scores[i])
			}
		}
	}
}

func TestRankBreaksTiesEvenly(t *testing.T) {
	const nodes, pods = 8, 4000
	counts := make([]index.Counts, nodes)
	for n := range counts {
		counts[n].NodeHash = uint64(n) * 0x9e3779b97f4a7c15
	}
	wins := make([]int, nodes)
	for p := range pods {
		for n, score := range rank(make([]float64, nodes), counts, fmt.Sprintf("pod-%d", p)) {
			if score == 100 {
				wins[n]++
			}
		}
	}
	// 500 each on average, with a standard deviation of 21.
	for n, w := range wins {
		if w < 400 || w > 600 {
			t.Errorf("node %d won %d of %d ties: %v", n, w, pods, wins)
		}
	}
}
