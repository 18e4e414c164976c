// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package guardedinterpodaffinity

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/component-base/metrics/legacyregistry"
	"k8s.io/component-base/metrics/testutil"

	"github.com/evenkeel/evenkeel/api/config"
	"github.com/evenkeel/evenkeel/plugins/scheduler/guardtest"
)

func TestNewRefusesWrongArgs(t *testing.T) {
	c := newCluster(t)
	for name, tc := range map[string]struct {
		args runtime.Object
		want string
	}{
		"none":           {nil, "want args to be of type GuardedInterPodAffinityArgs, got <nil>"},
		"not registered": {&runtime.Unknown{}, "want args to be of type GuardedInterPodAffinityArgs, got *runtime.Unknown"},
		"too great a weight": {&config.GuardedInterPodAffinityArgs{HardPodAffinityWeight: 101},
			"pluginConfig[GuardedInterPodAffinity].args.hardPodAffinityWeight: Invalid value: 101: must be from 0 to 100"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(t.Context(), tc.args, c.Handle())
			if err == nil || !strings.HasPrefix(err.Error(), tc.want) {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
}

// TestProfilesShareTheIndex covers two profiles of one scheduler with different
// arguments, and another scheduler in the same process.
func TestProfilesShareTheIndex(t *testing.T) {
	c := newCluster(t)
	first := pluginOf(pair(c, config.GuardedInterPodAffinityArgs{}))
	second := pluginOf(pair(c, config.GuardedInterPodAffinityArgs{HardPodAffinityWeight: 1}))
	if first.index != second.index {
		t.Error("two profiles of one scheduler have an index each")
	}
	other := newCluster(t)
	if pluginOf(pair(other, config.GuardedInterPodAffinityArgs{})).index == first.index {
		t.Error("two schedulers share an index")
	}
}

// TestRestIsTheInTreePlugin covers what the guard does not touch.
func TestRestIsTheInTreePlugin(t *testing.T) {
	c := newCluster(t)
	var pods []*corev1.Pod
	for affinity := range affinities {
		pods = append(pods, podOf("web", affinity))
	}
	for _, args := range []config.GuardedInterPodAffinityArgs{{}, {IgnorePreferredTermsOfExistingPods: true}} {
		pl := pluginOf(pair(c, args))
		guardtest.SameQueued(t, pl.InterPodAffinity, pl, pods...)
	}
}

// TestMetrics scrapes what an operator sees.
func TestMetrics(t *testing.T) {
	c := newCluster(t)
	p := pair(c, config.GuardedInterPodAffinityArgs{})
	for _, name := range []string{"n1", "n2"} {
		c.AddNode(node(name))
		for _, app := range []string{"a", "b", "c"} {
			pod := onNode(podOf(app, "away"), name)
			pod.Name, pod.UID = app+"-"+name, types.UID(app+"-"+name)
			c.Place(pod)
		}
	}
	c.Update()
	_, err := pluginOf(p).match(t.Context(), podOf("web", ""))
	guardtest.Must(t, err)
	want := `
# HELP evenkeel_scheduler_guarded_interpodaffinity_index_size [ALPHA] Size of the index of affinity terms, by what is counted: nodes and pods that have affinity or anti-affinity, declarations (distinct sets of terms of a pod) and classes (distinct namespaces and selectors).
# TYPE evenkeel_scheduler_guarded_interpodaffinity_index_size gauge
evenkeel_scheduler_guarded_interpodaffinity_index_size{of="classes"} 1
evenkeel_scheduler_guarded_interpodaffinity_index_size{of="declarations"} 1
evenkeel_scheduler_guarded_interpodaffinity_index_size{of="nodes"} 2
evenkeel_scheduler_guarded_interpodaffinity_index_size{of="pods"} 6
`
	if err := testutil.GatherAndCompare(legacyregistry.DefaultGatherer, strings.NewReader(want), "evenkeel_scheduler_guarded_interpodaffinity_index_size"); err != nil {
		t.Error(err)
	}
}
