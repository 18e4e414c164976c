// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package guardedinterpodaffinity

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	featuregatetesting "k8s.io/component-base/featuregate/testing"
	"k8s.io/component-base/metrics/testutil"
	"k8s.io/kubernetes/pkg/features"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	st "k8s.io/kubernetes/pkg/scheduler/testing"

	"github.com/evenkeel/evenkeel/api/config"
	"github.com/evenkeel/evenkeel/plugins/scheduler/guardtest"
)

// The terms of the tests are about app=web, over the zone.
var (
	webTerm = corev1.PodAffinityTerm{
		TopologyKey:   corev1.LabelTopologyZone,
		LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}},
	}
	unparsableTerm = corev1.PodAffinityTerm{
		TopologyKey:   corev1.LabelTopologyZone,
		LabelSelector: &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "app", Operator: "Near"}}},
	}
)

// affinities are the forms that affinity takes, by name.
var affinities = map[string]*corev1.Affinity{
	"":       nil,
	"empty":  {PodAffinity: &corev1.PodAffinity{}, PodAntiAffinity: &corev1.PodAntiAffinity{}},
	"away":   requiredAntiAffinity(webTerm),
	"apart":  requiredAntiAffinity(onHost(webTerm)),
	"beside": requiredAffinity(webTerm),
	"rather away": {PodAntiAffinity: &corev1.PodAntiAffinity{
		PreferredDuringSchedulingIgnoredDuringExecution: []corev1.WeightedPodAffinityTerm{{Weight: 1, PodAffinityTerm: webTerm}},
	}},
	"rather beside": {PodAffinity: &corev1.PodAffinity{
		PreferredDuringSchedulingIgnoredDuringExecution: []corev1.WeightedPodAffinityTerm{{Weight: 1, PodAffinityTerm: webTerm}},
	}},
	"rather unparsable": {PodAffinity: &corev1.PodAffinity{
		PreferredDuringSchedulingIgnoredDuringExecution: []corev1.WeightedPodAffinityTerm{{Weight: 1, PodAffinityTerm: unparsableTerm}},
	}},
}

func onHost(term corev1.PodAffinityTerm) corev1.PodAffinityTerm {
	term.TopologyKey = corev1.LabelHostname
	return term
}

func requiredAffinity(terms ...corev1.PodAffinityTerm) *corev1.Affinity {
	return &corev1.Affinity{PodAffinity: &corev1.PodAffinity{RequiredDuringSchedulingIgnoredDuringExecution: terms}}
}

func requiredAntiAffinity(terms ...corev1.PodAffinityTerm) *corev1.Affinity {
	return &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: terms}}
}

func podOf(app, affinity string) *corev1.Pod {
	pod := st.MakePod().Namespace("shop").Name(app).UID(app+" "+affinity).Label("app", app).Obj()
	pod.Spec.Affinity = affinities[affinity]
	return pod
}

func onNode(pod *corev1.Pod, node string) *corev1.Pod {
	pod.Spec.NodeName = node
	return pod
}

// node is in zone z and has a host name.
func node(name string) *corev1.Node {
	return st.MakeNode().Name(name).Label(corev1.LabelHostname, name).Label(corev1.LabelTopologyZone, "z").Obj()
}

// TestGuardDecides has one node, a placed pod with the affinity of the case to
// app=web, and an incoming pod. What is wanted is what the guard decides at
// PreFilter and at PreScore.
func TestGuardDecides(t *testing.T) {
	ignoring := config.GuardedInterPodAffinityArgs{HardPodAffinityWeight: 1, IgnorePreferredTermsOfExistingPods: true}
	weightless := config.GuardedInterPodAffinityArgs{}
	for name, tc := range map[string]struct {
		placed   string
		app, own string
		args     *config.GuardedInterPodAffinityArgs
		want     string
	}{
		"no terms at all":                        {"", "web", "", nil, "skipped, skipped"},
		"empty affinity":                         {"empty", "web", "empty", nil, "skipped, skipped"},
		"anti-affinity to it":                    {"away", "web", "", nil, "placed_terms, skipped"},
		"anti-affinity to it over hosts":         {"apart", "web", "", nil, "placed_terms, skipped"},
		"anti-affinity to others":                {"away", "db", "", nil, "skipped, skipped"},
		"affinity to it":                         {"beside", "web", "", nil, "skipped, placed_terms"},
		"affinity to it without weight":          {"beside", "web", "", &weightless, "skipped, skipped"},
		"affinity to others":                     {"beside", "db", "", nil, "skipped, skipped"},
		"preferred affinity to it":               {"rather beside", "web", "", nil, "skipped, placed_terms"},
		"preferred anti-affinity to it":          {"rather away", "web", "", &weightless, "skipped, placed_terms"},
		"preferred terms to others":              {"rather away", "db", "", nil, "skipped, skipped"},
		"preferred terms to it are ignored":      {"rather away", "web", "", &ignoring, "skipped, skipped"},
		"anti-affinity to it is not ignored":     {"away", "web", "", &ignoring, "placed_terms, skipped"},
		"its own anti-affinity":                  {"", "db", "away", nil, "own_terms, skipped"},
		"its own affinity":                       {"", "web", "beside", nil, "own_terms, skipped"},
		"its own, and preferred terms to it":     {"rather away", "web", "beside", nil, "own_terms, placed_terms"},
		"its own preferred terms":                {"", "db", "rather away", nil, "skipped, own_terms"},
		"its own preferred terms are heeded":     {"", "db", "rather beside", &ignoring, "skipped, own_terms"},
		"its own preferred, anti-affinity to it": {"away", "web", "rather beside", nil, "placed_terms, own_terms"},
		"an unparsable term, which rejects it":   {"", "db", "rather unparsable", nil, "own_terms"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t)
			c.AddNode(node("n"))
			c.Place(onNode(podOf("other", tc.placed), "n"))
			c.Update()
			args := config.GuardedInterPodAffinityArgs{HardPodAffinityWeight: 1}
			if tc.args != nil {
				args = *tc.args
			}
			p, pod, state := pair(c, args), podOf(tc.app, tc.own), framework.NewCycleState()
			got := decisionsOf(t, pluginOf(p), func() {
				if _, status, _ := p.Guarded.RunPreFilterPlugins(t.Context(), state, pod); status.IsSuccess() {
					guardtest.Must(t, p.Guarded.RunPreScorePlugins(t.Context(), state, pod, c.Nodes()).AsError())
				}
			})
			if diff := cmp.Diff(tc.want, strings.Join(got, ", ")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// decisionsOf returns the decisions that are counted while do runs, one for each
// extension point.
func decisionsOf(t *testing.T, pl *GuardedInterPodAffinity, do func()) []string {
	t.Helper()
	var counted [len(extensionPoints)][len(decisions)]float64
	read := func(sign float64) {
		for at := range extensionPoints {
			for d := range decisions {
				v, err := testutil.GetCounterMetricValue(pl.metrics.decisions[at][d])
				guardtest.Must(t, err)
				counted[at][d] += sign * v
			}
		}
	}
	read(-1)
	do()
	read(1)
	var decided []string
	for at := range extensionPoints {
		for d, n := range counted[at] {
			for range int(n) {
				decided = append(decided, decisions[d])
			}
		}
	}
	return decided
}

// TestNominatedPods has an incoming pod, web, and on the only node a nominated
// pod, db, with anti-affinity to web, which is to run there once its victims are
// gone.
//
// The in-tree plugin heeds the nominated pod's term only if it did not skip the
// pod, and with no term of a placed pod that matches it does skip. Ours does the
// same, case by case.
func TestNominatedPods(t *testing.T) {
	const rejected = "node(s) didn't satisfy existing pods anti-affinity rules"
	for name, tc := range map[string]struct {
		// placed has the affinities to web of the pods that run on the node.
		placed []string
		// elsewhere has those to an app that does not exist.
		elsewhere *corev1.Affinity
		fastPath  bool
		nominated string
		want      string
	}{
		"nobody placed minds":                        {nominated: "away", want: ""},
		"a placed pod minds as well":                 {placed: []string{"away"}, nominated: "away", want: rejected},
		"a placed pod minds others":                  {elsewhere: requiredAntiAffinity(termTo("none", "zone")), nominated: "away", want: ""},
		"fast path, nobody placed minds":             {fastPath: true, nominated: "away", want: ""},
		"fast path, a placed pod minds others":       {fastPath: true, elsewhere: requiredAntiAffinity(termTo("none", "zone")), nominated: "away", want: ""},
		"fast path, it minds others on its host":     {fastPath: true, elsewhere: requiredAntiAffinity(onHost(termTo("none", ""))), nominated: "away", want: rejected},
		"fast path, the same, over hosts":            {fastPath: true, elsewhere: requiredAntiAffinity(onHost(termTo("none", ""))), nominated: "apart", want: rejected},
		"fast path, the nominated pod does not mind": {fastPath: true, elsewhere: requiredAntiAffinity(onHost(termTo("none", ""))), nominated: "beside", want: ""},
	} {
		t.Run(name, func(t *testing.T) {
			featuregatetesting.SetFeatureGateDuringTest(t, utilfeature.DefaultFeatureGate, features.InterPodAffinityHostnameFastPath, tc.fastPath)
			c := newCluster(t)
			c.AddNode(node("n"))
			for _, affinity := range tc.placed {
				c.Place(onNode(podOf("other", affinity), "n"))
			}
			if tc.elsewhere != nil {
				pod := onNode(podOf("another", ""), "n")
				pod.Spec.Affinity = tc.elsewhere
				c.Place(pod)
			}
			c.Nominate(podOf("db", tc.nominated), "n")
			c.Update()
			p, pod := pair(c, config.GuardedInterPodAffinityArgs{HardPodAffinityWeight: 1}), podOf("web", "")
			for of, f := range map[string]framework.Framework{"in-tree": p.InTree, "guarded": p.Guarded} {
				state := framework.NewCycleState()
				if _, status, _ := f.RunPreFilterPlugins(t.Context(), state, pod); !status.IsSuccess() {
					t.Fatalf("%s: %v", of, status)
				}
				if got := f.RunFilterPluginsWithNominatedPods(t.Context(), state, pod, c.Nodes()[0]).Message(); got != tc.want {
					t.Errorf("%s: got %q, want %q", of, got, tc.want)
				}
			}
		})
	}
}

func termTo(app, topologyKey string) corev1.PodAffinityTerm {
	return corev1.PodAffinityTerm{TopologyKey: topologyKey, LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": app}}}
}

// TestNamespaceLabelsCountWhenTheyChange relabels the namespace of the incoming
// pod. No NodeInfo changes with it.
func TestNamespaceLabelsCountWhenTheyChange(t *testing.T) {
	c := newCluster(t)
	c.AddNode(node("n"))
	placed := onNode(podOf("other", ""), "n")
	placed.Namespace = "bank"
	term := webTerm
	term.NamespaceSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"team": "red"}}
	placed.Spec.Affinity = requiredAntiAffinity(term)
	c.Place(placed)
	c.Update()
	p := pair(c, config.GuardedInterPodAffinityArgs{})
	for _, step := range []struct {
		labels map[string]string
		want   string
	}{
		{nil, "skipped"},
		{map[string]string{"team": "red"}, "placed_terms"},
		{map[string]string{"team": "blue"}, "skipped"},
	} {
		setNamespace(t, c, "shop", step.labels)
		got := decisionsOf(t, pluginOf(p), func() {
			p.Guarded.RunPreFilterPlugins(t.Context(), framework.NewCycleState(), podOf("web", ""))
		})
		if diff := cmp.Diff([]string{step.want}, got); diff != "" {
			t.Errorf("with labels %v (-want +got):\n%s", slices.Collect(maps.Values(step.labels)), diff)
		}
	}
}
