// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package guardtest

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	featuregatetesting "k8s.io/component-base/featuregate/testing"
	fwk "k8s.io/kube-scheduler/framework"
)

var (
	seed  = flag.Uint64("seed", 0, "seed of the random tests; 0 takes the time")
	cases = flag.Int("cases", 20_000, "number of pods that the differential test schedules")
)

// stepsPerCluster is the number of times that a random cluster changes before
// the next one is made.
const stepsPerCluster = 100

// Subject are the plugins to compare, and what is particular about them.
type Subject struct {
	Plugins
	// Settings are what to compare under, by a name for it.
	Settings map[string]Setting
	// Begin returns what a round begins with.
	Begin func(*testing.T, *Random) Round
	// Filtered, if there is one, compares more after PreFilter, and Scored after Score.
	Filtered func(d *Differential, p Pair, pod *corev1.Pod)
	Scored   func(d *Differential, p Pair, pod *corev1.Pod, a, b fwk.CycleState)
	// Expected has to be seen under every setting, besides what has to be seen of every
	// plugin.
	Expected []string
}

// Setting is a choice of feature gates.
type Setting struct {
	Gates featuregatetesting.FeatureOverrides
	// Expected has to be seen under this setting only.
	Expected []string
}

// Round is an empty cluster that will change, and what is made of it.
type Round struct {
	*Cluster
	Limits
	Maker
	// Changes are those of objects other than nodes and pods.
	Changes []func()
	// Pairs are profiles that see the cluster.
	Pairs []Pair
}

// Maker makes the objects that matter for a plugin.
type Maker interface {
	// Node returns a node.
	Node(name string) *corev1.Node
	// Pod returns a pod that can be parsed and is placed nowhere.
	Pod() *corev1.Pod
	// Incoming returns a pod to schedule, and Placed one that is placed on a node. They
	// may be of a kind that Pod does not return, or that it returns too seldom.
	Incoming() *corev1.Pod
	Placed() *corev1.Pod
	// PodLabels returns labels that a pod can have.
	PodLabels() map[string]string
}

// Compare schedules random pods in random clusters with the guarded and with the
// in-tree plugin, each in a framework of its own, and compares all that the
// scheduler would see: the result of PreFilter, the verdict and the reasons for
// each node (with nominated pods), those for a node from which pods are removed on
// trial, and the scores. The clusters change all the time, and the guarded plugins
// of all profiles keep their indexes through it.
//
// A case is one pod. -cases says how many; -seed replays a run.
func Compare(t *testing.T, subject Subject) {
	s := *seed
	if s == 0 {
		s = uint64(time.Now().UnixNano())
	}
	t.Logf("replay with: go test ./plugins/scheduler/%s -run %s -args -seed %d -cases %d", strings.ToLower(subject.Guarded), t.Name(), s, *cases)
	for name, setting := range subject.Settings {
		t.Run(name, func(t *testing.T) {
			featuregatetesting.SetFeatureGatesDuringTest(t, utilfeature.DefaultFeatureGate, setting.Gates)
			d := &Differential{T: t, subject: subject, most: *cases / len(subject.Settings), seen: map[string]int{}}
			for round := uint64(0); d.cases < d.most; round++ {
				d.round(s, round)
			}
			d.report(setting.Expected)
		})
	}
}

// Differential compares the plugins of a pair, and counts what it saw.
type Differential struct {
	*testing.T
	*churn
	subject     Subject
	where       string
	cases, most int
	compared    int
	seen        map[string]int
}

// Saw counts something that can be expected to be seen.
func (d *Differential) Saw(what string) { d.seen[what]++ }

// Same ends the test if the plugins differ in something.
func (d *Differential) Same(pod *corev1.Pod, what string, want, got any) {
	d.compared++
	if want == got {
		return
	}
	d.Helper()
	d.Fatalf("%s of %s differs (-in-tree +guarded):\n%s", what, pod.Name, cmp.Diff(want, got))
}

// Fatalf ends the test and says where it was.
func (d *Differential) Fatalf(format string, args ...any) {
	d.Helper()
	d.T.Fatalf("%s: %s", d.where, fmt.Sprintf(format, args...))
}

func (d *Differential) round(seed, round uint64) {
	r := &Random{Rand: rand.New(rand.NewPCG(seed, round))}
	d.churn = newChurn(d.subject.Begin(d.T, r), r)
	for range r.IntN(100) {
		d.change()
	}
	for step := range stepsPerCluster {
		if d.cases >= d.most {
			return
		}
		d.where = fmt.Sprintf("round %d, step %d", round, step)
		for range 1 + r.IntN(4) {
			d.change()
		}
		d.Update()
		if len(d.Nodes()) == 0 {
			continue
		}
		look := func() { d.schedule(Pick(r, d.Pairs), grouped(d.Pod())) }
		switch r.IntN(8) {
		case 0:
			d.tryPlacing(look)
		case 1:
			d.tryPreempting(look)
		}
		pod := d.Incoming()
		d.schedule(Pick(r, d.Pairs), pod)
	}
}

// report fails the test if it has not seen what it is for.
func (d *Differential) report(expected []string) {
	var lines []string
	for what, n := range d.seen {
		lines = append(lines, fmt.Sprintf("%8d %s", n, what))
	}
	slices.Sort(lines)
	d.Logf("%d pods, %d comparisons:\n%s", d.cases, d.compared, strings.Join(lines, "\n"))
	if d.cases < 1000 {
		return // Too few to expect everything.
	}
	for _, what := range slices.Concat([]string{
		"rejected by PreFilter", "skipped at PreFilter: true", "skipped at PreFilter: false", "skipped at PreScore: true", "skipped at PreScore: false",
		"scored above 0", "rejected for a nominated pod",
	}, d.subject.Expected, expected) {
		if d.seen[what] == 0 {
			d.Errorf("never seen: %s", what)
		}
	}
}
