// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package guardedpodtopologyspread

import (
	"testing"

	schedulerconfig "k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/podtopologyspread"

	"github.com/evenkeel/evenkeel/api/config"
	"github.com/evenkeel/evenkeel/plugins/scheduler/guardtest"
	"github.com/evenkeel/evenkeel/plugins/scheduler/podindex"
)

func plugins() guardtest.Plugins {
	return guardtest.Plugins{InTree: podtopologyspread.Name, NewInTree: podtopologyspread.New, Guarded: Name, NewGuarded: NewFactory(&podindex.Indexes{})}
}

func newCluster(tb testing.TB) *guardtest.Cluster {
	tb.Helper()
	return guardtest.NewCluster(tb, plugins())
}

func pair(c *guardtest.Cluster, args config.GuardedPodTopologySpreadArgs) guardtest.Pair {
	return c.Pair(&schedulerconfig.PodTopologySpreadArgs{
		DefaultConstraints: args.DefaultConstraints,
		DefaultingType:     schedulerconfig.PodTopologySpreadConstraintsDefaulting(args.DefaultingType),
	}, &args)
}

// pluginOf returns the guarded plugin of a pair.
func pluginOf(p guardtest.Pair) *GuardedPodTopologySpread {
	return p.Plugin.(*GuardedPodTopologySpread)
}
