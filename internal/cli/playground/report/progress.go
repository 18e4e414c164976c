// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Progress counts pods on the way to where every workload has what it wants.
type Progress struct {
	// Wanted is the number of pods that all workloads want.
	Wanted int
	// Placed is the number of pods that have a node.
	Placed int
	// Settled is the number of pods that have a node and run, or have run to their end.
	Settled int
	// Done says that nothing is left to wait for.
	Done bool
}

// Progress returns how far the cluster is.
func (c *Cluster) Progress() Progress {
	p := Progress{Done: true}
	for _, w := range c.workloads() {
		p.Wanted += w.wanted
		for _, pod := range w.counted() {
			if pod.Spec.NodeName != "" {
				p.Placed++
			}
			if settled(pod) {
				p.Settled++
			} else {
				p.Done = false
			}
		}
		if !w.observed || !w.complete() {
			p.Done = false
		}
	}
	return p
}

// counted returns the pods that the workload counts as its own. For a pod of a
// Job that failed, the Job makes another one, or gives up, which it says itself.
func (w *workload) counted() []*corev1.Pod {
	if w.Kind != "Job" {
		return w.pods
	}
	return slices.DeleteFunc(slices.Clone(w.pods), func(p *corev1.Pod) bool { return p.Status.Phase == corev1.PodFailed })
}

// complete tells whether the workload has as many pods as it wants. Jobs may have
// more, as one that has succeeded is counted a moment later.
func (w *workload) complete() bool {
	n := len(w.counted())
	return w.finished || n == w.wanted || w.Kind == "Job" && n > w.wanted
}

// settled tells whether the pod has come to where it stays.
func settled(pod *corev1.Pod) bool {
	return pod.DeletionTimestamp == nil && pod.Spec.NodeName != "" &&
		(pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodRunning && ready(pod))
}

// ready tells whether the pod is ready, or has succeeded.
func ready(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || condition(pod, corev1.PodReady).Status == corev1.ConditionTrue
}

// condition returns the pod's condition of the type, or an empty one.
func condition(pod *corev1.Pod, t corev1.PodConditionType) corev1.PodCondition {
	for _, c := range pod.Status.Conditions {
		if c.Type == t {
			return c
		}
	}
	return corev1.PodCondition{}
}

// controllerOf returns the owner that controls an object, or an empty reference.
func controllerOf(owners []metav1.OwnerReference) WorkloadRef {
	for _, o := range owners {
		if o.Controller != nil && *o.Controller {
			return WorkloadRef{Kind: o.Kind, Name: o.Name}
		}
	}
	return WorkloadRef{}
}
