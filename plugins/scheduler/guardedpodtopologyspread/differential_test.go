// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package guardedpodtopologyspread

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	featuregatetesting "k8s.io/component-base/featuregate/testing"
	configv1 "k8s.io/kube-scheduler/config/v1"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/features"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/podtopologyspread"

	"github.com/evenkeel/evenkeel/api/config"
	"github.com/evenkeel/evenkeel/plugins/scheduler/guardtest"
)

// TestGuardedEqualsInTree compares the two plugins, and notes when the in-tree one is
// shown fewer nodes. See guardtest.Compare.
func TestGuardedEqualsInTree(t *testing.T) {
	guardtest.Compare(t, guardtest.Subject{
		Plugins: plugins(),
		Settings: map[string]guardtest.Setting{
			"default": {Gates: featuregatetesting.FeatureOverrides{
				features.MatchLabelKeysInPodTopologySpread: true, features.MatchLabelKeysInPodTopologySpreadSelectorMerge: true,
			}},
			"without matchLabelKeys": {Gates: featuregatetesting.FeatureOverrides{
				features.MatchLabelKeysInPodTopologySpread: false, features.MatchLabelKeysInPodTopologySpreadSelectorMerge: false,
			}},
		},
		Begin: begin, Filtered: narrowed,
		Expected: []string{
			"verdict: " + podtopologyspread.ErrReasonConstraintsNotMatch, "verdict: " + podtopologyspread.ErrReasonNodeLabelNotMatch,
			"in preemption: " + podtopologyspread.ErrReasonConstraintsNotMatch, "in preemption: ",
			"Filter: fewer nodes are shown", "Filter: all nodes are shown", "Score: fewer nodes are shown", "Score: all nodes are shown",
		},
	})
}

func begin(t *testing.T, r *guardtest.Random) guardtest.Round {
	c := newCluster(t)
	// The default constraints select the pods that a Service selects.
	service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "east", Name: "service"}, Spec: corev1.ServiceSpec{Selector: map[string]string{"app": "a"}}}
	guardtest.Must(t, c.Informers.Core().V1().Services().Informer().GetIndexer().Add(service))
	return guardtest.Round{
		Cluster: c, Limits: guardtest.Limits{LeastNodes: 5, MostNodes: 14, NewNodes: 9, MostPods: 50}, Maker: maker{r},
		Pairs: []guardtest.Pair{
			pair(c, config.GuardedPodTopologySpreadArgs{DefaultingType: configv1.ListDefaulting}),
			pair(c, config.GuardedPodTopologySpreadArgs{DefaultingType: configv1.SystemDefaulting}),
			pair(c, config.GuardedPodTopologySpreadArgs{DefaultingType: configv1.ListDefaulting, DefaultConstraints: []corev1.TopologySpreadConstraint{
				{MaxSkew: 1, TopologyKey: "rack", WhenUnsatisfiable: corev1.DoNotSchedule},
				{MaxSkew: 1, TopologyKey: corev1.LabelTopologyZone, WhenUnsatisfiable: corev1.ScheduleAnyway},
			}}),
		},
	}
}

// narrowed notes whether the in-tree plugin is shown fewer nodes than there are.
func narrowed(d *guardtest.Differential, p guardtest.Pair, pod *corev1.Pod) {
	all, pl := d.Nodes(), pluginOf(p)
	for point, of := range map[string]struct {
		action corev1.UnsatisfiableConstraintAction
		nodes  func(*corev1.Pod, []fwk.NodeInfo) ([]fwk.NodeInfo, bool)
	}{"Filter": {corev1.DoNotSchedule, pl.decisive}, "Score": {corev1.ScheduleAnyway, pl.counted}} {
		if !declares(pod, of.action) {
			continue
		}
		nodes, known := of.nodes(pod, all)
		switch {
		case !known:
			d.Saw(point + ": all nodes are shown")
		case len(nodes) < len(all):
			d.Saw(point + ": fewer nodes are shown")
		}
		seen := map[string]bool{}
		for _, info := range nodes {
			if seen[info.Node().Name] {
				d.Fatalf("node %s is shown twice for %s, so that its pods count twice", info.Node().Name, pod.Name)
			}
			seen[info.Node().Name] = true
		}
	}
}
