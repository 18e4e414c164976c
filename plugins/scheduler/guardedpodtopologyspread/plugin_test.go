// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package guardedpodtopologyspread

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	configv1 "k8s.io/kube-scheduler/config/v1"

	"github.com/evenkeel/evenkeel/api/config"
	"github.com/evenkeel/evenkeel/plugins/scheduler/guardtest"
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
			_, err := NewFactory(&podindex.Indexes{})(t.Context(), tc.args, c.Handle())
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
		t.Run(name, func(t *testing.T) {
			pl := pluginOf(pair(c, args))
			guardtest.SameQueued(t, pl.PodTopologySpread, pl, spread("web"), spread("web", overHosts(corev1.DoNotSchedule)))
			if !strings.HasPrefix(pl.Name(), "Guarded") {
				t.Errorf("its name is %s, that of another plugin", pl.Name())
			}
		})
	}
}
