// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package differential

import (
	"maps"
	"slices"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/test/differential/side"
)

// difference is something that the sides should agree in and do not.
type difference struct {
	what string
	diff string
}

// compare fails the test if the sides differ in what they must not.
func (d *duel) compare(pod *corev1.Pod, judged both[*side.Judgement], tried both[*side.Attempt]) {
	d.Helper()
	waiting := d.queues()
	if found := different("the queue", waiting[0], waiting[1]); found.diff != "" {
		d.fail(nil, found)
	}
	if found := d.differentVerdicts(pod, judged, tried); found.diff != "" {
		d.fail(pod, found)
	}
}

func (d *duel) queues() (waiting both[side.Transcript]) {
	d.each(func(i int, s *side.Side) (err error) {
		waiting[i], err = s.Waiting()
		return err
	})
	return waiting
}

// differentVerdicts returns the first difference, or none.
func (d *duel) differentVerdicts(pod *corev1.Pod, judged both[*side.Judgement], tried both[*side.Attempt]) difference {
	checks := []func() difference{
		func() difference { return different("the verdicts of the plugins", judged[0].Said, judged[1].Said) },
		func() difference { return different("the attempt", tried[0].Said, tried[1].Said) },
		func() difference { return different("preemption", preemptionSaid(tried[0]), preemptionSaid(tried[1])) },
		func() difference {
			return different("scores of plugins that both have", d.sharedScores(pod, judged[0]), d.sharedScores(pod, judged[1]))
		},
	}
	for i, s := range d.sides {
		checks = append(checks,
			func() difference { return differentHost(s.Name, tried[i], judged[i], judged[1-i]) },
			func() difference { return differentVictims(s.Name, tried[i]) })
	}
	for _, check := range checks {
		if found := check(); found.diff != "" {
			return found
		}
	}
	return difference{}
}

func different[T any](what string, want, got T) difference {
	return difference{what: what + " (-default +evenkeel)", diff: cmp.Diff(want, got)}
}

func preemptionSaid(a *side.Attempt) side.Transcript {
	if a.Preemption == nil {
		return nil
	}
	return a.Preemption.Said
}

// sharedScores returns the scores, by node, of the plugins that both profiles
// have with the same weight. A plugin that skips the pod gives nothing.
func (d *duel) sharedScores(pod *corev1.Pod, j *side.Judgement) map[string]map[string]int64 {
	ours, shared := d.sides[1].Scorers(), map[string]map[string]int64{}
	for node, scores := range j.Scores {
		shared[node] = map[string]int64{}
		for plugin, weight := range d.sides[0].Scorers() {
			if plugin == "PodTopologySpread" && len(pod.Spec.TopologySpreadConstraints) == 0 {
				continue // The default profile adds default constraints.
			}
			if ours[plugin] == weight {
				shared[node][plugin] = scores[plugin]
			}
		}
	}
	return shared
}

// differentHost checks the node that a side chose against both judgements.
func differentHost(name string, a *side.Attempt, own, other *side.Judgement) difference {
	what := "the node that " + name + " chose"
	if a.Host == "" {
		if len(own.Feasible) > 0 && own.Nodes != nil {
			return difference{what, "none, although there are feasible ones"}
		}
		return difference{}
	}
	for _, j := range []*side.Judgement{own, other} {
		if !slices.Contains(nodeNames(j), a.Host) {
			return difference{what, a.Host + " is not feasible for both"}
		}
	}
	if a.Looked == len(own.Feasible) && !slices.Contains(own.Best(), a.Host) {
		return difference{what, a.Host + " is not one of the best by its own scores"}
	}
	return difference{}
}

func nodeNames(j *side.Judgement) []string {
	var names []string
	for _, info := range j.Feasible {
		names = append(names, info.Node().Name)
	}
	return names
}

// sampled is the number of nodes from which on PostFilter stops before it has
// tried all (args of DefaultPreemption).
const sampled = 100

// differentVictims checks the node that a side nominated, and what it asked for.
func differentVictims(name string, a *side.Attempt) difference {
	p := a.Preemption
	if p == nil || p.Nominated == "" {
		if p != nil && len(p.Candidates) > 0 {
			return difference{"the node that " + name + " nominated", "none, although there are candidates"}
		}
		return difference{}
	}
	if len(p.Candidates) <= sampled && !slices.Contains(p.Best, p.Nominated) {
		return difference{"the node that " + name + " nominated", p.Nominated + " is not one of the best"}
	}
	want := map[string]bool{}
	for _, victim := range p.Candidates[p.Nominated].Pods {
		if victim.DeletionTimestamp == nil {
			want["delete "+victim.Namespace+"/"+victim.Name] = true
		}
	}
	got := map[string]bool{}
	for _, request := range p.Requests {
		if want[request] || request[:len("delete")] == "delete" {
			got[request] = true
		}
	}
	return difference{"the deletions that " + name + " asked for (-victims +asked)", cmp.Diff(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got)))}
}
