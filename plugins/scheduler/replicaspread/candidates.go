// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replicaspread

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	fwk "k8s.io/kube-scheduler/framework"

	"github.com/evenkeel/evenkeel/plugins/scheduler/replicaspread/index"
)

// candidatesStateKey is the key under which PreFilter leaves the plugin itself.
const candidatesStateKey = "Candidates" + Name

// Candidates draws candidate nodes for a pod. See SourceOf.
type Candidates struct {
	draw *index.Draw
	// next is the length of the next list.
	next int
}

// SourceOf returns the plugin of the profile in whose cycle the state is, after
// its PreFilter; false if the profile has none.
func SourceOf(state fwk.CycleState) (*ReplicaSpread, bool) {
	c, err := state.Read(candidatesStateKey)
	if err != nil {
		return nil, false
	}
	source, ok := c.(source)
	return source.pl, ok
}

// source is the plugin as state of a cycle.
type source struct{ pl *ReplicaSpread }

// Clone implements the mandatory Clone interface.
func (s source) Clone() fwk.StateData { return s }

// Candidates brings the index up to date and begins a series of candidates for a
// pod. It is good for the rest of the scheduling cycle.
func (pl *ReplicaSpread) Candidates(ctx context.Context, pod *corev1.Pod) (*Candidates, error) {
	if _, err := pl.counter.refresh(ctx, pod, false); err != nil {
		return nil, err
	}
	wanted := index.Wanted{Pod: pod, FamilyPercent: int64(100 * pl.weights.family)}
	// The sum over the containers is what most pods request, and never more than
	// what they do; the exact sum, which the filters make, takes ten times as long.
	for i := range pod.Spec.Containers {
		requests := pod.Spec.Containers[i].Resources.Requests
		wanted.MilliCPU += requests.Cpu().MilliValue()
		wanted.Memory += requests.Memory().Value()
	}
	if w, ok := pl.counter.index.WorkloadOf(pod); ok {
		wanted.Workload = w
	}
	return &Candidates{draw: pl.counter.index.NewDraw(wanted), next: int(pl.candidates)}, nil
}

// Next returns the next candidates, at first as many as the arguments of the
// plugin say or fewer, and each further time up to twice as many: nodes that may have room, of the zones, racks and hosts with the fewest
// replicas. None means that the search was given up, not that no node fits.
func (c *Candidates) Next() []fwk.NodeInfo {
	list := c.draw.Next(c.next)
	c.next *= 2
	return list
}
