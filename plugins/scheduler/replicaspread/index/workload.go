// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package index

import (
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Workload identifies the replicas that are kept apart.
type Workload struct {
	// UID is the UID of the controller owner: a ReplicaSet, a StatefulSet, or
	// an object of any other kind that makes equal pods.
	UID string
	// Family is shared by all revisions of a Deployment; empty if the workload
	// has no revisions.
	Family string
}

// WorkloadOf returns the workload of a pod. It reports false for a pod that is
// not spread: one without a controller, and one whose controller is a DaemonSet
// (one per node by definition), a Job (its pods come to an end, and may well
// share a node) or a Node (a static pod; no scheduler places it).
func WorkloadOf(pod *corev1.Pod) (Workload, bool) {
	owner := spreadOwner(pod)
	if owner == nil {
		return Workload{}, false
	}
	return Workload{UID: string(owner.UID), Family: familyKey(pod, owner)}, true
}

func spreadOwner(pod *corev1.Pod) *metav1.OwnerReference {
	owner := metav1.GetControllerOfNoCopy(pod)
	if owner == nil {
		return nil
	}
	switch owner.Kind {
	case "DaemonSet", "Job", "Node":
		return nil
	}
	return owner
}

// revisionLabels are the labels that hold the hash by which a controller tells
// the ReplicaSets of its revisions apart: the Deployment controller's, and that
// of Argo Rollouts, which does the same.
var revisionLabels = []string{appsv1.DefaultDeploymentUniqueLabelKey, "rollouts-pod-template-hash"}

// familyKey returns the key of the family of a pod, or "".
//
// A ReplicaSet of a Deployment is named <Deployment>-<hash>, and its pods carry
// the hash as a label; both come from the Deployment controller
// (pkg/controller/deployment/sync.go, getNewReplicaSet). So the pod alone tells
// its Deployment's name. A ReplicaSet lister would say the same, but only once
// its informer has seen the ReplicaSet, which may be after its first pods, and
// at the price of holding every old revision in memory: the scheduler has no
// ReplicaSet informer once PodTopologySpread's default constraints are off.
// What is lost is a ReplicaSet that a Deployment adopted under another name: it
// is spread by itself.
func familyKey(pod *corev1.Pod, owner *metav1.OwnerReference) string {
	if owner.Kind != "ReplicaSet" {
		return ""
	}
	for _, label := range revisionLabels {
		hash := pod.Labels[label]
		if hash == "" {
			continue
		}
		if name, ok := strings.CutSuffix(owner.Name, "-"+hash); ok && name != "" {
			return pod.Namespace + "/" + name + "/" + label
		}
	}
	return ""
}
