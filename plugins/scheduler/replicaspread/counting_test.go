// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replicaspread

import (
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/backend/cache"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	st "k8s.io/kubernetes/pkg/scheduler/testing"
	"k8s.io/utils/ptr"
)

// countedCluster is a cluster of empty nodes, with a clock that the test moves.
type countedCluster struct {
	t    *testing.T
	pl   *ReplicaSpread
	list []fwk.NodeInfo
	time time.Time
}

func newCountedCluster(t *testing.T, nodes int) *countedCluster {
	t.Helper()
	var objects []*corev1.Node
	for i := range nodes {
		objects = append(objects, st.MakeNode().Name(fmt.Sprintf("node-%d", i)).Obj())
	}
	snapshot := cache.NewSnapshot(nil, objects)
	pl, err := New(t.Context(), testArgs(), testHandle(t, snapshot))
	if err != nil {
		t.Fatal(err)
	}
	c := &countedCluster{t: t, pl: pl.(*ReplicaSpread), time: time.Unix(1000, 0)}
	c.pl.counter.now = func() time.Time { return c.time }
	if c.list, err = snapshot.List(); err != nil {
		t.Fatal(err)
	}
	return c
}

// place puts a replica on a node, which the snapshot shows without a word to the
// plugin.
func (c *countedCluster) place(node int) {
	c.list[node].AddPodInfo(mustPodInfo(c.t, replica("db-1", "db")))
}

// seen returns the number of replicas that the plugin sees on a node in the cycle
// of a pod.
func (c *countedCluster) seen(node int, pod *corev1.Pod) int32 {
	c.t.Helper()
	state := framework.NewCycleState()
	if _, status := c.pl.PreFilter(c.t.Context(), state, pod, nil); !status.IsSuccess() && !status.IsSkip() {
		c.t.Fatal(status)
	}
	if status := c.pl.PreScore(c.t.Context(), state, pod, c.list[node:node+1]); !status.IsSuccess() {
		c.t.Fatal(status)
	}
	s, err := getPreScoreState(state)
	if err != nil {
		c.t.Fatal(err)
	}
	return s.counts[0].OnNode
}

func TestSmallClustersAreComparedInEachCycle(t *testing.T) {
	c := newCountedCluster(t, compareUpTo)
	pod := replica("db-9", "db")
	for n := range int32(3) {
		if got := c.seen(7, pod); got != n {
			t.Errorf("%d replicas are seen, want %d", got, n)
		}
		c.place(7)
	}
}

func TestLargeClustersAreComparedNowAndThen(t *testing.T) {
	c := newCountedCluster(t, compareUpTo+1)
	pod, capped := replica("db-9", "db"), withCaps(replica("db-9", "db"), "zone", "99")
	expect := func(what string, pod *corev1.Pod, want int32) {
		t.Helper()
		if got := c.seen(7, pod); got != want {
			t.Errorf("%s: %d replicas are seen, want %d", what, got, want)
		}
	}
	c.place(7)
	expect("the first cycle sees all", pod, 1)

	c.place(7)
	c.time = c.time.Add(compareEvery - 1)
	expect("what nobody told of waits", pod, 1)
	c.time = c.time.Add(1)
	expect("for so long", pod, 2)

	c.place(7)
	if status := c.pl.Reserve(t.Context(), nil, pod, c.list[7].Node().Name); !status.IsSuccess() {
		t.Fatal(status)
	}
	expect("what this scheduler placed is seen at once", pod, 3)

	c.place(7)
	c.pl.Unreserve(t.Context(), nil, pod, c.list[7].Node().Name)
	expect("and so is what it withdrew", pod, 4)

	c.place(7)
	if status := c.pl.Reserve(t.Context(), nil, st.MakePod().Obj(), c.list[7].Node().Name); !status.IsSuccess() {
		t.Fatal(status)
	}
	expect("a pod that is not counted makes nobody look", pod, 4)
	expect("a cap makes the plugin look at all", capped, 5)

	c.place(7)
	trial := pod.DeepCopy()
	trial.Spec.SchedulingGroup = &corev1.PodSchedulingGroup{PodGroupName: ptr.To("g")}
	expect("and so does a pod group", trial, 6)
}

func TestRecountEvery(t *testing.T) {
	c := newCountedCluster(t, compareUpTo+1)
	c.pl.counter.recountEvery(3)
	c.pl.counter.recountEvery(0)
	c.pl.counter.recountEvery(5) // Another profile's; the more frequent goes.
	before, diverged := counterValue(t, recounts), counterValue(t, divergence)
	pod := replica("db-9", "db")
	for cycle := 1; cycle <= 7; cycle++ {
		c.place(cycle)
		c.seen(cycle, pod)
		if got, want := counterValue(t, recounts)-before, float64(cycle/3); got != want {
			t.Errorf("after %d cycles: %g recounts, want %g", cycle, got, want)
		}
	}
	// What was not compared yet is no divergence: a recount compares all first.
	if got := counterValue(t, divergence) - diverged; got != 0 {
		t.Errorf("the index diverged by %g", got)
	}
}
