// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package differential

import (
	"slices"

	"k8s.io/kubernetes/pkg/scheduler/framework"

	"github.com/evenkeel/evenkeel/test/differential/side"
)

// apply does for both sides what one of them, drawn at random, decided.
func (d *duel) apply(infos both[*framework.QueuedPodInfo], judged both[*side.Judgement], tried both[*side.Attempt]) string {
	if tried[0].Host == "" {
		return d.reject(tried)
	}
	nodes := judged[d.IntN(2)].Best()
	return d.place(infos, judged, nodes[d.IntN(len(nodes))])
}

// place puts the pod on a node. Its binding is seen at once, later, or fails.
func (d *duel) place(infos both[*framework.QueuedPodInfo], judged both[*side.Judgement], node string) string {
	h := held{pod: infos[0].Pod, node: node}
	d.each(func(i int, s *side.Side) (err error) {
		h.on[i], err = s.Assume(d.ctx, infos[i], judged[i], node)
		return err
	})
	if found := different("reserving "+node, h.on[0].Said, h.on[1].Said); found.diff != "" {
		d.fail(nil, found)
	}
	if !h.on[0].OK {
		d.forget(h)
		return "not reserved on " + node
	}
	d.seen.count("reserved")
	switch n := d.IntN(10); {
	case n < 7:
		d.bind(h)
	case n < 9:
		d.held = append(d.held, h)
	default:
		d.seen.count("given back")
		d.forget(h)
		return "given back by " + node
	}
	return "on " + node
}

// bind tells of a pod's binding.
func (d *duel) bind(h held) {
	d.unreserve(h)
	d.world.Bind(h.pod, h.node)
}

func (d *duel) unreserve(h held) {
	d.each(func(i int, s *side.Side) error {
		s.Unreserve(d.ctx, h.on[i])
		return nil
	})
}

// forget lets the binding of a pod fail.
func (d *duel) forget(h held) {
	if !slices.ContainsFunc(d.waitingAndHeld(), func(name string) bool { return name == h.pod.Name }) {
		d.unreserve(h) // It was deleted meanwhile, and is in the cache no longer.
		return
	}
	d.each(func(i int, s *side.Side) error { return s.Forget(d.ctx, h.on[i]) })
	d.world.Nominate(h.pod, "")
}

func (d *duel) waitingAndHeld() []string {
	var names []string
	for _, pod := range d.world.Pods(false) {
		names = append(names, pod.Name)
	}
	return names
}

// reject puts the pod back. If it may preempt, the victims of one of the best
// candidates are deleted.
func (d *duel) reject(tried both[*side.Attempt]) string {
	pod, node, p := tried[0].Pod(), "", tried[0].Preemption
	if p != nil && p.Nominated != "" {
		node = p.Best[d.IntN(len(p.Best))]
	}
	var told both[[]string]
	d.each(func(i int, s *side.Side) error {
		told[i] = s.Give(d.ctx, tried[i], tried[i].Nominating(node))
		return nil
	})
	if found := different("the event", told[0], told[1]); found.diff != "" {
		d.fail(nil, found)
	}
	switch {
	case node != "":
		d.world.Preempt(pod, node, p.Candidates[node].Pods)
		return "nominated to " + node
	case tried[0].Unnominated():
		d.world.Nominate(pod, "")
	}
	return "unschedulable"
}
