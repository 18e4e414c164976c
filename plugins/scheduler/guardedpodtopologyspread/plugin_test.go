// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package guardedpodtopologyspread

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	configv1 "k8s.io/kube-scheduler/config/v1"
	fwk "k8s.io/kube-scheduler/framework"
	frameworkruntime "k8s.io/kubernetes/pkg/scheduler/framework/runtime"

	"github.com/evenkeel/evenkeel/api/config"
	"github.com/evenkeel/evenkeel/plugins/scheduler/podindex"
)

var noDefaults = config.GuardedPodTopologySpreadArgs{DefaultingType: configv1.ListDefaulting}

func TestNewRefusesWrongArgs(t *testing.T) {
	c := newCluster(t)
	for name, tc := range map[string]struct {
		args runtime.Object
		want string
	}{
		"none":           {nil, "want args to be of type GuardedPodTopologySpreadArgs, got <nil>"},
		"not registered": {&runtime.Unknown{}, "want args to be of type GuardedPodTopologySpreadArgs, got *runtime.Unknown"},
		"an unknown type of defaults": {&config.GuardedPodTopologySpreadArgs{DefaultingType: "Some"},
			`pluginConfig[GuardedPodTopologySpread].args.defaultingType: Unsupported value: "Some": supported values: "System", "List"`},
	} {
		t.Run(name, func(t *testing.T) {
			handle, err := frameworkruntime.NewFramework(t.Context(), nil, nil, frameworkruntime.WithSnapshotSharedLister(c.snapshot), frameworkruntime.WithInformerFactory(c.informers))
			must(t, err)
			_, err = NewFactory(&podindex.Indexes{})(t.Context(), tc.args, handle)
			if err == nil || err.Error() != tc.want {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
}

// TestRestIsTheInTreePlugin covers what the guard does not touch.
func TestRestIsTheInTreePlugin(t *testing.T) {
	c := newCluster(t)
	for name, args := range map[string]config.GuardedPodTopologySpreadArgs{"no defaults": noDefaults, "the defaults of Kubernetes": {DefaultingType: configv1.SystemDefaulting}} {
		p := c.pair(args)
		inTree := p.plugin.PodTopologySpread
		for _, pod := range []*corev1.Pod{spread("web"), spread("web", overHosts(corev1.DoNotSchedule))} {
			want, wantStatus := inTree.SignPod(t.Context(), pod)
			got, gotStatus := p.plugin.SignPod(t.Context(), pod)
			if diff := cmp.Diff(want, got); diff != "" || wantStatus.Code() != gotStatus.Code() {
				t.Errorf("%s: the signature: %v, want %v (-want +got):\n%s", name, gotStatus, wantStatus, diff)
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
			t.Errorf("%s: events (-in-tree +guarded):\n%s", name, diff)
		}
		if !strings.HasPrefix(p.plugin.Name(), "Guarded") {
			t.Errorf("its name is %s, that of another plugin", p.plugin.Name())
		}
	}
}
