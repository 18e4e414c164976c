// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package fastpath

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// guardedSpread is a profile with GuardedPodTopologySpread, and with default
// constraints of a type.
func guardedSpread(defaults string) string {
	return strings.NewReplacer(
		"      disabled:\n", "      - {name: GuardedPodTopologySpread, weight: 2}\n      disabled:\n      - name: PodTopologySpread\n",
		"- name: PodTopologySpread\n    args: {defaultingType: List}", "- name: GuardedPodTopologySpread\n    args: {defaultingType: "+defaults+"}",
	).Replace(fmt.Sprintf(profileText, 8, ""))
}

// TestProfilesThatPreferNodesAreLeftAlone goes through what a profile can prefer.
func TestProfilesThatPreferNodesAreLeftAlone(t *testing.T) {
	for name, tc := range map[string]struct {
		config string
		// want is how the reason begins for which the profile is left alone, if it is.
		want string
	}{
		"nothing":             {config: fmt.Sprintf(profileText, 8, "")},
		"other weights":       {config: strings.Replace(fmt.Sprintf(profileText, 8, ""), "weight: 10", "weight: 5", 1)},
		"the images of nodes": {config: strings.Replace(fmt.Sprintf(profileText, 8, ""), "ImageLocality", "NodeResourcesBalancedAllocation", 1), want: "its Score plugin ImageLocality may prefer nodes"},
		"no ReplicaSpread, and the images": {config: strings.NewReplacer("      enabled:\n      - name: ReplicaSpread\n        weight: 10\n", "", "ImageLocality", "NodePorts").
			Replace(fmt.Sprintf(profileText, 8, "")), want: "it has no ReplicaSpread"},
		"full nodes":                   {config: fmt.Sprintf(profileText, 8, "  - {name: NodeResourcesFit, args: {scoringStrategy: {type: MostAllocated, resources: [{name: cpu, weight: 1}]}}}\n"), want: "NodeResourcesFit scores by MostAllocated"},
		"nodes by addedAffinity":       {config: fmt.Sprintf(profileText, 8, "  - {name: NodeAffinity, args: {addedAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, preference: {matchExpressions: [{key: number, operator: Exists}]}}]}}}\n"), want: "its addedAffinity prefers nodes"},
		"domains by a default":         {config: strings.Replace(fmt.Sprintf(profileText, 8, ""), "defaultingType: List", "defaultingType: System", 1), want: "PodTopologySpread has default constraints"},
		"domains by a guarded default": {config: guardedSpread("System"), want: "GuardedPodTopologySpread has default constraints"},
		"domains by a guarded list": {
			config: guardedSpread("List, defaultConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway}]"), want: "GuardedPodTopologySpread has default constraints"},
		"domains by a list, and only to filter": {config: strings.NewReplacer(
			"defaultingType: List", "defaultingType: List, defaultConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule}]",
			"  pluginConfig:\n", "    preScore: {disabled: [{name: PodTopologySpread}]}\n    score: {disabled: [{name: PodTopologySpread}]}\n  pluginConfig:\n",
		).Replace(fmt.Sprintf(profileText, 8, "")), want: "PodTopologySpread has default constraints"},
		"domains by a default, and only to score": {config: strings.NewReplacer(
			"defaultingType: List", "defaultingType: System",
			"  pluginConfig:\n", "    preFilter: {disabled: [{name: PodTopologySpread}]}\n    filter: {disabled: [{name: PodTopologySpread}]}\n  pluginConfig:\n",
		).Replace(fmt.Sprintf(profileText, 8, "")), want: "PodTopologySpread has default constraints"},
		"domains by a guarded default that nobody wrote": {
			config: strings.Replace(guardedSpread("List"), "  - name: GuardedPodTopologySpread\n    args: {defaultingType: List}\n", "", 1), want: "GuardedPodTopologySpread has default constraints"},
		"domains by a default of a plugin that is off": {
			config: strings.Replace(guardedSpread("List"), "  pluginConfig:\n", "  pluginConfig:\n  - {name: PodTopologySpread, args: {defaultingType: System}}\n", 1)},
		"domains as pods declare them": {config: guardedSpread("List")},
		"domains by a list":            {config: strings.Replace(fmt.Sprintf(profileText, 8, ""), "defaultingType: List", "defaultingType: List, defaultConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway}]", 1), want: "PodTopologySpread has default constraints"},
		"required nodes of everyone":   {config: fmt.Sprintf(profileText, 8, "  - {name: NodeAffinity, args: {addedAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: number, operator: Exists}]}]}}}}\n")},
	} {
		t.Run(name, func(t *testing.T) {
			var all []*corev1.Node
			for i := range 200 {
				all = append(all, labelled(i).Obj())
			}
			h := newHallOf(t, all, 0, tc.config)
			why := unfit(&h.configured[0], h.Profiles["default-scheduler"])
			if (why == "") != (tc.want == "") || !strings.HasPrefix(why, tc.want) {
				t.Errorf("it is left alone because %q, want %q", why, tc.want)
			}
			want := placed
			if tc.want != "" {
				want = unfitProfile
			}
			before := counted(t, want)
			if _, err := h.schedule(t, testPod().Obj()); err != nil {
				t.Fatal(err)
			}
			if got := counted(t, want) - before; got != 1 {
				t.Errorf("%s was counted %v times, want 1", want, got)
			}
		})
	}
}
