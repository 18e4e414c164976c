// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package guardedpodtopologyspread

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/component-base/metrics/testutil"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	st "k8s.io/kubernetes/pkg/scheduler/testing"

	"github.com/evenkeel/evenkeel/plugins/scheduler/guardtest"
)

// spread returns a pod of an application in the namespace shop.
func spread(app string, constraints ...corev1.TopologySpreadConstraint) *corev1.Pod {
	pod := st.MakePod().Namespace("shop").Name(app).UID(app).Label("app", app).Label("rev", "1").Obj()
	pod.Spec.TopologySpreadConstraints = constraints
	return pod
}

func onNode(pod *corev1.Pod, node string) *corev1.Pod {
	pod.Name, pod.UID, pod.Spec.NodeName = pod.Name+"-"+node, types.UID(pod.Name+"-"+node), node
	return pod
}

func over(key string, action corev1.UnsatisfiableConstraintAction) corev1.TopologySpreadConstraint {
	return corev1.TopologySpreadConstraint{MaxSkew: 1, TopologyKey: key, WhenUnsatisfiable: action,
		LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}}}
}

func overHosts(action corev1.UnsatisfiableConstraintAction) corev1.TopologySpreadConstraint {
	return over(corev1.LabelHostname, action)
}

func overZones(action corev1.UnsatisfiableConstraintAction) corev1.TopologySpreadConstraint {
	return over(corev1.LabelTopologyZone, action)
}

type change func(*corev1.TopologySpreadConstraint)

func with(c corev1.TopologySpreadConstraint, changes ...change) corev1.TopologySpreadConstraint {
	for _, change := range changes {
		change(&c)
	}
	return c
}

func by(operator metav1.LabelSelectorOperator, values ...string) change {
	return func(c *corev1.TopologySpreadConstraint) {
		c.LabelSelector = &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "app", Operator: operator, Values: values}}}
	}
}

func domains(atLeast int32) change {
	return func(c *corev1.TopologySpreadConstraint) { c.MinDomains = &atLeast }
}

func noSelector(c *corev1.TopologySpreadConstraint) { c.LabelSelector = nil }

func everyPod(c *corev1.TopologySpreadConstraint) { c.LabelSelector = &metav1.LabelSelector{} }

func likewise(c *corev1.TopologySpreadConstraint) { c.MatchLabelKeys = []string{"app"} }

func inPool(pod *corev1.Pod) *corev1.Pod {
	pod.Spec.NodeSelector = map[string]string{"pool": "0"}
	return pod
}

func byName(pod *corev1.Pod) *corev1.Pod {
	pod.Spec.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{
		NodeSelectorTerms: []corev1.NodeSelectorTerm{{MatchFields: []corev1.NodeSelectorRequirement{{Key: "metadata.name", Operator: corev1.NodeSelectorOpIn, Values: []string{"n1"}}}}},
	}}}
	return pod
}

// TestFewNodesAreShown in a cluster of 300 nodes in 3 zones, in which pods of web
// are placed on two nodes, both in one zone.
func TestFewNodesAreShown(t *testing.T) {
	const hard, soft = corev1.DoNotSchedule, corev1.ScheduleAnyway
	c := newCluster(t)
	for i := range 300 {
		name := fmt.Sprint("n", i)
		c.AddNode(st.MakeNode().Name(name).Label(corev1.LabelHostname, name).
			Label(corev1.LabelTopologyZone, fmt.Sprint(i%3)).Label("pool", fmt.Sprint(i%2)).Obj())
	}
	c.Place(onNode(spread("web"), "n0"), onNode(spread("db"), "n1"), onNode(spread("web"), "n3"))
	c.Update()
	p := pair(c, noDefaults)
	pl := pluginOf(p)
	const all, skipped = 300, 0
	type shown struct{ least, most int }
	exactly := func(n int) shown { return shown{n, n} }
	for name, tc := range map[string]struct {
		pod *corev1.Pod
		// wantPreFilter and wantPreScore are the nodes that the in-tree plugin is shown. Of a
		// domain that is not empty any node is taken, so perhaps one that is shown anyway.
		wantPreFilter, wantPreScore shown
	}{
		"no constraint":          {pod: spread("web")},
		"hosts":                  {pod: spread("web", overHosts(hard)), wantPreFilter: exactly(2 + 2)},
		"hosts, softly":          {pod: spread("web", overHosts(soft)), wantPreScore: exactly(2)},
		"zones":                  {pod: spread("web", overZones(hard)), wantPreFilter: exactly(2 + 2)},
		"zones and hosts":        {pod: spread("web", overZones(hard), overHosts(hard)), wantPreFilter: shown{2 + 2, 2 + 2 + 2}},
		"zones, hosts softly":    {pod: spread("web", overZones(hard), overHosts(soft)), wantPreFilter: exactly(2 + 2), wantPreScore: exactly(2)},
		"five zones at least":    {pod: spread("web", with(overZones(hard), domains(5))), wantPreFilter: shown{2 + 2, 2 + 3}},
		"nine hosts at least":    {pod: spread("web", with(overHosts(hard), domains(9))), wantPreFilter: exactly(2 + 9)},
		"by matchLabelKeys":      {pod: spread("web", with(overHosts(hard), everyPod, likewise)), wantPreFilter: exactly(2 + 2)},
		"by In":                  {pod: spread("web", with(overHosts(hard), by(metav1.LabelSelectorOpIn, "web", "db"))), wantPreFilter: exactly(3 + 2)},
		"by NotIn":               {pod: spread("web", with(overHosts(hard), by(metav1.LabelSelectorOpNotIn, "db"))), wantPreFilter: exactly(all)},
		"by Exists, softly":      {pod: spread("web", with(overHosts(soft), by(metav1.LabelSelectorOpExists))), wantPreScore: exactly(all)},
		"no selector":            {pod: spread("web", with(overHosts(hard), noSelector)), wantPreFilter: exactly(all)},
		"one without selector":   {pod: spread("web", with(overHosts(hard), noSelector, likewise), overZones(hard)), wantPreFilter: shown{2 + 2, 2 + 2 + 2}},
		"an empty one, softly":   {pod: spread("web", with(overHosts(soft), everyPod), overZones(soft)), wantPreScore: exactly(2)},
		"no pod to count":        {pod: spread("web", with(overHosts(hard), by(metav1.LabelSelectorOpIn, "new"))), wantPreFilter: exactly(2)},
		"no pod to count softly": {pod: spread("web", with(overHosts(soft), by(metav1.LabelSelectorOpIn, "new"))), wantPreScore: exactly(1)},
		"no node with the label": {pod: spread("web", over("nowhere", hard)), wantPreFilter: exactly(2)},
		"two pools":              {pod: inPool(spread("web", overHosts(hard))), wantPreFilter: exactly(2 + 2*2)},
		"nodes by their names":   {pod: byName(spread("web", overHosts(hard))), wantPreFilter: exactly(all)},
	} {
		t.Run(name, func(t *testing.T) {
			var want []float64
			for at, of := range map[string]struct {
				action corev1.UnsatisfiableConstraintAction
				nodes  func(*corev1.Pod, []fwk.NodeInfo) ([]fwk.NodeInfo, bool)
				want   shown
			}{"PreFilter": {hard, pl.decisive, tc.wantPreFilter}, "PreScore": {soft, pl.counted, tc.wantPreScore}} {
				got := skipped
				if declares(tc.pod, of.action) {
					got = all
					if nodes, known := of.nodes(tc.pod, c.Nodes()); known {
						got = len(nodes)
					}
				}
				if got < of.want.least || got > of.want.most {
					t.Errorf("%d nodes are shown at %s, want %d to %d", got, at, of.want.least, of.want.most)
				}
			}
			for _, w := range []shown{tc.wantPreFilter, tc.wantPreScore} {
				switch w.least {
				case skipped:
					want = append(want, 0, 0)
				case all:
					want = append(want, 0, 1)
				default:
					want = append(want, 1, 0)
				}
			}
			before := delegations(t, pl)
			state := framework.NewCycleState()
			_, status, _ := p.Guarded.RunPreFilterPlugins(t.Context(), state, tc.pod)
			guardtest.Must(t, status.AsError())
			guardtest.Must(t, p.Guarded.RunPreScorePlugins(t.Context(), state, tc.pod, c.Nodes()).AsError())
			got := delegations(t, pl)
			for i := range got {
				got[i] -= before[i]
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("counted at PreFilter (decisive, all) and PreScore (-want +got):\n%s", diff)
			}
		})
	}
}

// delegations returns the metric: at each extension point, decisive and all.
func delegations(t *testing.T, pl *GuardedPodTopologySpread) []float64 {
	t.Helper()
	var values []float64
	for at := range pl.metrics.views {
		for _, counter := range pl.metrics.views[at] {
			value, err := testutil.GetCounterMetricValue(counter)
			guardtest.Must(t, err)
			values = append(values, value)
		}
	}
	return values
}
