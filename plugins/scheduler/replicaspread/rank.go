// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replicaspread

import (
	"cmp"
	"math"
	"slices"

	fwk "k8s.io/kube-scheduler/framework"

	"github.com/evenkeel/evenkeel/api/config"
	"github.com/evenkeel/evenkeel/plugins/scheduler/replicaspread/index"
)

// weights say what a replica nearby is worth.
type weights struct {
	// level holds the weight of each level.
	level [index.MaxLevels]float64
	// family is the weight of the family's count relative to the workload's.
	family float64
}

func newWeights(args *config.ReplicaSpreadArgs) weights {
	w := weights{family: float64(args.FamilyWeightPercent) / 100}
	for i, level := range args.Levels {
		w.level[i] = float64(level.Weight)
	}
	return w
}

// penalties returns how bad each candidate is, from 0 to 1.
//
// Each level adds weight * (count - min) / (max - min), with the minimum and
// maximum over the candidates, for the workload and, at a lesser weight, for
// its family. Only differences between candidates matter, so a service with
// 1,000 replicas is spread as firmly as one with 10, unlike with the formula of
// PodTopologySpread, whose differences shrink as the minimum grows.
//
// The sum is divided by what it can be at most when all levels are active: a
// level that the pod takes care of itself does not make the others stronger.
func (w weights) penalties(counts []index.Counts, active [index.MaxLevels]bool, hasFamily bool) []float64 {
	penalties := make([]float64, len(counts))
	most := 0.0
	for level, weight := range w.level {
		most += weight
		if active[level] {
			addPenalty(penalties, counts, weight, func(c *index.Counts) int32 { return c.Own[level] })
		}
		if !hasFamily {
			continue
		}
		most += weight * w.family
		if active[level] {
			addPenalty(penalties, counts, weight*w.family, func(c *index.Counts) int32 { return c.Family[level] })
		}
	}
	for i := range penalties {
		penalties[i] /= most
	}
	return penalties
}

func addPenalty(penalties []float64, counts []index.Counts, weight float64, of func(*index.Counts) int32) {
	least, greatest := int32(math.MaxInt32), int32(0)
	for i := range counts {
		c := of(&counts[i])
		least, greatest = min(least, c), max(greatest, c)
	}
	if greatest <= least {
		return
	}
	for i := range counts {
		penalties[i] += weight * float64(of(&counts[i])-least) / float64(greatest-least)
	}
}

// rank turns penalties into scores from 0 to 100 that keep their order.
//
// A score is an integer with 101 values, and the framework breaks no ties (since
// v1.35 the first node of its heap wins), so the values are given out with care:
//
//   - Candidates of the same penalty and the same tie-breaking counts form a
//     class. The best class gets 99, and each further class the share
//     that its penalty leaves it, but at least 1 less than the class before:
//     rounding never makes two classes one. Only when there are more than 100
//     classes do the worst share the 0.
//   - The tie-breaking counts only split a penalty into classes. They are the
//     replicas on the node itself, which tell virtual machines on one host
//     apart, and then the terminating pods on the host: these are no replicas
//     any more, but a replacement avoids the host where its predecessor is
//     still shutting down if it can do so at no other cost.
//   - In the best class, one candidate gets 100: the one with the greatest hash
//     of the pod's UID and the node's name. So ties are broken evenly, the same
//     way in every run, and never against a real difference: the one point is
//     given where there is nothing better. It weighs the plugin's weight in the
//     sum over all plugins, less than any difference of ours.
func rank(penalties []float64, counts []index.Counts, podUID string) []int64 {
	scores := make([]int64, len(penalties))
	if len(scores) == 0 {
		return scores
	}
	order := make([]int, len(penalties))
	for i := range order {
		order[i] = i
	}
	compare := func(a, b int) int {
		return cmp.Or(
			cmp.Compare(penalties[a], penalties[b]),
			cmp.Compare(counts[a].OnNode, counts[b].OnNode),
			cmp.Compare(counts[a].Leaving, counts[b].Leaving),
		)
	}
	slices.SortFunc(order, compare)

	const bestClass = fwk.MaxScore - 1
	best, class := order[0], bestClass
	winner, winnerHash := best, index.Hash(podUID, counts[best].NodeHash)
	for k, i := range order {
		if k > 0 && compare(order[k-1], i) != 0 {
			share := bestClass - int64(math.Ceil(float64(bestClass)*(penalties[i]-penalties[best])))
			class = max(min(share, class-1), fwk.MinScore)
		}
		scores[i] = class
		if compare(best, i) == 0 {
			if hash := index.Hash(podUID, counts[i].NodeHash); hash > winnerHash {
				winner, winnerHash = i, hash
			}
		}
	}
	scores[winner] = fwk.MaxScore
	return scores
}
