// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package world

import (
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// volumeKinds mount volumes. The name of a volume tells its kind.
var volumeKinds = []Kind{
	volumeKind("volume of a zone", 4, claimed(func(w *World, pod *corev1.Pod) *corev1.PersistentVolumeClaim {
		return w.boundClaim(pod.Namespace, func(_ *corev1.PersistentVolumeClaim, pv *corev1.PersistentVolume) {
			pv.Labels = map[string]string{corev1.LabelTopologyZone: pick(w, zones)}
		})
	})),
	volumeKind("volume with node affinity", 4, claimed(func(w *World, pod *corev1.Pod) *corev1.PersistentVolumeClaim {
		return w.boundClaim(pod.Namespace, func(_ *corev1.PersistentVolumeClaim, pv *corev1.PersistentVolume) {
			pv.Spec.NodeAffinity = zoneOf(pick(w, zones))
			if nodes := w.Nodes(); len(nodes) > 0 && w.percent(50) {
				pv.Spec.NodeAffinity = onNodes(corev1.LabelHostname, pick(w, nodes).Name, pick(w, nodes).Name)
			}
		})
	})),
	volumeKind("claim for a static volume", 4, unbound(classStatic)),
	volumeKind("claim for a dynamic volume", 3, unbound(classDynamic)),
	volumeKind("claim for a volume in some zones", 4, unbound(classZonal)),
	volumeKind("claim bound at once", 2, unbound(classImmediate)),
	volumeKind("missing claim", 2, func(w *World, _ *corev1.Pod) corev1.VolumeSource { return claimSource(w.name("missing")) }),
	volumeKind("claim being deleted", 2, claimed(func(w *World, pod *corev1.Pod) *corev1.PersistentVolumeClaim {
		return w.boundClaim(pod.Namespace, func(pvc *corev1.PersistentVolumeClaim, _ *corev1.PersistentVolume) {
			pvc.DeletionTimestamp = &metav1.Time{Time: began}
			pvc.Finalizers = []string{"kubernetes.io/pvc-protection"}
		})
	})),
	volumeKind("ReadWriteOncePod claim", 4, claimed(func(w *World, pod *corev1.Pod) *corev1.PersistentVolumeClaim {
		for _, pvc := range list[*corev1.PersistentVolumeClaim](w) {
			if pvc.Namespace == pod.Namespace && slices.Contains(pvc.Spec.AccessModes, corev1.ReadWriteOncePod) && w.percent(60) {
				return pvc
			}
		}
		return w.boundClaim(pod.Namespace, func(pvc *corev1.PersistentVolumeClaim, _ *corev1.PersistentVolume) {
			pvc.Spec.AccessModes = []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOncePod}
		})
	})),
	volumeKind("CSI volume", 5, claimed(func(w *World, pod *corev1.Pod) *corev1.PersistentVolumeClaim {
		return w.boundClaim(pod.Namespace, func(_ *corev1.PersistentVolumeClaim, pv *corev1.PersistentVolume) {
			pv.Spec.PersistentVolumeSource = corev1.PersistentVolumeSource{CSI: &corev1.CSIPersistentVolumeSource{Driver: csiDriver, VolumeHandle: w.name("handle")}}
		})
	})),
	volumeKind("ephemeral volume", 3, addEphemeral),
	volumeKind("disk for one node", 4, func(w *World, _ *corev1.Pod) corev1.VolumeSource {
		return corev1.VolumeSource{ISCSI: &corev1.ISCSIVolumeSource{IQN: pick(w, []string{"iqn.2026-01.example.com:a", "iqn.2026-01.example.com:b"}), ReadOnly: w.percent(30)}}
	}),
}

func volumeKind(name string, percent int, draw func(*World, *corev1.Pod) corev1.VolumeSource) Kind {
	prefix := prefixOf(name)
	volumes := func(pod *corev1.Pod) *[]corev1.Volume { return &pod.Spec.Volumes }
	return Kind{Name: name, Percent: percent,
		add: func(w *World, pod *corev1.Pod) {
			pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: prefix + strconv.Itoa(len(pod.Spec.Volumes)), VolumeSource: draw(w, pod)})
			if source := &pod.Spec.Volumes[len(pod.Spec.Volumes)-1]; source.Ephemeral != nil && w.percent(60) {
				w.createEphemeral(pod, source)
			}
		},
		Strip: stripAll(volumes, func(v corev1.Volume) bool { return strings.HasPrefix(v.Name, prefix) }),
	}
}

// prefixOf returns what the names of a kind's volumes or claims begin with.
func prefixOf(kind string) string { return strings.ToLower(strings.ReplaceAll(kind, " ", "-")) + "-" }

func claimed(draw func(*World, *corev1.Pod) *corev1.PersistentVolumeClaim) func(*World, *corev1.Pod) corev1.VolumeSource {
	return func(w *World, pod *corev1.Pod) corev1.VolumeSource { return claimSource(draw(w, pod).Name) }
}

func claimSource(name string) corev1.VolumeSource {
	return corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: name}}
}

func unbound(class string) func(*World, *corev1.Pod) corev1.VolumeSource {
	return claimed(func(w *World, pod *corev1.Pod) *corev1.PersistentVolumeClaim {
		pvc := w.claim(pod.Namespace, class)
		w.put(pvc)
		return pvc
	})
}

func addEphemeral(*World, *corev1.Pod) corev1.VolumeSource {
	return corev1.VolumeSource{Ephemeral: &corev1.EphemeralVolumeSource{VolumeClaimTemplate: &corev1.PersistentVolumeClaimTemplate{
		Spec: corev1.PersistentVolumeClaimSpec{StorageClassName: ptr.To(classDynamic)},
	}}}
}

// createEphemeral makes the claim of an ephemeral volume, as its controller does.
func (w *World) createEphemeral(pod *corev1.Pod, v *corev1.Volume) {
	w.boundClaim(pod.Namespace, func(pvc *corev1.PersistentVolumeClaim, pv *corev1.PersistentVolume) {
		pvc.Name = pod.Name + "-" + v.Name
		pvc.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "Pod", Name: pod.Name, UID: pod.UID, Controller: ptr.To(true)}}
		pv.Spec.NodeAffinity = zoneOf(pick(w, zones))
	})
}
