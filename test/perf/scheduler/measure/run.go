// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package measure measures what it costs several schedulers to place the same
// pods: CPU time, time and memory, in turns, in one process.
//
// It does not know what a scheduler is made of (package harness) nor how
// results are shown (package report).
package measure

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"runtime/pprof"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"

	"github.com/evenkeel/evenkeel/test/perf/scheduler/cluster"
	"github.com/evenkeel/evenkeel/test/perf/scheduler/contender"
	"github.com/evenkeel/evenkeel/test/perf/scheduler/harness"
)

// Plan says what is measured.
type Plan struct {
	// Bursts of Burst pods each are placed per turn, after Warmup others that are
	// not counted. Each burst is one new workload.
	Bursts, Warmup, Burst int
	// Repeats is the number of turns that each contender has.
	Repeats   int
	Collector Collector
	// CPUProfile is a folder for CPU profiles, one per contender and turn, or
	// empty.
	CPUProfile string
	// Progress is told what is going on.
	Progress io.Writer
}

// Run measures the contenders on the cluster. They have their turns one after
// the other, in another order each time, so that what slows the machine down
// for a while slows down all. After each turn the pods that it placed are
// removed: every turn finds the same cluster.
func Run(ctx context.Context, plan Plan, contenders []*contender.Contender, cl *cluster.Cluster) (*Results, error) {
	r := &run{plan: plan, cluster: cl, sides: make([]*side, len(contenders))}
	for i, c := range contenders {
		s, err := newSide(ctx, c, cl)
		if err != nil {
			return nil, err
		}
		r.sides[i] = s
		_, _ = fmt.Fprintf(plan.Progress, "%s: %d nodes and %d pods are in the cache\n", c.Name, len(cl.Nodes), len(cl.Pods))
	}
	r.reserve = reserve()
	defer hold(r.reserve)()
	for repeat := range plan.Repeats {
		for i := range r.sides {
			s := r.sides[(i+repeat)%len(r.sides)]
			if err := r.turn(ctx, s, repeat); err != nil {
				return nil, err
			}
			last := s.turns[len(s.turns)-1]
			_, _ = fmt.Fprintf(plan.Progress, "%s: turn %d of %d, %.0f µs of CPU per pod\n", s.contender.Name, repeat+1, plan.Repeats,
				1e6*last.cpu.Seconds()/float64(last.pods))
		}
	}
	return r.results(), nil
}

// run is what a Run keeps.
type run struct {
	plan        Plan
	cluster     *cluster.Cluster
	sides       []*side
	collections collections
	// reserve is how many bytes may be allocated between two collections.
	reserve uint64
}

// side is a contender, its scheduler and what was measured of it.
type side struct {
	contender *contender.Contender
	scheduler *harness.Scheduler
	turns     []turn
	cycles    []time.Duration
	placement cluster.Placement
}

// turn is what one turn used, in total.
type turn struct {
	used
	pods      int
	allocated uint64
	// fast is the number of pods that the fast path placed.
	fast float64
}

func newSide(ctx context.Context, c *contender.Contender, cl *cluster.Cluster) (*side, error) {
	leave, err := c.Enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	s, err := harness.New(ctx, c, cl)
	if err != nil {
		return nil, err
	}
	return &side{contender: c, scheduler: s}, nil
}

// burst is a workload and its pods.
type burst struct {
	workload *cluster.Workload
	pods     []*corev1.Pod
}

func (r *run) turn(ctx context.Context, s *side, repeat int) (err error) {
	leave, err := s.contender.Enter()
	if err != nil {
		return err
	}
	defer leave()

	bursts := make([]burst, r.plan.Warmup+r.plan.Bursts)
	for i := range bursts {
		w := r.cluster.Shape.Fresh(repeat*len(bursts) + i)
		bursts[i] = burst{workload: w, pods: s.scheduler.Pods(w, r.plan.Burst)}
		if err := s.scheduler.Announce(w); err != nil {
			return err
		}
	}
	if r.plan.Collector == Natural {
		defer debug.SetGCPercent(debug.SetGCPercent(s.contender.GOGC))
	}
	if err := r.collections.collect(); err != nil {
		return err
	}
	for i := range bursts[:r.plan.Warmup] {
		if err := r.place(ctx, s, &bursts[i], nil); err != nil {
			return err
		}
	}
	if r.plan.CPUProfile != "" {
		stop, err := profileTo(filepath.Join(r.plan.CPUProfile, fmt.Sprintf("%s-%d.pprof", s.contender.Name, repeat+1)))
		if err != nil {
			return err
		}
		defer func() {
			if stopErr := stop(); err == nil {
				err = stopErr
			}
		}()
	}
	var t turn
	fast, err := fastPathPlaced()
	if err != nil {
		return err
	}
	collected := allocated()
	for i := range bursts[r.plan.Warmup:] {
		b := &bursts[r.plan.Warmup+i]
		if err := r.place(ctx, s, b, &t); err != nil {
			return err
		}
		s.placement.Add(r.cluster, s.scheduler.Nodes(), b.pods)
		if total := allocated(); r.plan.Collector == Charged && total-collected > r.reserve {
			if err := r.collections.collect(); err != nil {
				return err
			}
			collected = total
		}
	}
	placed, err := fastPathPlaced()
	if err != nil {
		return err
	}
	t.fast = placed - fast
	s.turns = append(s.turns, t)
	for i := range bursts {
		if err := s.scheduler.Check(bursts[i].workload); err != nil {
			return err
		}
		if err := s.scheduler.Withdraw(klog.FromContext(ctx), bursts[i].workload, bursts[i].pods); err != nil {
			return err
		}
	}
	return nil
}

// place places a burst and adds what it used to t, if t is not nil.
func (r *run) place(ctx context.Context, s *side, b *burst, t *turn) error {
	bytes := allocated()
	before, err := now()
	if err != nil {
		return err
	}
	cycles := make([]time.Duration, 0, len(b.pods))
	b.pods, err = s.scheduler.Place(ctx, b.pods, func(d time.Duration) { cycles = append(cycles, d) })
	if err != nil {
		return err
	}
	after, err := now()
	if err != nil || t == nil {
		return err
	}
	u := after.since(before)
	t.cpu += u.cpu
	t.wall += u.wall
	t.pods += len(b.pods)
	t.allocated += allocated() - bytes
	s.cycles = append(s.cycles, cycles...)
	return nil
}

// profileTo starts a CPU profile and returns what ends it.
func profileTo(file string) (stop func() error, err error) {
	f, err := os.Create(file)
	if err != nil {
		return nil, fmt.Errorf("creating the CPU profile: %w", err)
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, fmt.Errorf("starting the CPU profile: %w", err)
	}
	return func() error {
		pprof.StopCPUProfile()
		if err := f.Close(); err != nil {
			return fmt.Errorf("writing the CPU profile: %w", err)
		}
		return nil
	}, nil
}
