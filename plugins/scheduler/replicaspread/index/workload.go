// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package index

import (
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/evenkeel/evenkeel/api/wellknown"
)

// Workload identifies the replicas that are kept apart.
type Workload struct {
	// ID is the UID of the controller owner (a ReplicaSet, a StatefulSet, or an
	// object of any other kind that makes equal pods) or, for a pod with one of
	// the configured labels, <namespace>/<key>=<value>.
	ID string
	// Family is shared by all revisions of a Deployment, or by the pods with one
	// value of a configured label; empty if there is none.
	Family string
}

// Identity says which pods are replicas of one another. The zero value goes by
// the controller owner.
type Identity struct {
	// WorkloadKeys are pod label keys. The first that a pod carries with a value
	// names its workload within its namespace, whoever owns the pod.
	WorkloadKeys []string
	// FamilyKeys are pod label keys. The first that a pod carries with a value
	// names its family within its namespace.
	FamilyKeys []string
	// Kinds are the owner kinds that are spread though they are not by default:
	// DaemonSet or Job.
	Kinds []string
}

// WorkloadOf returns the workload of a pod. It reports false for a pod that is
// not spread: one with none of the configured labels that either has no
// controller or one whose controller is a Node (a static pod; no scheduler
// places it), a DaemonSet (one per node by definition) or a Job (its pods come
// to an end, and may well share a node). The latter two are spread if the
// identity lists their kind, or if the pod itself names a cap: somebody who caps
// the pods of a Job wants them counted.
func (id *Identity) WorkloadOf(pod *corev1.Pod) (Workload, bool) {
	s, ok := id.subjectOf(pod)
	if !ok {
		return Workload{}, false
	}
	return Workload{ID: s.workload(pod), Family: id.family(pod, s, id.familyBasisOf(pod, s))}, true
}

// subject is what a pod's workload is known by: a label or, without one, the
// controller.
type subject struct {
	label, value string
	owner        *metav1.OwnerReference
}

func (id *Identity) subjectOf(pod *corev1.Pod) (subject, bool) {
	owner := metav1.GetControllerOfNoCopy(pod)
	for _, key := range id.WorkloadKeys {
		if value := pod.Labels[key]; value != "" {
			return subject{label: key, value: value, owner: owner}, true
		}
	}
	if owner == nil {
		return subject{}, false
	}
	switch owner.Kind {
	case "Node":
		return subject{}, false
	case "DaemonSet", "Job":
		if !slices.Contains(id.Kinds, owner.Kind) && !namesCap(pod) {
			return subject{}, false
		}
	}
	return subject{owner: owner}, true
}

// namesCap reports whether a pod has an annotation that caps its replicas.
func namesCap(pod *corev1.Pod) bool {
	for name := range pod.Annotations {
		if strings.HasPrefix(name, wellknown.SpreadMaxPerPrefix) {
			return true
		}
	}
	return false
}

// workload returns the ID of the workload.
func (s subject) workload(pod *corev1.Pod) string {
	if s.label != "" {
		return string(appendLabelKey(nil, pod.Namespace, s.label, s.value))
	}
	return string(s.owner.UID)
}

func appendLabelKey(to []byte, namespace, key, value string) []byte {
	to = append(append(to, namespace...), '/')
	to = append(append(to, key...), '=')
	return append(to, value...)
}

// revisions are the labels that hold the hash by which a controller tells the
// ReplicaSets of its revisions apart: the Deployment controller's, and that of
// Argo Rollouts, which does the same.
var revisions = []struct{ label, kind string }{
	{appsv1.DefaultDeploymentUniqueLabelKey, "Deployment"},
	{"rollouts-pod-template-hash", "Rollout"},
}

// familyBasis is what tells the family of a workload's pods apart: a label and
// its value. The label is numbered: FamilyKeys first, then revisions.
type familyBasis struct {
	key   int
	value string
}

// noFamily is the key of the basis of a pod without family.
const noFamily = -1

// familyBasisOf returns the basis of a pod's family. It compares labels only, so
// that it costs little; family does the rest.
func (id *Identity) familyBasisOf(pod *corev1.Pod, s subject) familyBasis {
	for i, key := range id.FamilyKeys {
		if value := pod.Labels[key]; value != "" {
			return familyBasis{i, value}
		}
	}
	// A workload by label may have many owners. Its revisions are in it already.
	if s.label == "" && s.owner.Kind == "ReplicaSet" {
		for i, r := range revisions {
			if hash := pod.Labels[r.label]; hash != "" && strings.HasSuffix(s.owner.Name, hash) {
				return familyBasis{len(id.FamilyKeys) + i, hash}
			}
		}
	}
	return familyBasis{key: noFamily}
}

// family returns the key of the family of a pod, or "".
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
func (id *Identity) family(pod *corev1.Pod, s subject, basis familyBasis) string {
	if basis.key == noFamily {
		return ""
	}
	if basis.key < len(id.FamilyKeys) {
		return string(appendLabelKey(nil, pod.Namespace, id.FamilyKeys[basis.key], basis.value))
	}
	name := unhashed(s.owner.Name, basis.value)
	if name == "" {
		return ""
	}
	return pod.Namespace + "/" + name + "/" + revisions[basis.key-len(id.FamilyKeys)].label
}

// unhashed returns the name of a ReplicaSet without -<hash>, or "".
func unhashed(name, hash string) string {
	if short, ok := strings.CutSuffix(name, "-"+hash); ok {
		return short
	}
	return ""
}

// name names the workload of a pod for people: by what made the pods as far as
// they tell, or by the label.
func (id *Identity) name(pod *corev1.Pod) string {
	s, ok := id.subjectOf(pod)
	switch {
	case !ok:
		return "no workload"
	case s.label != "":
		return "workload " + s.label + "=" + s.value
	}
	for _, r := range revisions {
		if hash := pod.Labels[r.label]; hash != "" && s.owner.Kind == "ReplicaSet" {
			if name := unhashed(s.owner.Name, hash); name != "" {
				return r.kind + " " + name
			}
		}
	}
	return s.owner.Kind + " " + s.owner.Name
}
