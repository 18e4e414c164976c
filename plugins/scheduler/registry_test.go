// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package scheduler

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins"
	"k8s.io/kubernetes/pkg/scheduler/framework/runtime"
)

func TestOptionsRegisterEveryPluginBesideTheInTreeOnes(t *testing.T) {
	ours := runtime.Registry{}
	for _, option := range Options() {
		if err := option(ours); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"GuardedInterPodAffinity", "GuardedPodTopologySpread", "ProfileGuard", "ReplicaSpread"}, slices.Sorted(maps.Keys(ours))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := plugins.NewInTreeRegistry().Merge(ours); err != nil {
		t.Errorf("a plugin has the name of an in-tree one: %v", err)
	}
}
