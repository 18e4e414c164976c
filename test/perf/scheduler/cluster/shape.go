// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package cluster makes up the cluster that the benchmark schedules in: nodes
// in racks and zones, the pods that run there already, and the workloads whose
// replicas are to be placed. The same shape and seed give the same objects.
//
// It only makes API objects. Nothing here knows the scheduler.
package cluster

// Services says which Services and namespaces the workloads have.
type Services string

const (
	// ManyNamespaces gives each workload a Service, a ReplicaSet and a namespace
	// of its own.
	ManyNamespaces Services = "many-namespaces"
	// OneNamespace gives each workload a Service and a ReplicaSet, all in one
	// namespace.
	OneNamespace Services = "one-namespace"
	// NoServices makes plain pods: no Service selects them and no controller
	// owns them. Each group of replicas has a namespace of its own.
	NoServices Services = "none"
)

// AntiAffinity is the anti-affinity that pods declare against the other
// replicas of their workload, over kubernetes.io/hostname or more.
type AntiAffinity string

const (
	// Required is requiredDuringSchedulingIgnoredDuringExecution.
	Required AntiAffinity = "required"
	// Preferred is preferredDuringSchedulingIgnoredDuringExecution, weight 100.
	Preferred AntiAffinity = "preferred"
	// PreferredZones is the same and, with weight 50, another over
	// topology.kubernetes.io/zone.
	PreferredZones AntiAffinity = "preferred-zones"
	// NoAntiAffinity declares nothing.
	NoAntiAffinity AntiAffinity = "none"
)

// Spread is what pods do with two topologySpreadConstraints over the other replicas
// of their workload, one over topology.kubernetes.io/zone and one over
// kubernetes.io/hostname, both with maxSkew 1.
type Spread string

const (
	// HardSpread declares both with DoNotSchedule.
	HardSpread Spread = "hard"
	// SoftSpread declares both with ScheduleAnyway.
	SoftSpread Spread = "soft"
	// NoSpread declares none.
	NoSpread Spread = "none"
)

// Shape is what a cluster looks like.
type Shape struct {
	// Nodes is the number of nodes, and PodsPerNode how many pods run on each
	// of them before anything is measured.
	Nodes, PodsPerNode int
	// Racks and Zones are the numbers of racks and zones. Both are contiguous
	// ranges of nodes, as in a data centre that names its machines by place.
	Racks, Zones int
	// NodesPerHost is the number of nodes on one physical machine.
	NodesPerHost int
	// ServiceSize is the number of replicas of each workload that runs already.
	ServiceSize int
	// Services says which Services and namespaces all workloads have.
	Services Services
	// ExistingAntiAffinity is the percentage of the running workloads that
	// declare required anti-affinity.
	ExistingAntiAffinity int
	// AntiAffinity and Spread are declared by the workloads that are placed.
	AntiAffinity AntiAffinity
	Spread       Spread
	// Seed decides where the running pods are and what they request.
	Seed uint64
}

// PodCapacity is the number of pods that fit on a node: the kubelet's default,
// 110, or more where more are asked for.
func (s Shape) PodCapacity() int {
	return max(110, 2*s.PodsPerNode)
}

// Hosts is the number of physical machines.
func (s Shape) Hosts() int {
	return (s.Nodes + s.NodesPerHost - 1) / s.NodesPerHost
}

// host, rack and zone return the place of a node. Hosts lie within racks and
// racks within zones as far as the numbers divide.
func (s Shape) host(node int) int { return node / s.NodesPerHost }
func (s Shape) rack(node int) int { return s.host(node) * s.Racks / s.Hosts() }
func (s Shape) zone(node int) int { return s.rack(node) * s.Zones / s.Racks }
