// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package world

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
	"sigs.k8s.io/yaml"
)

// Bind does what follows a scheduler's decision for a node: the claims of the pod
// get their volumes, and the pod gets its node.
func (w *World) Bind(pod *corev1.Pod, node string) {
	current, ok := Get(w, pod)
	if !ok {
		return
	}
	current = current.DeepCopy()
	current.Spec.NodeName, current.Status.NominatedNodeName = node, ""
	w.bindClaims(current)
	w.allocateDevices(current)
	w.replace(current)
}

// Preempt does what follows a scheduler's decision for victims: they are gone, or
// terminating for now, and the pod is nominated to their node. Others that were
// nominated to it and are less important no longer are.
func (w *World) Preempt(pod *corev1.Pod, node string, victims []*corev1.Pod) {
	gone := w.percent(50)
	for _, victim := range victims {
		if current, ok := Get(w, victim); ok && gone {
			w.remove(current)
		} else if ok && current.DeletionTimestamp == nil {
			w.terminate(current, true)
		}
	}
	for _, other := range w.Pods(false) {
		if other.Status.NominatedNodeName == node && *other.Spec.Priority < *pod.Spec.Priority {
			w.Nominate(other, "")
		}
	}
	w.Nominate(pod, node)
}

// Nominate writes the node that a pod is nominated to, or that there is none.
func (w *World) Nominate(pod *corev1.Pod, node string) {
	current, ok := Get(w, pod)
	if !ok || current.Status.NominatedNodeName == node {
		return
	}
	current = current.DeepCopy()
	current.Status.NominatedNodeName = node
	w.replace(current)
}

// Delete deletes a pod.
func (w *World) Delete(pod *corev1.Pod) { w.remove(pod) }

// YAML returns objects as documents that kubectl reads.
func YAML(objects ...Object) (string, error) {
	var text string
	for _, object := range objects {
		gvk, err := apiutil.GVKForObject(object, scheme.Scheme)
		if err != nil {
			return "", err
		}
		object, _ = object.DeepCopyObject().(Object)
		object.GetObjectKind().SetGroupVersionKind(gvk)
		data, err := yaml.Marshal(object)
		if err != nil {
			return "", err
		}
		text += "---\n" + string(data)
	}
	return text, nil
}
