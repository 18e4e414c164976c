// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package world

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
	"k8s.io/component-helpers/storage/volume"
	"k8s.io/utils/ptr"
)

// The storage classes: volumes made in advance, volumes made for the pod's node
// (everywhere or in some zones), and volumes that a claim gets at once.
const (
	classStatic    = "static"
	classDynamic   = "dynamic"
	classZonal     = "zonal"
	classImmediate = "immediate"
)

func (w *World) makeStorage() {
	class := func(name, provisioner string, mode storagev1.VolumeBindingMode, allowed []string) {
		c := &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: name}, Provisioner: provisioner, VolumeBindingMode: &mode}
		if allowed != nil {
			c.AllowedTopologies = []corev1.TopologySelectorTerm{{MatchLabelExpressions: []corev1.TopologySelectorLabelRequirement{{Key: corev1.LabelTopologyZone, Values: allowed}}}}
		}
		w.put(c)
	}
	class(classStatic, "kubernetes.io/no-provisioner", storagev1.VolumeBindingWaitForFirstConsumer, nil)
	class(classDynamic, csiDriver, storagev1.VolumeBindingWaitForFirstConsumer, nil)
	class(classZonal, csiDriver, storagev1.VolumeBindingWaitForFirstConsumer, some(w, zones, 1+w.IntN(2)))
	class(classImmediate, csiDriver, storagev1.VolumeBindingImmediate, nil)
	for range w.IntN(6) {
		w.addVolume()
	}
}

// addVolume makes a volume that no claim has yet.
func (w *World) addVolume() {
	pv := w.volume(classStatic, pick(w, []string{"5Gi", "20Gi"}))
	pv.Spec.NodeAffinity = zoneOf(pick(w, zones))
	w.put(pv)
}

func (w *World) volume(class, size string) *corev1.PersistentVolume {
	return &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: w.name("volume")},
		Spec: corev1.PersistentVolumeSpec{
			StorageClassName: class, AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce, corev1.ReadWriteOncePod},
			Capacity:               corev1.ResourceList{corev1.ResourceStorage: resource.MustParse(size)},
			PersistentVolumeSource: corev1.PersistentVolumeSource{Local: &corev1.LocalVolumeSource{Path: "/disk"}},
		},
		Status: corev1.PersistentVolumeStatus{Phase: corev1.VolumeAvailable},
	}
}

func onNodes(key string, values ...string) *corev1.VolumeNodeAffinity {
	return &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
		MatchExpressions: []corev1.NodeSelectorRequirement{{Key: key, Operator: corev1.NodeSelectorOpIn, Values: values}},
	}}}}
}

func zoneOf(zone string) *corev1.VolumeNodeAffinity { return onNodes(corev1.LabelTopologyZone, zone) }

// claim returns a claim of the namespace that has no volume.
func (w *World) claim(namespace, class string) *corev1.PersistentVolumeClaim {
	return &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: w.name("claim")},
		Spec: corev1.PersistentVolumeClaimSpec{
			StorageClassName: ptr.To(class), AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse(pick(w, []string{"1Gi", "10Gi"}))}},
		},
		Status: corev1.PersistentVolumeClaimStatus{Phase: corev1.ClaimPending},
	}
}

// bind makes the volume the claim's. Neither need exist yet.
func bind(pvc *corev1.PersistentVolumeClaim, pv *corev1.PersistentVolume) {
	pvc.Spec.VolumeName, pvc.Status.Phase = pv.Name, corev1.ClaimBound
	pvc.Annotations = map[string]string{volume.AnnBindCompleted: "yes", volume.AnnBoundByController: "yes"}
	pv.Spec.ClaimRef = &corev1.ObjectReference{Kind: "PersistentVolumeClaim", Namespace: pvc.Namespace, Name: pvc.Name, UID: pvc.UID}
	pv.Status.Phase = corev1.VolumeBound
}

// boundClaim makes a claim that has a volume; edit may change both before.
func (w *World) boundClaim(namespace string, edit func(*corev1.PersistentVolumeClaim, *corev1.PersistentVolume)) *corev1.PersistentVolumeClaim {
	pvc, pv := w.claim(namespace, classDynamic), w.volume(classDynamic, "20Gi")
	pvc.UID = w.uid()
	edit(pvc, pv)
	bind(pvc, pv)
	w.put(pv)
	w.put(pvc)
	return pvc
}

// bindClaims gives every claim of a pod on a node a volume, as the controllers of
// volumes do in the end.
func (w *World) bindClaims(pod *corev1.Pod) {
	for _, v := range pod.Spec.Volumes {
		if v.PersistentVolumeClaim == nil {
			continue
		}
		like := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: v.PersistentVolumeClaim.ClaimName}}
		if pvc, ok := Get(w, like); ok && pvc.Spec.VolumeName == "" {
			w.bindClaim(pvc.DeepCopy(), pod.Spec.NodeName)
		}
	}
}

func (w *World) bindClaim(pvc *corev1.PersistentVolumeClaim, nodeName string) {
	node, ok := Get(w, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: nodeName}})
	if !ok {
		return
	}
	if *pvc.Spec.StorageClassName == classStatic {
		for _, pv := range list[*corev1.PersistentVolume](w) {
			if pv.Spec.ClaimRef == nil && holds(pv, pvc, node) {
				pv = pv.DeepCopy()
				bind(pvc, pv)
				w.replace(pv)
				w.replace(pvc)
				return
			}
		}
		return // There is none, so nobody could have placed it.
	}
	pv := w.volume(*pvc.Spec.StorageClassName, "20Gi")
	if zone := node.Labels[corev1.LabelTopologyZone]; zone != "" {
		pv.Spec.NodeAffinity = zoneOf(zone)
	}
	bind(pvc, pv)
	w.put(pv)
	w.replace(pvc)
}

func holds(pv *corev1.PersistentVolume, pvc *corev1.PersistentVolumeClaim, node *corev1.Node) bool {
	size := pv.Spec.Capacity[corev1.ResourceStorage]
	if size.Cmp(pvc.Spec.Resources.Requests[corev1.ResourceStorage]) < 0 {
		return false
	}
	selector, err := nodeaffinity.NewNodeSelector(pv.Spec.NodeAffinity.Required)
	return err == nil && selector.Match(node)
}

// ownsClaims reports whether the pod has a volume that no other pod can have.
func ownsClaims(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Spec.Volumes, func(v corev1.Volume) bool { return v.Ephemeral != nil })
}
