// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package world

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/evenkeel/evenkeel/api/wellknown"
)

// Values that nodes have and pods ask for.
var (
	zones     = []string{"zone-a", "zone-b", "zone-c"}
	racks     = []string{"rack-1", "rack-2", "rack-3", "rack-4", "rack-5"}
	disks     = []string{"ssd", "hdd", "nvme"}
	cores     = []string{"4", "8", "16", "many"}
	taintKeys = []string{"dedicated", "maintenance", "flaky"}
	teams     = []string{"red", "blue"}
	images    = []string{"registry.example.com/ledger:1", "registry.example.com/pricing:1", "registry.example.com/rates:1"}
)

const (
	diskLabel  = "example.com/disk"
	coresLabel = "example.com/cores"
	gpu        = corev1.ResourceName("example.com/gpu")
	csiDriver  = "csi.example.com"
	// nodeFeature is one that the scheduler infers from the fields of a pod.
	nodeFeature = "UserNamespacesHostNetworkSupport"
)

func (w *World) addNode() {
	if len(w.lost) > 0 && w.percent(50) { // It comes back, perhaps in another rack.
		node := w.lost[0].DeepCopy()
		w.lost = w.lost[1:]
		node.UID = ""
		w.relabel(node)
		w.put(node)
		return
	}
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: w.name("node")}}
	w.relabel(node)
	w.sizeNode(node)
	w.taintNode(node)
	node.Spec.Unschedulable = w.percent(4)
	if w.percent(60) {
		node.Status.DeclaredFeatures = []string{nodeFeature}
	}
	for _, image := range images {
		if w.percent(30) {
			node.Status.Images = append(node.Status.Images, corev1.ContainerImage{Names: []string{image}, SizeBytes: 500 << 20})
		}
	}
	if w.percent(80) {
		w.put(w.csiNode(node.Name))
	}
	w.put(node)
	if w.percent(30) {
		w.addDevices(node.Name)
	}
}

// csiNode says how many volumes of the driver a node takes.
func (w *World) csiNode(name string) *storagev1.CSINode {
	driver := storagev1.CSINodeDriver{Name: csiDriver, NodeID: name}
	if w.percent(80) {
		driver.Allocatable = &storagev1.VolumeNodeResources{Count: ptr.To(int32(w.IntN(4)))}
	}
	return &storagev1.CSINode{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: storagev1.CSINodeSpec{Drivers: []storagev1.CSINodeDriver{driver}}}
}

// relabel draws every label of a node anew.
func (w *World) relabel(node *corev1.Node) {
	node.Labels = map[string]string{}
	label := func(percent int, key, value string) {
		if w.percent(percent) {
			node.Labels[key] = value
		}
	}
	label(95, corev1.LabelHostname, node.Name)
	label(85, corev1.LabelTopologyZone, pick(w, zones))
	label(70, wellknown.TopologyRack, pick(w, racks))
	label(25, wellknown.TopologyHost, fmt.Sprintf("machine-%d", w.IntN(8)))
	label(80, diskLabel, pick(w, disks))
	label(80, coresLabel, pick(w, cores))
}

func (w *World) sizeNode(node *corev1.Node) {
	size := corev1.ResourceList{
		corev1.ResourceCPU:              resource.MustParse(pick(w, []string{"2", "4", "8", "16"})),
		corev1.ResourceMemory:           resource.MustParse(pick(w, []string{"4Gi", "8Gi", "16Gi", "32Gi"})),
		corev1.ResourceEphemeralStorage: resource.MustParse(pick(w, []string{"10Gi", "40Gi", "100Gi"})),
		corev1.ResourcePods:             *resource.NewQuantity(int64(pick(w, []int{3, 6, 10, 110})), resource.DecimalSI),
	}
	if w.percent(40) {
		size[gpu] = *resource.NewQuantity(int64(w.IntN(4)), resource.DecimalSI)
	}
	node.Status.Capacity, node.Status.Allocatable = size, size
}

func (w *World) taintNode(node *corev1.Node) {
	node.Spec.Taints = nil
	if w.reserved != "" && node.Labels[corev1.LabelTopologyZone] == w.reserved {
		node.Spec.Taints = append(node.Spec.Taints, corev1.Taint{Key: "reserved", Effect: corev1.TaintEffectNoSchedule})
	}
	for _, key := range taintKeys {
		if w.percent(w.tainted) {
			node.Spec.Taints = append(node.Spec.Taints, corev1.Taint{Key: key, Value: pick(w, teams), Effect: pick(w, []corev1.TaintEffect{
				corev1.TaintEffectNoSchedule, corev1.TaintEffectNoSchedule, corev1.TaintEffectNoExecute, corev1.TaintEffectPreferNoSchedule})})
		}
	}
}
