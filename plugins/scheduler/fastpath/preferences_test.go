// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package fastpath

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"

	"github.com/evenkeel/evenkeel/plugins/scheduler/podindex"
)

// guardedProfile is a profile with GuardedInterPodAffinity.
var guardedProfile = strings.NewReplacer(
	"      disabled:\n", "      - {name: GuardedInterPodAffinity, weight: 2}\n      disabled:\n      - name: InterPodAffinity\n",
).Replace(fmt.Sprintf(profileText, 8, ""))

// preferring returns a preferred term over a topology key to pods of an app.
func preferring(app, key string) []corev1.WeightedPodAffinityTerm {
	return []corev1.WeightedPodAffinityTerm{{Weight: 100, PodAffinityTerm: corev1.PodAffinityTerm{
		TopologyKey: key, LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": app}},
	}}}
}

func awayFrom(terms []corev1.WeightedPodAffinityTerm) *corev1.Affinity {
	return &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{PreferredDuringSchedulingIgnoredDuringExecution: terms}}
}

func near(terms []corev1.WeightedPodAffinityTerm) *corev1.Affinity {
	return &corev1.Affinity{PodAffinity: &corev1.PodAffinity{PreferredDuringSchedulingIgnoredDuringExecution: terms}}
}

// TestPreferencesOfPodsAreMetOrLeftAlone places pods with preferred inter-pod terms
// in 300 nodes in three zones: the fast path only where a candidate is as good for
// them as any node is.
func TestPreferencesOfPodsAreMetOrLeftAlone(t *testing.T) {
	const zone = corev1.LabelTopologyZone
	var manyKeys []corev1.WeightedPodAffinityTerm
	for i := range podindex.MaxKeys + 1 {
		manyKeys = append(manyKeys, preferring("db", fmt.Sprint("level-", i))...)
	}
	everywhere := preferring("db", zone)
	everywhere[0].PodAffinityTerm.NamespaceSelector = &metav1.LabelSelector{}
	for name, tc := range map[string]struct {
		affinity *corev1.Affinity
		// placed are the nodes that have a pod of the app db.
		placed []int
		config string
		want   reason
		// wantZones are those that the pod may be in.
		wantZones []string
	}{
		"nothing to be away from":           {affinity: awayFrom(preferring("db", zone)), want: placed, wantZones: []string{"0", "1", "2"}},
		"away by the zone":                  {affinity: awayFrom(preferring("db", zone)), placed: []int{0, 10}, want: placed, wantZones: []string{"2"}},
		"away by the zone, fewest":          {affinity: awayFrom(preferring("db", zone)), placed: []int{0, 1, 10, 20, 21}, want: placed, wantZones: []string{"1"}},
		"away by the host":                  {affinity: awayFrom(preferring("db", corev1.LabelHostname)), placed: []int{0, 10, 20}, want: placed, wantZones: []string{"0", "1", "2"}},
		"away by zone and host":             {affinity: awayFrom(append(preferring("db", corev1.LabelHostname), preferring("db", zone)...)), placed: []int{0, 10}, want: placed, wantZones: []string{"2"}},
		"near by the zone":                  {affinity: near(preferring("db", zone)), placed: []int{10}, want: placed, wantZones: []string{"1"}},
		"near by the zone, most":            {affinity: near(preferring("db", zone)), placed: []int{0, 10, 11, 20}, want: placed, wantZones: []string{"1"}},
		"nothing to be near":                {affinity: near(preferring("db", corev1.LabelHostname)), want: placed, wantZones: []string{"0", "1", "2"}},
		"near by the host":                  {affinity: near(preferring("db", corev1.LabelHostname)), placed: []int{237}, want: preferences, wantZones: []string{"0", "1", "2"}},
		"in namespaces by their labels":     {affinity: awayFrom(everywhere), want: preferences, wantZones: []string{"0", "1", "2"}},
		"over more levels than are known":   {affinity: awayFrom(append(manyKeys, preferring("db", zone)...)), placed: []int{0, 10}, want: preferences, wantZones: []string{"2"}},
		"a profile with the in-tree plugin": {affinity: awayFrom(preferring("db", zone)), config: fmt.Sprintf(profileText, 8, ""), want: preferences, wantZones: []string{"0", "1", "2"}},
	} {
		t.Run(name, func(t *testing.T) {
			config := tc.config
			if config == "" {
				config = guardedProfile
			}
			h := newHallOf(t, hosts(300), 0, config)
			for i, node := range tc.placed {
				db := testPod().Label("app", "db").Node(fmt.Sprintf("node-%03d", node)).Obj()
				db.Name, db.UID = fmt.Sprint("db-", i), types.UID(fmt.Sprint("db-", i))
				if err := h.Cache.AddPod(klog.Background(), db); err != nil {
					t.Fatal(err)
				}
			}
			if err := h.Cache.UpdateSnapshot(klog.Background(), h.snapshot); err != nil {
				t.Fatal(err)
			}
			pod := testPod().Obj()
			pod.Spec.Affinity = tc.affinity
			before := counted(t, tc.want)
			result, err := h.schedule(t, pod)
			if err != nil {
				t.Fatal(err)
			}
			if got := counted(t, tc.want) - before; got != 1 {
				t.Errorf("%s was counted %v times, want 1", tc.want, got)
			}
			var in string
			for i := range 300 {
				if fmt.Sprintf("node-%03d", i) == result.SuggestedHost {
					in = fmt.Sprint(i / 10 % 3)
				}
			}
			if !strings.Contains(strings.Join(tc.wantZones, " "), in) {
				t.Errorf("the pod is on %s in zone %s, want one of the zones %v", result.SuggestedHost, in, tc.wantZones)
			}
		})
	}
}

// hosts are nodes that have a host name.
func hosts(n int) []*corev1.Node {
	var all []*corev1.Node
	for i := range n {
		node := labelled(i)
		all = append(all, node.Label(corev1.LabelHostname, node.Obj().Name).Obj())
	}
	return all
}

// TestReplicasThatPreferToBeApartAre has a service of the usual kind, and as many
// replicas as there are nodes in the pool.
func TestReplicasThatPreferToBeApartAre(t *testing.T) {
	const replicas = 120
	h := newHallOf(t, hosts(replicas), 0, guardedProfile)
	on := h.place(t, replicas, func(i int) *corev1.Pod {
		pod := replica(i, replicas)
		pod.Labels = map[string]string{"app": "web"}
		pod.Spec.Affinity = awayFrom(append(preferring("web", corev1.LabelHostname), preferring("web", corev1.LabelTopologyZone)...))
		return pod
	})
	for node, n := range on {
		if n > 1 {
			t.Errorf("%s has %d replicas of %d on as many nodes", node, n, replicas)
		}
	}
	if h.original > replicas/20 {
		t.Errorf("the original function placed %d of %d replicas", h.original, replicas)
	}
}
