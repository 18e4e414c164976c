// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package differential

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/test/differential/side"
	"github.com/evenkeel/evenkeel/test/differential/world"
)

// coverage counts what was compared, so that a run that tests nothing fails.
type coverage struct {
	cases int
	// has counts the pods that declare a kind of constraint, and mattered those
	// for which a node's verdict is another without it.
	has, mattered map[string]int
	events        map[string]int
	// verdicts counts the reasons of the default profile, by node.
	verdicts map[string]int
}

func newCoverage() *coverage {
	return &coverage{has: map[string]int{}, mattered: map[string]int{}, events: map[string]int{}, verdicts: map[string]int{}}
}

// reasons are verdicts that come from the cluster and not from the fields of the
// pod, so that nothing could be stripped off it.
var reasons = map[string]string{
	"cordoned node":                       "NodeUnschedulable: node(s) were unschedulable",
	"taint":                               "TaintToleration: node(s) had untolerated taint(s)",
	"number of pods":                      "NodeResourcesFit: Too many pods",
	"node without the label to spread by": "PodTopologySpread: node(s) didn't match pod topology spread constraints (missing required label)",
	"anti-affinity of pods placed before": "InterPodAffinity: node(s) didn't satisfy existing pods anti-affinity rules",
}

// rareEvents must have been seen in a long run, and the others in any.
var rareEvents = []string{
	"no nodes", "placed on the nominated node", "preemption: several candidates are best", "preemption: a budget decides",
}

var events = []string{
	"placed", "feasible on some nodes only", "infeasible everywhere", "rejected by PreFilter",
	"reserved", "given back", "placed by a hint of batching", "rejected for a nominated pod only",
	"preemption: candidates", "preemption: no candidate", "preemption: some victim spared", "preemption: a budget is violated",
	"preemption: policy Never", "preemption: waits for a terminating pod",
	"gated: scheduling gate", "gated: missing resource claim",
	"the sides choose different nodes", "default spreading",
	"preference: NodeAffinity", "preference: InterPodAffinity", "preference: PodTopologySpread", "preference: TaintToleration",
}

func (c *coverage) count(event string) { c.events[event]++ }

// gate notes that a new pod did not come into the active queue.
func (c *coverage) gate(pod *corev1.Pod) {
	for _, kind := range world.Kinds {
		if (kind.Name == "scheduling gate" && len(pod.Spec.SchedulingGates) > 0) || (kind.Name == "missing resource claim" && missesClaim(pod)) {
			c.count("gated: " + kind.Name)
		}
	}
}

func missesClaim(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Spec.ResourceClaims, func(claim corev1.PodResourceClaim) bool { return strings.HasPrefix(claim.Name, "missing-") })
}

// add notes a case.
func (c *coverage) add(ctx context.Context, reference *side.Side, pod *corev1.Pod, j *side.Judgement, tried both[*side.Attempt]) error {
	c.cases++
	c.outcome(j, tried)
	if rejected, err := reference.VerdictsWithoutNominated(ctx, pod, j); err != nil {
		return err
	} else if len(rejected) > 0 {
		c.count("rejected for a nominated pod only")
	}
	for _, verdict := range j.Nodes {
		_, reason, _ := strings.Cut(verdict, " by ")
		c.verdicts[reason]++
	}
	c.preemption(tried[0].Preemption)
	for _, kind := range world.Kinds {
		if err := c.strip(ctx, reference, kind, pod, j); err != nil {
			return err
		}
	}
	return nil
}

func (c *coverage) outcome(j *side.Judgement, tried both[*side.Attempt]) {
	switch {
	case tried[0].Host != "":
		c.count("placed")
		if len(j.Nodes) > 0 {
			c.count("feasible on some nodes only")
		}
		if tried[0].Host != tried[1].Host {
			c.count("the sides choose different nodes")
		}
		if tried[0].Looked < len(j.Feasible) || tried[1].Looked < len(j.Feasible) {
			if tried[0].Pod().Status.NominatedNodeName != "" {
				c.count("placed on the nominated node")
			} else {
				c.count("placed by a hint of batching")
			}
		}
	case j.Said["PreFilter"] != "Success":
		c.count("rejected by PreFilter")
	case len(j.Said) <= 2:
		c.count("no nodes")
	default:
		c.count("infeasible everywhere")
	}
	for _, plugin := range []string{"NodeAffinity", "InterPodAffinity", "PodTopologySpread", "TaintToleration"} {
		different := map[int64]bool{}
		for _, scores := range j.Scores {
			different[scores[plugin]] = true
		}
		switch {
		case len(different) < 2:
		case plugin == "PodTopologySpread" && len(tried[0].Pod().Spec.TopologySpreadConstraints) == 0:
			c.count("default spreading")
		default:
			c.count("preference: " + plugin)
		}
	}
}

func (c *coverage) preemption(p *side.Preemption) {
	if p == nil {
		return
	}
	switch {
	case strings.Contains(p.Said["eligible"], "preemptionPolicy=Never"):
		c.count("preemption: policy Never")
	case strings.Contains(p.Said["eligible"], "terminating pod on the nominated node"):
		c.count("preemption: waits for a terminating pod")
	case len(p.Candidates) == 0:
		c.count("preemption: no candidate")
	default:
		c.count("preemption: candidates")
	}
	if len(p.Best) > 1 {
		c.count("preemption: several candidates are best")
	}
	violating := 0
	for _, v := range p.Candidates {
		if v.NumPDBViolations > 0 {
			violating++
		}
	}
	if violating > 0 {
		c.count("preemption: a budget is violated")
	}
	if violating > 0 && violating < len(p.Candidates) {
		c.count("preemption: a budget decides")
	}
	if p.Spared {
		c.count("preemption: some victim spared")
	}
}

// strip counts whether a kind of constraint matters for a pod: whether a node's
// verdict is another for the same pod without it.
func (c *coverage) strip(ctx context.Context, reference *side.Side, kind world.Kind, pod *corev1.Pod, j *side.Judgement) error {
	if kind.Strip == nil {
		return nil
	}
	stripped := pod.DeepCopy()
	if !kind.Strip(stripped) {
		return nil
	}
	c.has[kind.Name]++
	without, err := reference.Verdicts(ctx, stripped)
	if err != nil {
		return err
	}
	for what, said := range j.Said {
		if other, ok := without[what]; ok && (said == "Success") != (other == "Success") {
			c.mattered[kind.Name]++
			return nil
		}
	}
	return nil
}

// missing returns what was never seen.
func (c *coverage) missing(long bool) []string {
	var missing []string
	events := events
	if long {
		events = slices.Concat(events, rareEvents)
	}
	for _, kind := range world.Kinds {
		if kind.Strip != nil && c.mattered[kind.Name] == 0 {
			missing = append(missing, kind.Name)
		}
	}
	for what, reason := range reasons {
		if c.verdictsLike(reason) == 0 {
			missing = append(missing, what)
		}
	}
	for _, event := range events {
		if c.events[event] == 0 {
			missing = append(missing, event)
		}
	}
	slices.Sort(missing)
	return missing
}

func (c *coverage) verdictsLike(reason string) int {
	n := 0
	for verdict, count := range c.verdicts {
		if strings.HasPrefix(verdict, reason) {
			n += count
		}
	}
	return n
}

func (c *coverage) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d cases\n", c.cases)
	for _, event := range slices.Sorted(maps.Keys(c.events)) {
		fmt.Fprintf(&b, "%7d  %s\n", c.events[event], event)
	}
	b.WriteString("declared / made a node's verdict another one:\n")
	for _, kind := range world.Kinds {
		if kind.Strip != nil {
			fmt.Fprintf(&b, "%7d %7d  %s\n", c.has[kind.Name], c.mattered[kind.Name], kind.Name)
		}
	}
	b.WriteString("verdicts of nodes:\n")
	for _, verdict := range slices.Sorted(maps.Keys(c.verdicts)) {
		if c.verdicts[verdict] > 0 {
			fmt.Fprintf(&b, "%7d  %.150s\n", c.verdicts[verdict], verdict)
		}
	}
	return b.String()
}
