// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package defaultprofile

// plugins are those of kube-scheduler v1.37.2, in the order of its default
// profile (pkg/scheduler/apis/config/v1/default_plugins.go); the extension points
// are the interfaces that each implements.
var plugins = []Plugin{{
	Name: "SchedulingGates", Feature: "scheduling gates", Uses: hasSchedulingGates,
	Points:  []Point{PreEnqueue},
	ignored: map[Point]string{"": "pods would be tried before their scheduling gates are removed"},
}, {
	Name: "PrioritySort", Feature: "priority in the queue", Uses: hasPriority,
	Points:  []Point{QueueSort},
	ignored: map[Point]string{"": "pods would not be scheduled in the order of their priority"},
}, {
	Name: "NodeName", Feature: "nodeName", Uses: namesNode,
	Points:  []Point{PreFilter, Filter},
	ignored: map[Point]string{"": "pods that name their node would be placed on others"},
}, {
	Name: "NodeUnschedulable", Feature: "cordoned nodes", Uses: keepsOffCordonedNodes,
	Points:  []Point{PreFilter, Filter},
	ignored: map[Point]string{"": "pods would be placed on cordoned nodes"},
}, {
	Name: "TaintToleration", Feature: "taints of nodes", Uses: keepsOffTaints,
	Points:  []Point{PreFilter, Filter, PreScore, Score},
	ignored: map[Point]string{"": "pods would be placed on nodes whose taints they do not tolerate"},
}, {
	Name: "NodeAffinity", Feature: "node selector and required node affinity", Uses: selectsNodes,
	Points:  []Point{PreFilter, Filter, PreScore, Score},
	ignored: map[Point]string{"": "node selectors and required node affinity would be ignored"},
}, {
	Name: "NodePorts", Feature: "host ports", Uses: hasHostPorts,
	Points:  []Point{PreFilter, Filter},
	ignored: map[Point]string{"": "host ports would be given to two pods of one node"},
}, {
	Name: "NodeResourcesFit", Feature: "resource requests", Uses: always,
	Points:  []Point{PreFilter, Filter, PreScore, Score, PlacementScore},
	ignored: map[Point]string{"": "nodes would get more pods than their resources hold"},
}, {
	Name: "VolumeRestrictions", Feature: "volumes for one user only", Uses: hasRestrictedVolumes,
	Points:  []Point{PreFilter, Filter},
	ignored: map[Point]string{"": "volumes that only one pod or node may use would be given to two"},
}, {
	Name: "NodeVolumeLimits", Feature: "the number of volumes of a node", Uses: hasCountedVolumes,
	Points:  []Point{PreFilter, Filter},
	ignored: map[Point]string{"": "nodes would get more volumes than their drivers attach"},
}, {
	Name: "VolumeBinding", Feature: "PersistentVolumeClaims", Uses: hasClaims,
	Points: []Point{PreFilter, Filter, PreScore, Score, Reserve, PreBind},
	ignored: map[Point]string{
		"":      "pods would be placed where their PersistentVolumeClaims cannot be bound",
		Reserve: "two pods could be given the same PersistentVolume",
		PreBind: "PersistentVolumeClaims would not be bound",
	},
}, {
	Name: "VolumeZone", Feature: "zones of volumes", Uses: hasClaims,
	Points:  []Point{PreFilter, Filter},
	ignored: map[Point]string{"": "pods would be placed outside the zone of their volumes"},
}, {
	Name: "PodTopologySpread", Feature: "required topologySpreadConstraints", Uses: hasRequiredSpread,
	Points:  []Point{PreFilter, Filter, PreScore, Score},
	ignored: map[Point]string{"": "topologySpreadConstraints with DoNotSchedule would be ignored"},
}, {
	Name: "InterPodAffinity", Feature: "required pod affinity and anti-affinity", Uses: hasRequiredPodAffinity,
	Points:  []Point{PreFilter, Filter, PreScore, Score},
	ignored: map[Point]string{"": "required pod affinity and anti-affinity would be ignored, that of pods already placed too"},
}, {
	Name: "DynamicResources", Feature: "ResourceClaims", Uses: hasResourceClaims,
	Points: []Point{PreEnqueue, PreFilter, Filter, PostFilter, Score, Reserve, PreBind, PodGroupPostFilter},
	ignored: map[Point]string{
		"":                 "pods would be placed where the devices that they claim are not",
		PreEnqueue:         "pods would be tried before their ResourceClaims are there",
		PostFilter:         "a ResourceClaim allocated in the wrong place would not be released",
		PodGroupPostFilter: "a ResourceClaim of a pod group allocated in the wrong place would not be released",
		Reserve:            "two pods could be given the same device",
		PreBind:            "ResourceClaims would not be allocated",
	},
}, {
	Name: "DefaultPreemption", Feature: "preemption by priority", Uses: mayPreempt,
	Points: []Point{PreEnqueue, PostFilter, PodGroupPostFilter},
	ignored: map[Point]string{
		"":         "pods of a higher priority would wait instead of taking the place of lower ones",
		PreEnqueue: "pods would be tried while the pods that they preempt are still being removed",
	},
}, {
	Name: "NodeResourcesBalancedAllocation", Feature: "even use of CPU and memory", Uses: never,
	Points: []Point{PreScore, Score},
}, {
	Name: "ImageLocality", Feature: "images that a node has already", Uses: never,
	Points: []Point{Score},
}, {
	Name: "DefaultBinder", Feature: "binding", Uses: never,
	Points:  []Point{Bind},
	ignored: map[Point]string{"": "pods would be bound by another plugin than Kubernetes' own"},
}, {
	Name: "NodeDeclaredFeatures", Feature: "features that nodes declare", Uses: needsNodeFeatures,
	Points:  []Point{PreFilter, Filter},
	ignored: map[Point]string{"": "pods would be placed on nodes without a feature that they need"},
}, {
	Name: "DeferredPodScheduling", Gate: "InPlacePodVerticalScalingSchedulerPreemption",
	Feature: "resizes in place", Uses: never,
	Points:  []Point{PreFilter, Filter, Permit},
	ignored: map[Point]string{"": "resizes of pods in place would preempt on nodes that forbid it"},
}, {
	Name: "GangScheduling", Gate: "GenericWorkload", Feature: "scheduling groups", Uses: hasGroup,
	Points: []Point{PreEnqueue, Permit},
	ignored: map[Point]string{
		"":         "pod groups would be placed in part",
		PreEnqueue: "pods would be tried before their pod group is complete",
	},
}, {
	Name: "TopologyPlacementGenerator", Gate: "TopologyAwareWorkloadScheduling", Feature: "topology of scheduling groups", Uses: hasGroup,
	Points:  []Point{PlacementGenerate},
	ignored: map[Point]string{"": "topology constraints of pod groups would be ignored"},
}, {
	Name: "PodGroupPodsCount", Gate: "TopologyAwareWorkloadScheduling", Feature: "size of scheduling groups", Uses: never,
	Points: []Point{PlacementScore},
}}
