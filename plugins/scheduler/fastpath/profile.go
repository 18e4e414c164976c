// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package fastpath

import (
	"fmt"
	"slices"

	configv1 "k8s.io/kube-scheduler/config/v1"
	schedulerconfig "k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/names"

	"github.com/evenkeel/evenkeel/api/config"
	"github.com/evenkeel/evenkeel/plugins/scheduler/replicaspread"
)

// known are the Score plugins of which candidates that ReplicaSpread chose are
// enough to choose from: those that spread or even out load, and those whose
// preferences are the pod's, which unanswerable looks at. Others may prefer nodes
// that are nowhere near the candidates.
var known = []string{
	"ReplicaSpread", "GuardedInterPodAffinity", "InterPodAffinity", "GuardedPodTopologySpread", "NodeAffinity", "NodeResourcesBalancedAllocation",
	"NodeResourcesFit", "PodTopologySpread", "TaintToleration",
	// Of pods with claims only, which are left alone.
	"DynamicResources", "VolumeBinding",
}

// unfit returns why a profile does not take the fast path, or "".
func unfit(p *schedulerconfig.KubeSchedulerProfile, f framework.Framework) string {
	if f == nil {
		return "the scheduler has no such profile"
	}
	if !on(f, replicaspread.Name) {
		return "it has no ReplicaSpread, which names the candidates"
	}
	for _, plugin := range f.ListPlugins().Score.Enabled {
		if !slices.Contains(known, plugin.Name) {
			return fmt.Sprintf("its Score plugin %s may prefer nodes that are no candidates", plugin.Name)
		}
	}
	for _, c := range p.PluginConfig {
		switch args := c.Args.(type) {
		case *schedulerconfig.NodeAffinityArgs:
			if a := args.AddedAffinity; a != nil && len(a.PreferredDuringSchedulingIgnoredDuringExecution) > 0 {
				return "its addedAffinity prefers nodes that may be no candidates"
			}
		case *schedulerconfig.NodeResourcesFitArgs:
			if s := args.ScoringStrategy; s != nil && s.Type != schedulerconfig.LeastAllocated {
				return fmt.Sprintf("NodeResourcesFit scores by %s, and candidates are drawn for LeastAllocated", s.Type)
			}
		case *schedulerconfig.PodTopologySpreadArgs:
			// There may be arguments of a plugin that is off.
			if on(f, "PodTopologySpread") && (args.DefaultingType != schedulerconfig.ListDefaulting || len(args.DefaultConstraints) > 0) {
				return "PodTopologySpread has default constraints, which compare all nodes"
			}
		case *config.GuardedPodTopologySpreadArgs:
			if args.DefaultingType != configv1.ListDefaulting || len(args.DefaultConstraints) > 0 {
				return "GuardedPodTopologySpread has default constraints, which compare all nodes"
			}
		}
	}
	return ""
}

// on reports whether a profile has a plugin that filters and scores.
func on(f framework.Framework, name string) bool {
	is := func(plugin schedulerconfig.Plugin) bool { return plugin.Name == name }
	return slices.ContainsFunc(f.ListPlugins().PreFilter.Enabled, is) || slices.ContainsFunc(f.ListPlugins().Score.Enabled, is)
}

// allocates reports whether a profile allocates devices to pods.
func allocates(f framework.Framework) bool {
	return slices.ContainsFunc(f.ListPlugins().PreFilter.Enabled, func(plugin schedulerconfig.Plugin) bool { return plugin.Name == names.DynamicResources })
}
