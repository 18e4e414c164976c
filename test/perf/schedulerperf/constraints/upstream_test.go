// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package constraints

import (
	"fmt"
	"slices"
	"testing"

	"github.com/evenkeel/evenkeel/test/perf/schedulerperf/contender"
)

// TestUpstreamWorkloadsAreScheduled runs upstream's own workloads for
// PodTopologySpread, InterPodAffinity and the queueing hints of both, with the
// default profile and with ours. Each ends when all pods that upstream expects to
// be placed are; what is checked here is that ours placed as many as the default
// profile did, and that every constraint holds in the end.
func TestUpstreamWorkloadsAreScheduled(t *testing.T) {
	etcd := needControlPlane(t)
	// moving says that pods leave and labels change: constraints that once held may
	// rightly be broken in the end.
	folders := map[string]struct{ moving bool }{
		"affinity":           {},
		"topology_spreading": {},
		"event_handling":     {moving: true},
	}
	results := map[play]*result{}
	for folder := range folders {
		for _, scheduler := range []string{contender.Default, contender.Evenkeel} {
			results[play{Folder: folder, Scheduler: scheduler}] = &result{}
		}
	}
	// As many at a time as there are processors: much of a workload is waiting.
	t.Run("run", func(t *testing.T) {
		for p, r := range results {
			t.Run(fmt.Sprintf("%s with %s", p.Folder, p.Scheduler), func(t *testing.T) {
				t.Parallel()
				*r = p.run(t, etcd)
			})
		}
	})
	for folder, tc := range folders {
		t.Run(folder, func(t *testing.T) {
			want, got := results[play{Folder: folder, Scheduler: contender.Default}], results[play{Folder: folder, Scheduler: contender.Evenkeel}]
			constrained := 0
			for name, w := range want.Outcomes {
				g, ok := got.Outcomes[name]
				if !ok {
					t.Errorf("%s ran with the default profile only", name)
					continue
				}
				if g.placed() < w.placed() || g.waiting() > w.waiting() {
					t.Errorf("%s: %d pods are placed and %d wait; with the default profile %d are placed and %d wait", name, g.placed(), g.waiting(), w.placed(), w.waiting())
				}
				for who, cluster := range map[string]Cluster{contender.Default: w.Cluster, contender.Evenkeel: g.Cluster} {
					broken := cluster.Violations
					if tc.moving {
						broken = cluster.Overfull
					}
					for _, what := range broken() {
						t.Errorf("%s with %s: %s", name, who, what)
					}
				}
				constrained += g.constrained()
			}
			if constrained == 0 {
				t.Error("no placed pod has a constraint that must be kept: the test checks nothing")
			}
		})
	}
}

// TestSchedulerThatIgnoresConstraintsIsFound is the counter-check: a scheduler
// that fills up one node after the other and looks at nothing else.
func TestSchedulerThatIgnoresConstraintsIsFound(t *testing.T) {
	etcd := needControlPlane(t)
	for folder, name := range map[string]string{"affinity": "SchedulingPodAntiAffinity", "topology_spreading": "TopologySpreading"} {
		t.Run(folder, func(t *testing.T) {
			t.Parallel()
			r := play{Folder: folder, Scheduler: contender.Null, Case: name, Config: mostAllocated}.run(t, etcd)
			for workload, o := range r.Outcomes {
				if len(o.Violations()) == 0 {
					t.Errorf("%s: nothing is broken", workload)
				}
			}
		})
	}
}

// mostAllocated makes the null scheduler choose the fullest node.
const mostAllocated = `
  pluginConfig:
  - name: NodeResourcesFit
    args:
      scoringStrategy:
        type: MostAllocated
        resources:
        - {name: cpu, weight: 1}
`

func (o outcome) placed() int  { return len(newJudge(o.Cluster).pods) }
func (o outcome) waiting() int { return len(o.Pods) - o.placed() }

// constrained counts the placed pods that declare anything about other pods that
// a scheduler must keep.
func (o outcome) constrained() int {
	n := 0
	for _, pod := range newJudge(o.Cluster).pods {
		hard := slices.ContainsFunc(pod.Spec.TopologySpreadConstraints, mustBeKept)
		if a := pod.Spec.Affinity; a != nil {
			hard = hard || a.PodAffinity != nil && len(a.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution) > 0 ||
				a.PodAntiAffinity != nil && len(a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution) > 0
		}
		if hard {
			n++
		}
	}
	return n
}
