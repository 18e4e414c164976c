// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package differential

import (
	"flag"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/component-base/metrics/legacyregistry"
	"k8s.io/klog/v2"

	"github.com/evenkeel/evenkeel/test/differential/side"
	"github.com/evenkeel/evenkeel/test/differential/world"
)

var (
	seed   = flag.Uint64("seed", 1, "seed of the random clusters; 0 takes the time")
	cases  = flag.Int("cases", 1600, "number of pods to place")
	only   = flag.Int("case", -1, "run the cluster of this case only, up to it")
	config = flag.String("config", "", "a KubeSchedulerConfiguration instead of the shipped one")
	kinds  = flag.String("kinds", "", "constraints that pods may declare, separated by commas; all if empty")
	fast   = flag.String("fast", "mixed", "whether our side takes the fast path: on, off, or mixed, which leaves it out in every fourth cluster")
	shrink = flag.Duration("shrink", 30*time.Second, "how long to make a failing case smaller")
)

// Each kind of constraint has a cluster of its own, where it is frequent. The
// clusters after those live longer, and with them both schedulers and their
// indexes.
const (
	casesForKind   = 25
	casesOfCluster = 200
)

// many is the number of cases in which the rare events must have been seen as well.
const many = 15_000

// focused is the number of cases in the clusters that have a focus. Then every
// kind must have mattered.
var focused = len(world.Kinds) * casesForKind

// clusterOf returns the number of the cluster that a case is in, and the number of
// its first case.
func clusterOf(number int) (cluster, first int) {
	if number < focused {
		return number / casesForKind, number / casesForKind * casesForKind
	}
	n := (number - focused) / casesOfCluster
	return len(world.Kinds) + n, focused + n*casesOfCluster
}

func TestMain(m *testing.M) {
	klog.SetLogger(logr.Discard())
	os.Exit(m.Run())
}

func TestProfilesAgree(t *testing.T) {
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d", *seed)
	if !slices.Contains([]string{"on", "off", "mixed"}, *fast) {
		t.Fatalf("-fast is %q: it must be on, off or mixed", *fast)
	}
	seen := newCoverage()
	if *only >= 0 {
		_, first := clusterOf(*only)
		runCluster(t, first, *only+1, seen)
		return
	}
	for first := 0; first < *cases; {
		first += len(runCluster(t, first, *cases, seen))
	}
	fastPath := fastPathResults(t)
	t.Logf("seed %d: no difference in %d cases\n%s\nthe fast path: %v", *seed, seen.cases, seen, fastPath)
	if *fast != "off" && *cases >= focused {
		for _, result := range []string{"placed", "none-fits"} {
			if fastPath[result] == 0 {
				t.Errorf("the fast path never came to %q, so it is not tested", result)
			}
		}
	}
	if *cases >= focused && *kinds == "" {
		for _, what := range seen.missing(*cases >= many) {
			t.Errorf("%s: never mattered, so it is not tested", what)
		}
	}
}

// fastPathResults returns the number of cycles of this process by what became of
// them on the fast path.
func fastPathResults(t *testing.T) map[string]float64 {
	t.Helper()
	families, err := legacyregistry.DefaultGatherer.Gather()
	if err != nil {
		t.Fatal(err)
	}
	results := map[string]float64{}
	for _, family := range families {
		if family.GetName() != "evenkeel_scheduler_fastpath_cycles_total" {
			continue
		}
		for _, metric := range family.GetMetric() {
			results[metric.GetLabel()[0].GetValue()] = metric.GetCounter().GetValue()
		}
	}
	return results
}

// declaredScorers score in one profile only: ours, and those that the manifest
// disables.
var declaredScorers = []string{"ReplicaSpread", "NodeResourcesBalancedAllocation", "ImageLocality", "DynamicResources", "VolumeBinding"}

// TestOnlyDeclaredScorersDiffer is what the comparison of scores rests on, which
// leaves out plugins that only one profile has.
func TestOnlyDeclaredScorersDiffer(t *testing.T) {
	d := newDuel(t, nil, nil, false)
	scorers := func(s *side.Side) map[string]int32 {
		weights := s.Scorers()
		maps.DeleteFunc(weights, func(plugin string, _ int32) bool { return slices.Contains(declaredScorers, plugin) })
		return weights
	}
	if found := different("the plugins that score", scorers(d.sides[0]), scorers(d.sides[1])); found.diff != "" {
		t.Errorf("the profiles differ in %s:\n%s", found.what, found.diff)
	}
}

// TestRunsAreRepeatable is what replaying a failing case rests on.
func TestRunsAreRepeatable(t *testing.T) {
	first, second := runCluster(t, focused, focused+80, newCoverage()), runCluster(t, focused, focused+80, newCoverage())
	for i := range first {
		if first[i] != second[i] {
			t.Fatalf("case %d was %q, and then %q", i, first[i], second[i])
		}
	}
}

// runCluster makes the cluster that begins with a case, plays its cases, as far as
// the end, and returns what came of each.
func runCluster(t *testing.T, first, end int, seen *coverage) []string {
	t.Helper()
	number, _ := clusterOf(first)
	r := rand.New(rand.NewPCG(*seed, uint64(number)))
	d := newDuel(t, r, seen, *fast == "on" || *fast == "mixed" && number%4 != 0)
	d.first = first
	plan := world.Plan{Kinds: chosenKinds(t)}
	if number < len(world.Kinds) && plan.Kinds == nil {
		plan.Focus = world.Kinds[number].Name
	}
	d.world = world.New(r, plan, d.sides[0].Feed, d.sides[1].Feed)
	var outcomes []string
	for d.number() < end {
		if next, _ := clusterOf(d.number()); next != number {
			break
		}
		outcomes = append(outcomes, d.play())
		if err := d.world.Err(); err != nil {
			t.Fatal(err)
		}
	}
	return outcomes
}

func chosenKinds(t *testing.T) []string {
	t.Helper()
	if *kinds == "" {
		return nil
	}
	known := map[string]bool{}
	for _, kind := range world.Kinds {
		known[kind.Name] = true
	}
	chosen := strings.Split(*kinds, ",")
	for _, name := range chosen {
		if !known[name] {
			t.Fatalf("-kinds: there is no kind %q; -v lists them", name)
		}
	}
	return chosen
}
