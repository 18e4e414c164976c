// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package guardedinterpodaffinity

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/component-base/metrics/legacyregistry"
	"k8s.io/component-base/metrics/testutil"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	frameworkruntime "k8s.io/kubernetes/pkg/scheduler/framework/runtime"

	"github.com/evenkeel/evenkeel/api/config"
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
			handle, err := frameworkruntime.NewFramework(t.Context(), nil, nil, frameworkruntime.WithSnapshotSharedLister(c.snapshot), frameworkruntime.WithInformerFactory(c.informers))
			must(t, err)
			_, err = New(t.Context(), tc.args, handle)
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
	first := c.pair(config.GuardedInterPodAffinityArgs{})
	second := c.pair(config.GuardedInterPodAffinityArgs{HardPodAffinityWeight: 1})
	if first.plugin.index != second.plugin.index {
		t.Error("two profiles of one scheduler have an index each")
	}
	other := newCluster(t)
	if other.pair(config.GuardedInterPodAffinityArgs{}).plugin.index == first.plugin.index {
		t.Error("two schedulers share an index")
	}
}

// TestRestIsTheInTreePlugin covers what the guard does not touch.
func TestRestIsTheInTreePlugin(t *testing.T) {
	c := newCluster(t)
	for _, args := range []config.GuardedInterPodAffinityArgs{{}, {IgnorePreferredTermsOfExistingPods: true}} {
		p := c.pair(args)
		inTree := p.plugin.InterPodAffinity
		for affinity := range affinities {
			want, wantStatus := inTree.SignPod(t.Context(), podOf("web", affinity))
			got, gotStatus := p.plugin.SignPod(t.Context(), podOf("web", affinity))
			if diff := cmp.Diff(want, got); diff != "" || wantStatus.Code() != gotStatus.Code() {
				t.Errorf("the signature with affinity %q: %v, want %v (-want +got):\n%s", affinity, gotStatus, wantStatus, diff)
			}
		}
		events := func(pl fwk.EnqueueExtensions) []fwk.ClusterEvent {
			registered, err := pl.EventsToRegister(t.Context())
			must(t, err)
			var all []fwk.ClusterEvent
			for _, event := range registered {
				if event.QueueingHintFn == nil {
					t.Errorf("%v has no queueing hint", event.Event)
				}
				all = append(all, event.Event)
			}
			return all
		}
		if diff := cmp.Diff(events(inTree), events(p.plugin)); diff != "" {
			t.Errorf("events (-in-tree +guarded):\n%s", diff)
		}
	}
}

// TestMetrics scrapes what an operator sees.
func TestMetrics(t *testing.T) {
	c := newCluster(t)
	p := c.pair(config.GuardedInterPodAffinityArgs{})
	for _, name := range []string{"n1", "n2"} {
		c.cache.AddNode(klog.FromContext(t.Context()), node(name))
		for _, app := range []string{"a", "b", "c"} {
			pod := onNode(podOf(app, "away"), name)
			pod.Name, pod.UID = app+"-"+name, types.UID(app+"-"+name)
			c.place(pod)
		}
	}
	c.update()
	_, err := p.plugin.match(t.Context(), podOf("web", ""))
	must(t, err)
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
