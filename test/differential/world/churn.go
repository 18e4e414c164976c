// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package world

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Limits of what gathers in a cluster, so that a run neither slows down nor
// becomes the same case again and again.
const (
	maxPodsPerNode = 5
	maxPending     = 20
)

// Churn changes the cluster once, at random, and returns what it did.
func (w *World) Churn() string {
	for len(w.Pods(true)) > maxPodsPerNode*(len(w.Nodes())+1) {
		w.remove(pick(w, w.Pods(true)))
	}
	for len(w.Pods(false)) > maxPending {
		w.remove(w.Pods(false)[0])
	}
	var sum int
	for _, c := range changes {
		sum += c.weight
	}
	at := w.IntN(sum)
	for _, c := range changes {
		if at -= c.weight; at < 0 {
			c.do(w)
			return c.name
		}
	}
	return ""
}

type change struct {
	name   string
	weight int
	do     func(*World)
}

var changes = []change{
	{"a placed pod is deleted", 12, func(w *World) { w.withPod(true, func(pod *corev1.Pod) { w.remove(pod) }) }},
	{"a placed pod is terminating", 6, func(w *World) {
		w.withPod(true, func(pod *corev1.Pod) { w.terminate(pod, false) })
	}},
	{"a placed pod is relabelled", 5, func(w *World) { w.editPod(true, w.relabelPod) }},
	{"another scheduler places a pod", 8, (*World).addPlacedPod},
	{"a pending pod is deleted", 3, func(w *World) { w.withPod(false, func(pod *corev1.Pod) { w.remove(pod) }) }},
	{"a pending pod is relabelled", 3, func(w *World) { w.editPod(false, w.relabelPod) }},
	{"a pending pod loses its gates", 4, func(w *World) { w.editPod(false, func(pod *corev1.Pod) { pod.Spec.SchedulingGates = nil }) }},
	{"a node is added", 6, (*World).addNode},
	{"a node is lost", 5, (*World).loseNode},
	{"a node is relabelled", 6, func(w *World) { w.editNode(w.relabel) }},
	{"a node is tainted", 5, func(w *World) { w.editNode(w.taintNode) }},
	{"a node is cordoned or not", 4, func(w *World) { w.editNode(func(node *corev1.Node) { node.Spec.Unschedulable = w.percent(25) }) }},
	{"a node is resized", 4, func(w *World) { w.editNode(w.sizeNode) }},
	{"a node takes other volumes", 3, (*World).changeCSINode},
	{"a namespace is relabelled", 3, func(w *World) {
		if namespace, ok := one[*corev1.Namespace](w); ok {
			namespace.Labels = w.teamLabels()
			w.replace(namespace)
		}
	}},
	{"a Service is added", 2, func(w *World) { w.addService(pick(w, namespaces), pick(w, apps)) }},
	{"a Service is deleted", 2, func(w *World) {
		if service, ok := one[*corev1.Service](w); ok {
			w.remove(service)
		}
	}},
	{"a budget changes", 4, func(w *World) {
		if pdb, ok := one[*policyv1.PodDisruptionBudget](w); ok {
			pdb.Status.DisruptionsAllowed = int32(w.IntN(3))
			w.replace(pdb)
		}
	}},
	{"a volume is added", 3, (*World).addVolume},
	{"a claim is bound", 3, func(w *World) {
		if pvc, ok := one[*corev1.PersistentVolumeClaim](w); ok && pvc.Spec.VolumeName == "" && len(w.Nodes()) > 0 {
			w.bindClaim(pvc, pick(w, w.Nodes()).Name)
		}
	}},
}

// one returns a copy of a random object of a kind.
func one[T Object](w *World) (T, bool) {
	var none T
	all := list[T](w)
	if len(all) == 0 {
		return none, false
	}
	object, ok := pick(w, all).DeepCopyObject().(T)
	return object, ok
}

func (w *World) withPod(placed bool, do func(*corev1.Pod)) {
	if pods := w.Pods(placed); len(pods) > 0 {
		do(pick(w, pods))
	}
}

func (w *World) editPod(placed bool, edit func(*corev1.Pod)) {
	w.withPod(placed, func(pod *corev1.Pod) {
		pod = pod.DeepCopy()
		edit(pod)
		w.replace(pod)
	})
}

func (w *World) relabelPod(pod *corev1.Pod) {
	pod.Labels = map[string]string{"app": pick(w, apps), "revision": pick(w, revisions)}
	if w.percent(60) {
		pod.Labels["tier"] = pick(w, tiers)
	}
}

// terminate begins the deletion of a pod, or ends it if it has begun.
func (w *World) terminate(pod *corev1.Pod, preempted bool) {
	if pod.DeletionTimestamp != nil {
		w.remove(pod)
		return
	}
	pod = pod.DeepCopy()
	pod.DeletionTimestamp = w.startTime()
	if preempted {
		pod.Status.Conditions = append(pod.Status.Conditions, corev1.PodCondition{
			Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue, Reason: corev1.PodReasonPreemptionByScheduler})
	}
	w.replace(pod)
}

func (w *World) editNode(edit func(*corev1.Node)) {
	if node, ok := one[*corev1.Node](w); ok {
		edit(node)
		w.replace(node)
	}
}

// loseNode deletes a node. Its pods go with it, or are left behind for a while.
func (w *World) loseNode() {
	node, ok := one[*corev1.Node](w)
	if !ok {
		return
	}
	w.remove(node)
	w.lost = append(w.lost, node)
	if w.percent(70) {
		for _, pod := range slices.DeleteFunc(w.Pods(true), func(pod *corev1.Pod) bool { return pod.Spec.NodeName != node.Name }) {
			w.remove(pod)
		}
	}
}

func (w *World) changeCSINode() {
	if len(w.Nodes()) == 0 {
		return
	}
	after := w.csiNode(pick(w, w.Nodes()).Name)
	if before, ok := Get(w, &storagev1.CSINode{ObjectMeta: metav1.ObjectMeta{Name: after.Name}}); ok {
		after.UID = before.UID
		w.replace(after)
		return
	}
	w.put(after)
}
