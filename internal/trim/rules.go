// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package trim

import "github.com/evenkeel/evenkeel/internal/defaultprofile"

// ranking are the extension points of a plugin that rank nodes for pods.
var ranking = []defaultprofile.Point{defaultprofile.PreScore, defaultprofile.Score}

// The parts of a plugin that a rule is about.
const (
	// partProtects is everything but ranking. No rule lets it go.
	partProtects = ""
	partScores   = "scores"
	partDefaults = "default constraints"
)

// rule is what decides about one part of a plugin.
type rule struct {
	plugin string
	part   string
	// signs are evidence that the part is in use.
	signs []sign
	costs []Cost
	// idle are the costs when there is no sign of use, if they differ.
	idle []Cost

	// keep is why a part that only ranks is kept whether or not it is in use.
	keep string
	// unused is why the part may go when there is no sign of use.
	unused string
	// unasked is why the part may go although it acts: no object can ask for it,
	// and it works against what Evenkeel is for.
	unasked string
}

// rules go through the default profile, in its order. A part that ranks has one of
// keep, unused and unasked, unless it is replaced.
var rules = []rule{
	{plugin: "SchedulingGates", signs: []sign{podsGated}},
	{plugin: "PrioritySort", signs: []sign{podsPriority, priorityClasses}},
	{plugin: "NodeName", costs: []Cost{note(fewNs)}},
	{plugin: "NodeUnschedulable", signs: []sign{nodesCordoned}, costs: []Cost{note(fewNs)}},
	{plugin: "TaintToleration", signs: []sign{nodesTainted}, costs: []Cost{note(fewNs)}},
	{
		plugin: "TaintToleration", part: partScores, signs: []sign{nodesTaintedSoftly}, costs: []Cost{allocated(70)},
		unused: "no node has a PreferNoSchedule taint now",
	},
	{plugin: "NodeAffinity", signs: []sign{podsSelecting}, costs: []Cost{note(freeUnused)}},
	{plugin: "NodeAffinity", part: partScores, signs: []sign{podsPreferringNodes}, costs: []Cost{note(freeUnused)}, keep: "nothing would be gained"},
	{plugin: "NodePorts", signs: []sign{podsHostPorts}, costs: []Cost{note(freeUnused)}},
	{plugin: "NodeResourcesFit", signs: []sign{podsRequests}, costs: []Cost{note(fewNs)}},
	{plugin: "NodeResourcesFit", part: partScores, keep: "it evens out the load of nodes"},
	{plugin: "VolumeRestrictions", signs: []sign{claimsExclusive, podsRestrictedVolumes}, costs: []Cost{note(freeUnused)}},
	{plugin: "NodeVolumeLimits", signs: []sign{podsClaims}, costs: []Cost{note(freeUnused)}},
	{plugin: "VolumeBinding", signs: []sign{podsClaims}, costs: []Cost{note(freeUnused)}},
	{
		plugin: "VolumeBinding", part: partScores, signs: []sign{claimsDelayed}, costs: []Cost{allocated(63)},
		unused: "no claim waits for a node, so there are no volumes to choose nodes by",
	},
	{plugin: "VolumeZone", signs: []sign{volumesZoned}, costs: []Cost{note(freeUnused)}},
	{plugin: "PodTopologySpread", signs: []sign{podsSpreadHard}, costs: []Cost{note(freeUnused)}},
	{plugin: "PodTopologySpread", part: partScores, signs: []sign{podsSpreadSoft}, costs: []Cost{note(freeUnused)}, keep: "nothing would be gained"},
	{
		plugin: "PodTopologySpread", part: partDefaults, signs: []sign{podsDefaultSpread, podsServiceOnly},
		costs: []Cost{
			cpu(9.1, 13.3, "pods of a Service, one namespace per application"),
			cpu(29, 33, "pods of a Service, all in one namespace"),
		},
	},
	{
		plugin: "InterPodAffinity", signs: []sign{podsAntiRequired, podsAffinityRequired, podsPodPreferences},
		costs: []Cost{
			cpu(57, 59, "a plain pod among 100,000 with required anti-affinity"),
			cpu(35, 35, "a pod with required anti-affinity, among few such"),
			cpu(41, 41, "a pod with preferred anti-affinity"),
		},
		idle: []Cost{{AllocatedKB: 5, When: "a plain pod, no pod with terms"}},
	},
	{plugin: "DynamicResources", signs: []sign{podsResourceClaims, resourceClaims}, costs: []Cost{note(freeUnused)}},
	{
		plugin: "DynamicResources", part: partScores, signs: []sign{podsResourceClaims, resourceClaims, claimTemplates, deviceClasses},
		costs: []Cost{allocated(68)}, unused: "there are no devices to choose nodes by",
	},
	{plugin: "DefaultPreemption", signs: []sign{podsPreempting}},
	{
		plugin: "NodeResourcesBalancedAllocation", part: partScores, signs: []sign{podsRequests}, costs: []Cost{allocated(114)},
		unasked: "nothing asks for it, and it pulls replicas together on the nodes whose shape suits them",
	},
	{
		plugin: "ImageLocality", part: partScores, signs: []sign{nodesImages}, costs: []Cost{allocated(63)},
		unasked: "nothing asks for it, and it pulls replicas together on the nodes that have their image",
	},
	{plugin: "DefaultBinder"},
	{plugin: "NodeDeclaredFeatures", signs: []sign{podsNodeFeatures, nodesFeatures}, costs: []Cost{note(freeUnused)}},
}
