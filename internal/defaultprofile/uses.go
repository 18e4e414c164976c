// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package defaultprofile

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/version"
	ndf "k8s.io/component-helpers/nodedeclaredfeatures"
	"k8s.io/klog/v2"
)

func always(*corev1.PodSpec) bool { return true }

func never(*corev1.PodSpec) bool { return false }

func hasSchedulingGates(spec *corev1.PodSpec) bool { return len(spec.SchedulingGates) > 0 }

func hasPriority(spec *corev1.PodSpec) bool { return spec.Priority != nil && *spec.Priority != 0 }

func mayPreempt(spec *corev1.PodSpec) bool {
	return spec.Priority != nil && *spec.Priority > 0 &&
		(spec.PreemptionPolicy == nil || *spec.PreemptionPolicy != corev1.PreemptNever)
}

func namesNode(spec *corev1.PodSpec) bool { return spec.NodeName != "" }

// keepsOffCordonedNodes is true for all pods but those of DaemonSets and their
// like, which tolerate the taint that stands for a cordon.
func keepsOffCordonedNodes(spec *corev1.PodSpec) bool {
	cordon := &corev1.Taint{Key: corev1.TaintNodeUnschedulable, Effect: corev1.TaintEffectNoSchedule}
	return !slices.ContainsFunc(spec.Tolerations, func(t corev1.Toleration) bool {
		return t.ToleratesTaint(klog.Background(), cordon, false)
	})
}

// keepsOffTaints is true for all pods but those that tolerate any taint.
func keepsOffTaints(spec *corev1.PodSpec) bool {
	return !slices.ContainsFunc(spec.Tolerations, func(t corev1.Toleration) bool {
		return t.Key == "" && t.Operator == corev1.TolerationOpExists && t.Effect == ""
	})
}

func selectsNodes(spec *corev1.PodSpec) bool {
	return len(spec.NodeSelector) > 0 ||
		spec.Affinity != nil && spec.Affinity.NodeAffinity != nil && spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution != nil
}

func hasHostPorts(spec *corev1.PodSpec) bool {
	for _, containers := range [][]corev1.Container{spec.InitContainers, spec.Containers} {
		for _, c := range containers {
			if slices.ContainsFunc(c.Ports, func(p corev1.ContainerPort) bool { return p.HostPort > 0 }) {
				return true
			}
		}
	}
	return false
}

// hasClaims is true for generic ephemeral volumes too: a claim is made for each.
func hasClaims(spec *corev1.PodSpec) bool {
	return slices.ContainsFunc(spec.Volumes, isClaim)
}

func isClaim(v corev1.Volume) bool { return v.PersistentVolumeClaim != nil || v.Ephemeral != nil }

// hasRestrictedVolumes is true for every pod with a claim: whether the claim is
// ReadWriteOncePod is not in the pod.
func hasRestrictedVolumes(spec *corev1.PodSpec) bool {
	return slices.ContainsFunc(spec.Volumes, func(v corev1.Volume) bool {
		return isClaim(v) || v.GCEPersistentDisk != nil || v.AWSElasticBlockStore != nil || v.ISCSI != nil || v.RBD != nil
	})
}

// hasCountedVolumes is true for claims and for the volumes of in-tree drivers
// that have moved to CSI.
func hasCountedVolumes(spec *corev1.PodSpec) bool {
	return slices.ContainsFunc(spec.Volumes, func(v corev1.Volume) bool {
		return isClaim(v) || v.GCEPersistentDisk != nil || v.AWSElasticBlockStore != nil || v.AzureDisk != nil ||
			v.AzureFile != nil || v.Cinder != nil || v.VsphereVolume != nil || v.PortworxVolume != nil
	})
}

func hasRequiredSpread(spec *corev1.PodSpec) bool {
	return slices.ContainsFunc(spec.TopologySpreadConstraints, func(c corev1.TopologySpreadConstraint) bool {
		return c.WhenUnsatisfiable == corev1.DoNotSchedule
	})
}

func hasRequiredPodAffinity(spec *corev1.PodSpec) bool {
	a := spec.Affinity
	return a != nil &&
		(a.PodAffinity != nil && len(a.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution) > 0 ||
			a.PodAntiAffinity != nil && len(a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution) > 0)
}

// hasResourceClaims does not see extended resources that a DeviceClass maps to
// devices: the mapping is not in the pod.
func hasResourceClaims(spec *corev1.PodSpec) bool { return len(spec.ResourceClaims) > 0 }

func hasGroup(spec *corev1.PodSpec) bool { return spec.SchedulingGroup != nil }

// release is the one whose rules say which features a pod needs of its node.
var release = version.MustParseSemantic("1.37.0")

// needsNodeFeatures asks the library that the plugin asks.
func needsNodeFeatures(spec *corev1.PodSpec) bool {
	needed, err := ndf.DefaultFramework.InferForPodScheduling(&ndf.PodInfo{Spec: spec}, release)
	return err == nil && !needed.IsEmpty()
}
