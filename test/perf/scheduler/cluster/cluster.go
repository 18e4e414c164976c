// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"fmt"
	"math/rand/v2"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/evenkeel/evenkeel/api/wellknown"
)

// Cluster is a cluster at rest: the objects before anything is measured. They
// are never changed, so several schedulers can share them.
type Cluster struct {
	Shape Shape
	Nodes []*corev1.Node
	// Pods are the running pods, all of them with a node.
	Pods []*corev1.Pod
	// Workloads are what the running pods belong to.
	Workloads []*Workload
}

// New makes a cluster of the given shape.
//
// Pods are dealt out in rounds of one pod per node, each round in another
// random order of the nodes, and consecutive pods of a round form a workload.
// So every node has the same number of pods, and no two replicas of a workload
// are on one node, which required anti-affinity asks for.
func New(shape Shape) *Cluster {
	c := &Cluster{Shape: shape}
	for i := range shape.Nodes {
		c.Nodes = append(c.Nodes, shape.node(i))
	}
	random := rand.New(rand.NewPCG(shape.Seed, 0))
	for range shape.PodsPerNode {
		order := random.Perm(shape.Nodes)
		for len(order) > 0 {
			n := min(shape.ServiceSize, len(order))
			anti := NoAntiAffinity
			if random.IntN(100) < shape.ExistingAntiAffinity {
				anti = Required
			}
			w := newWorkload(fmt.Sprintf("app-%05d", len(c.Workloads)), shape.Services, anti, requests(random))
			c.Workloads = append(c.Workloads, w)
			for i, node := range order[:n] {
				pod := w.Pod(i, corev1.DefaultSchedulerName)
				pod.Spec.NodeName = c.Nodes[node].Name
				pod.Status.Phase = corev1.PodRunning
				c.Pods = append(c.Pods, pod)
			}
			order = order[n:]
		}
	}
	return c
}

// requests draws what a running pod requests: on average 0.94 cores and
// 3.75 GiB, in the proportion of the nodes.
func requests(random *rand.Rand) corev1.ResourceList {
	size := int64(1) << random.IntN(4)
	return resources(250*size, size)
}

func resources(milliCPU, gibibytes int64) corev1.ResourceList {
	return corev1.ResourceList{
		corev1.ResourceCPU:    *resource.NewMilliQuantity(milliCPU, resource.DecimalSI),
		corev1.ResourceMemory: *resource.NewQuantity(gibibytes<<30, resource.BinarySI),
	}
}

// node returns a machine of 64 cores and 256 GiB, or larger if the pods of the
// shape need it.
func (s Shape) node(i int) *corev1.Node {
	zone, rack, host := s.zone(i), s.rack(i), s.host(i)
	name := fmt.Sprintf("z%d-r%04d-n%05d", zone, rack, i)
	cores := int64(max(64, 4*s.PodsPerNode))
	capacity := resources(1000*cores, 4*cores)
	capacity[corev1.ResourcePods] = *resource.NewQuantity(int64(s.PodCapacity()), resource.DecimalSI)
	capacity[corev1.ResourceEphemeralStorage] = *resource.NewQuantity(500<<30, resource.BinarySI)
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name: name,
			UID:  types.UID("node-" + name),
			Labels: map[string]string{
				corev1.LabelHostname:   name,
				corev1.LabelArchStable: "amd64",
				corev1.LabelOSStable:   "linux",
				wellknown.TopologyHost: fmt.Sprintf("host-%05d", host),
				wellknown.TopologyRack: fmt.Sprintf("rack-%04d", rack),
				wellknown.TopologyZone: fmt.Sprintf("zone-%d", zone),
			},
		},
		Status: corev1.NodeStatus{
			Capacity:    capacity,
			Allocatable: capacity,
			Conditions:  []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}},
		},
	}
}
