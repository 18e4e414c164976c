// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package guardedinterpodaffinity

import (
	"fmt"
	"math"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	featuregatetesting "k8s.io/component-base/featuregate/testing"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/features"

	"github.com/evenkeel/evenkeel/api/config"
	"github.com/evenkeel/evenkeel/plugins/scheduler/guardedinterpodaffinity/index"
	"github.com/evenkeel/evenkeel/plugins/scheduler/guardtest"
)

// TestGuardedEqualsInTree compares the two plugins, what the index says of the terms
// that match, and what is said to be the best score. See guardtest.Compare.
func TestGuardedEqualsInTree(t *testing.T) {
	guardtest.Compare(t, guardtest.Subject{
		Plugins: plugins(),
		Settings: map[string]guardtest.Setting{
			"default": {
				Gates:    featuregatetesting.FeatureOverrides{features.InterPodAffinityHostnameFastPath: false},
				Expected: []string{"some node is the best there can be: true", "some node is the best there can be: false"},
			},
			// The in-tree plugin is shown all nodes, and no reach is known.
			"InterPodAffinityHostnameFastPath": {Gates: featuregatetesting.FeatureOverrides{features.InterPodAffinityHostnameFastPath: true}},
		},
		Begin: begin, Filtered: sameMatches, Scored: reach,
		Expected: []string{
			"verdict: node(s) didn't match pod affinity rules", "verdict: node(s) didn't match pod anti-affinity rules",
			"verdict: node(s) didn't satisfy existing pods anti-affinity rules", "in preemption: node(s) didn't satisfy existing pods anti-affinity rules",
		},
	})
}

func begin(t *testing.T, r *guardtest.Random) guardtest.Round {
	c, m := newCluster(t), &maker{r, guardtest.Pick(r, []int{0, 2, 5, 10, 20, 40})}
	return guardtest.Round{
		Cluster: c, Limits: guardtest.Limits{LeastNodes: 3, MostNodes: 9, NewNodes: 5, MostPods: 40}, Maker: m,
		Changes: []func(){func() {
			name := guardtest.Pick(r, namespaceNames)
			if r.Percent(20) {
				removeNamespace(t, c, name)
			} else {
				setNamespace(t, c, name, m.labels(teamKeys, teamValues))
			}
		}},
		Pairs: []guardtest.Pair{
			pair(c, config.GuardedInterPodAffinityArgs{HardPodAffinityWeight: 1}),
			pair(c, config.GuardedInterPodAffinityArgs{HardPodAffinityWeight: 0}),
			pair(c, config.GuardedInterPodAffinityArgs{HardPodAffinityWeight: 60, IgnorePreferredTermsOfExistingPods: true}),
		},
	}
}

// reach compares what is said to be the best score with those of all nodes.
func reach(d *guardtest.Differential, p guardtest.Pair, pod *corev1.Pod, a, b fwk.CycleState) {
	ctx := d.Context()
	reach, known := ReachOf(ctx, b)
	if MayReach(b) != known {
		d.Fatalf("after PreFilter, whether the best score for %s would be known was %t, and it is %t", pod.Name, MayReach(b), known)
	}
	if !known {
		return
	}
	if !hasPreferredTerms(pod) {
		d.Fatalf("%s has no preferred terms, and a reach", pod.Name)
	}
	highest, scores := int64(math.MinInt64), map[string]int64{}
	for _, info := range d.Nodes() {
		raw, status := p.InTree.RunRawScorePlugins(ctx, a, pod, info)
		guardtest.Must(d.T, status.AsError())
		score := int64(0)
		for _, s := range raw {
			score += s.Score
		}
		scores[info.Node().Name], highest = score, max(highest, score)
	}
	if reach.best < highest {
		d.Fatalf("the best score for %s is said to be %d, and a node has %d", pod.Name, reach.best, highest)
	}
	d.Saw(fmt.Sprintf("some node is the best there can be: %t", reach.best == highest))
	for _, info := range d.Nodes() {
		d.Same(pod, "the reach of "+info.Node().Name, scores[info.Node().Name] >= reach.best, reach.Has(ctx, info))
	}
}

// sameMatches compares what the index says with a look at every term of every
// placed pod, which also tells whether it forgets what is gone.
func sameMatches(d *guardtest.Differential, p guardtest.Pair, pod *corev1.Pod) {
	pl := pluginOf(p)
	got, err := pl.match(d.Context(), pod)
	guardtest.Must(d.T, err)
	var want index.Kinds
	namespace, _ := pl.namespaces.Get(pod.Namespace)
	var namespaceLabels labels.Set
	if namespace != nil {
		namespaceLabels = namespace.Labels
	}
	see := func(kind index.Kinds, term fwk.AffinityTerm) {
		if term.Matches(pod, namespaceLabels) {
			want |= kind
		}
	}
	pods := 0
	for _, info := range d.Nodes() {
		pods += len(info.GetPodsWithAffinity())
		for _, placed := range info.GetPods() {
			for _, term := range placed.GetRequiredAntiAffinityTerms() {
				if term.TopologyKey == corev1.LabelHostname {
					see(index.HostAntiAffinity, term)
				} else {
					see(index.AntiAffinity, term)
				}
			}
			for _, term := range placed.GetRequiredAffinityTerms() {
				see(index.Affinity, term)
			}
			for _, term := range slices.Concat(placed.GetPreferredAffinityTerms(), placed.GetPreferredAntiAffinityTerms()) {
				see(index.Preferred, term.AffinityTerm)
			}
		}
	}
	d.Same(pod, "the kinds of terms that match", fmt.Sprintf("%04b", want), fmt.Sprintf("%04b", got))
	d.Same(pod, "pods in the index", pods, pl.index.Size().Pods)
}
