// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package differential

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/evenkeel/evenkeel/test/differential/side"
	"github.com/evenkeel/evenkeel/test/differential/world"
	"github.com/evenkeel/evenkeel/test/perf/scheduler/contender"
)

// duel has two schedulers place the pods of one cluster.
type duel struct {
	testing.TB
	*rand.Rand
	ctx   context.Context
	world *world.World
	// sides are the default profile and ours, in this order.
	sides  [2]*side.Side
	clock  *clocktesting.FakeClock
	seen   *coverage
	first  int
	played int
	// fast says that our side takes the fast path.
	fast bool
	// held are pods that are assumed, and whose binding has not been seen yet.
	held []held
}

type held struct {
	pod  *corev1.Pod
	node string
	on   [2]*side.Reservation
}

// both are the same things of both sides.
type both[T any] [2]T

func newDuel(t testing.TB, r *rand.Rand, seen *coverage, fast bool) *duel {
	t.Helper()
	d := &duel{TB: t, Rand: r, fast: fast, ctx: t.Context(), clock: clocktesting.NewFakeClock(time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)), seen: seen}
	d.sides = d.newSides()
	return d
}

// newSides makes two schedulers that know of nothing.
func (d *duel) newSides() (sides [2]*side.Side) {
	for i, name := range []string{contender.Default, contender.Evenkeel} {
		c, err := contender.Load(name, *config)
		d.must(err)
		sides[i], err = side.New(d.ctx, c, d.clock)
		d.must(err)
	}
	if d.fast {
		sides[1].TakeFastPath(d.ctx)
	}
	return sides
}

func (d *duel) must(err error) {
	d.Helper()
	if err != nil {
		d.Fatalf("case %d: %v", d.number(), err)
	}
}

func (d *duel) number() int { return d.first + d.played }

// play is one case. It returns what came of it.
func (d *duel) play() string {
	defer func() { d.played++ }()
	changes := d.change()
	infos := d.next()
	pod := infos[0].Pod
	if found := different("the pod that is next", pod.Name, infos[1].Pod.Name); found.diff != "" {
		d.fail(nil, found)
	}
	judged, tried := d.ask(infos)
	d.compare(pod, judged, tried)
	d.must(d.seen.add(d.ctx, d.sides[0], pod, judged[0], tried))
	return fmt.Sprintf("%s: %s: %s", strings.Join(changes, ", "), pod.Name, d.apply(infos, judged, tried))
}

// change lets time pass and the cluster change.
func (d *duel) change() []string {
	var changes []string
	for range d.IntN(4) {
		d.clock.Step(time.Millisecond)
		changes = append(changes, d.world.Churn())
	}
	d.held = slices.DeleteFunc(d.held, func(h held) bool {
		switch n := d.IntN(10); {
		case n < 5:
			return false
		case n < 8:
			d.bind(h)
		default:
			d.forget(h)
		}
		return true
	})
	return changes
}

// next takes the pod that both queues have next: one that an event has woken up, a
// new one, or one that waits and is tried again.
func (d *duel) next() both[*framework.QueuedPodInfo] {
	for !d.sides[0].Ready() {
		d.clock.Step(time.Millisecond)
		if waiting := d.waiting(); len(waiting) > 0 && d.IntN(100) < 30 {
			pod := waiting[d.IntN(len(waiting))]
			for _, s := range d.sides {
				s.Activate(d.ctx, pod)
			}
			continue
		}
		pod := d.world.NewPod()
		if !d.sides[0].Ready() {
			d.seen.gate(pod)
		}
	}
	if !d.sides[1].Ready() {
		d.fail(nil, difference{"the queue", "ours has no pod that is ready"})
	}
	var infos both[*framework.QueuedPodInfo]
	d.each(func(i int, s *side.Side) (err error) {
		infos[i], err = s.Pop(d.ctx)
		return err
	})
	return infos
}

// waiting returns the pods without a node that no side has assumed. Those that are
// nominated to a node come more often.
func (d *duel) waiting() []*corev1.Pod {
	var waiting []*corev1.Pod
	for _, pod := range d.world.Pods(false) {
		if slices.ContainsFunc(d.held, func(h held) bool { return h.pod.UID == pod.UID }) {
			continue
		}
		waiting = append(waiting, pod)
		if pod.Status.NominatedNodeName != "" {
			waiting = append(waiting, pod, pod, pod)
		}
	}
	return waiting
}

// ask has both sides judge the pod and try to place it, in either order, so that
// neither depends on what the other left behind.
func (d *duel) ask(infos both[*framework.QueuedPodInfo]) (judged both[*side.Judgement], tried both[*side.Attempt]) {
	d.each(func(_ int, s *side.Side) error { return s.Refresh(d.ctx) })
	judge := func(i int, s *side.Side) (err error) {
		judged[i], err = s.Judge(d.ctx, infos[i].Pod)
		return err
	}
	try := func(i int, s *side.Side) (err error) {
		tried[i], err = s.Schedule(d.ctx, infos[i])
		return err
	}
	if d.IntN(2) == 0 {
		d.each(judge)
		d.each(try)
	} else {
		d.each(try)
		d.each(judge)
	}
	return judged, tried
}

func (d *duel) each(do func(i int, s *side.Side) error) {
	d.Helper()
	for i, s := range d.sides {
		d.must(do(i, s))
	}
}
