// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package world

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	resourcev1 "k8s.io/api/resource/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

const (
	deviceClass  = "fpga.example.com"
	deviceDriver = "fpga.example.com"
	// deviceResource is the extended resource that stands for a device of the class.
	deviceResource corev1.ResourceName = "example.com/fpga"
)

func (w *World) makeDeviceClass() {
	w.put(&resourcev1.DeviceClass{
		ObjectMeta: metav1.ObjectMeta{Name: deviceClass},
		Spec:       resourcev1.DeviceClassSpec{ExtendedResourceName: ptr.To(string(deviceResource))},
	})
}

// addDevices gives a node one or two devices.
func (w *World) addDevices(node string) {
	slice := &resourcev1.ResourceSlice{
		ObjectMeta: metav1.ObjectMeta{Name: node},
		Spec: resourcev1.ResourceSliceSpec{
			Driver: deviceDriver, NodeName: ptr.To(node),
			Pool: resourcev1.ResourcePool{Name: node, Generation: 1, ResourceSliceCount: 1},
		},
	}
	for i := range 1 + w.IntN(2) {
		slice.Spec.Devices = append(slice.Spec.Devices, resourcev1.Device{Name: fmt.Sprintf("fpga-%d", i)})
	}
	w.put(slice)
}

// deviceClaim returns a claim without a name, to which no device is allocated.
func (w *World) deviceClaim(namespace string) *resourcev1.ResourceClaim {
	return &resourcev1.ResourceClaim{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace},
		Spec: resourcev1.ResourceClaimSpec{Devices: resourcev1.DeviceClaim{Requests: []resourcev1.DeviceRequest{
			{Name: "any", Exactly: &resourcev1.ExactDeviceRequest{DeviceClassName: deviceClass, AllocationMode: resourcev1.DeviceAllocationModeExactCount, Count: 1}},
		}}},
	}
}

// allocateDevices allocates a free device of the node to each claim of a pod on
// it, as the scheduler's PreBind does.
func (w *World) allocateDevices(pod *corev1.Pod) {
	w.allocateResource(pod)
	for _, of := range pod.Spec.ResourceClaims {
		claim, ok := Get(w, &resourcev1.ResourceClaim{ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: *of.ResourceClaimName}})
		if !ok || claim.Status.Allocation != nil {
			continue
		}
		device, ok := w.freeDevice(pod.Spec.NodeName)
		if !ok {
			return
		}
		claim = claim.DeepCopy()
		claim.Status.Allocation = &resourcev1.AllocationResult{
			Devices: resourcev1.DeviceAllocationResult{Results: []resourcev1.DeviceRequestAllocationResult{
				{Request: "any", Driver: deviceDriver, Pool: pod.Spec.NodeName, Device: device},
			}},
			NodeSelector: onNode(pod.Spec.NodeName),
		}
		w.replace(claim)
	}
}

// allocateResource makes the claim that stands for a pod's extended resource, as the
// scheduler's PreBind does, with as many devices as are free.
func (w *World) allocateResource(pod *corev1.Pod) {
	quantity, ok := pod.Spec.Containers[0].Resources.Requests[deviceResource]
	if !ok {
		return
	}
	claim := w.deviceClaim(pod.Namespace)
	claim.Name = resourceClaimOf(pod)
	claim.Annotations = map[string]string{resourcev1.ExtendedResourceClaimAnnotation: "true"}
	claim.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "Pod", Name: pod.Name, UID: pod.UID, Controller: ptr.To(true)}}
	claim.Status.Allocation = &resourcev1.AllocationResult{NodeSelector: onNode(pod.Spec.NodeName)}
	claim.Status.ReservedFor = []resourcev1.ResourceClaimConsumerReference{{Resource: "pods", Name: pod.Name, UID: pod.UID}}
	w.put(claim)
	for range quantity.Value() {
		device, ok := w.freeDevice(pod.Spec.NodeName)
		if !ok {
			return
		}
		claim, _ = Get(w, claim)
		claim = claim.DeepCopy()
		claim.Status.Allocation.Devices.Results = append(claim.Status.Allocation.Devices.Results,
			resourcev1.DeviceRequestAllocationResult{Request: "any", Driver: deviceDriver, Pool: pod.Spec.NodeName, Device: device})
		w.replace(claim)
	}
}

func resourceClaimOf(pod *corev1.Pod) string { return pod.Name + "-extended-resources" }

func onNode(name string) *corev1.NodeSelector {
	return &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
		MatchFields: []corev1.NodeSelectorRequirement{{Key: "metadata.name", Operator: corev1.NodeSelectorOpIn, Values: []string{name}}},
	}}}
}

func (w *World) freeDevice(node string) (string, bool) {
	slice, ok := Get(w, &resourcev1.ResourceSlice{ObjectMeta: metav1.ObjectMeta{Name: node}})
	if !ok {
		return "", false
	}
	taken := map[string]bool{}
	for _, claim := range list[*resourcev1.ResourceClaim](w) {
		if claim.Status.Allocation == nil {
			continue
		}
		for _, result := range claim.Status.Allocation.Devices.Results {
			if result.Pool == node {
				taken[result.Device] = true
			}
		}
	}
	for _, device := range slice.Spec.Devices {
		if !taken[device.Name] {
			return device.Name, true
		}
	}
	return "", false
}

// releaseDevices deallocates the claims of a pod that is gone, and removes that of its
// extended resource.
func (w *World) releaseDevices(pod *corev1.Pod) {
	if claim, ok := Get(w, &resourcev1.ResourceClaim{ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: resourceClaimOf(pod)}}); ok {
		w.remove(claim)
	}
	for _, of := range pod.Spec.ResourceClaims {
		claim, ok := Get(w, &resourcev1.ResourceClaim{ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: *of.ResourceClaimName}})
		if ok && claim.Status.Allocation != nil && len(claim.Status.Allocation.Devices.Results) > 0 {
			claim = claim.DeepCopy()
			claim.Status.Allocation = nil
			w.replace(claim)
		}
	}
}
