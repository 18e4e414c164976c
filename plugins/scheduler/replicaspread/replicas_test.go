// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replicaspread_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	st "k8s.io/kubernetes/pkg/scheduler/testing"
)

// What happens to the pods of a story.

// place makes replicas and lets the scheduler place one after the other.
func (w *world) place(kind, name, revision, number string, opts map[string]string) ([]string, error) {
	n, err := strconv.Atoi(number)
	if err != nil {
		return nil, err
	}
	var pods []*corev1.Pod
	for range n {
		pod := w.newPod(kind, name, revision, opts)
		if err := w.api.Add(pod); err != nil {
			return nil, err
		}
		pods = append(pods, pod)
	}
	var told []string
	for _, pod := range pods {
		line, err := w.placeOne(pod)
		if err != nil {
			return nil, err
		}
		told = append(told, line)
	}
	return told, nil
}

// placeOne lets the scheduler place a pod, or hold it back, and tells which.
func (w *world) placeOne(pod *corev1.Pod) (string, error) {
	node, err := w.schedule(pod)
	var unfit *framework.FitError
	if errors.As(err, &unfit) {
		w.held = append(w.held, pod)
		return fmt.Sprintf("%s is held back: %s", pod.Name, unfit.Error()), nil
	}
	if err != nil {
		return "", fmt.Errorf("placing %s: %w", pod.Name, err)
	}
	line := fmt.Sprintf("%s -> %s (%s)", pod.Name, node, w.around(pod, node))
	pod = pod.DeepCopy()
	pod.Spec.NodeName = node
	w.pods[pod.Name] = pod
	w.assumed[pod.Name] = true
	return line, w.api.Update(pod)
}

func (w *world) newPod(kind, name, revision string, opts map[string]string) *corev1.Pod {
	owner := name
	wrapper := st.MakePod().Namespace("shop").SchedulerName("evenkeel-scheduler").Label("app", name).
		Req(map[corev1.ResourceName]string{corev1.ResourceCPU: "500m", corev1.ResourceMemory: "1Gi"})
	if revision != "" {
		owner = name + "-" + revision
		wrapper.Label("pod-template-hash", revision)
	}
	if kind != "" {
		wrapper.OwnerReference(owner, schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: kind})
	}
	selector := &metav1.LabelSelector{MatchLabels: map[string]string{"app": name}}
	if key := opts["anti-affinity"]; key != "" {
		wrapper.PodAntiAffinity(key, selector, st.PodAntiAffinityWithPreferredReq)
	}
	if key := opts["constraint"]; key != "" {
		wrapper.SpreadConstraint(1, key, corev1.ScheduleAnyway, selector, nil, nil, nil, nil)
	}
	for option, annotation := range capOptions {
		if value := opts[option]; value != "" {
			wrapper.Annotation(annotation, value)
		}
	}
	w.serial[owner]++
	podName := fmt.Sprintf("%s-%d", owner, w.serial[owner])
	pod := wrapper.Name(podName).UID("uid of " + podName).Obj()
	for i := range pod.OwnerReferences {
		pod.OwnerReferences[i].UID = types.UID("uid of " + kind + " " + owner)
	}
	return pod
}

// schedule runs one scheduling cycle and returns the node.
func (w *world) schedule(pod *corev1.Pod) (string, error) {
	w.sched.SchedulingQueue.Add(w.ctx, pod)
	w.sched.ScheduleOne(w.ctx)
	select {
	case binding := <-w.bound:
		if binding.Name != pod.Name {
			return "", fmt.Errorf("got a binding of %s", binding.Name)
		}
		return binding.Target.Name, nil
	case err := <-w.failed:
		return "", err
	case <-time.After(time.Minute):
		return "", fmt.Errorf("neither placed nor refused")
	}
}

// confirm lets the scheduler know that the binding of a pod went through.
func (w *world) confirm(name string) error {
	if !w.assumed[name] {
		return nil
	}
	delete(w.assumed, name)
	return w.sched.Cache.AddPod(w.logger(), w.pods[name])
}

func (w *world) confirmAll() error {
	for _, name := range slices.Sorted(maps.Keys(w.assumed)) {
		if err := w.confirm(name); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) terminate(name string) error {
	old := w.pods[name]
	if old == nil {
		return fmt.Errorf("no pod %s", name)
	}
	if err := w.confirm(name); err != nil {
		return err
	}
	pod := old.DeepCopy()
	now := metav1.Now()
	pod.DeletionTimestamp = &now
	w.pods[name] = pod
	if err := w.api.Update(pod); err != nil {
		return err
	}
	return w.sched.Cache.UpdatePod(w.logger(), old, pod)
}

func (w *world) deletePod(name string) error {
	pod := w.pods[name]
	if pod == nil {
		return fmt.Errorf("no pod %s", name)
	}
	if err := w.confirm(name); err != nil {
		return err
	}
	delete(w.pods, name)
	if err := w.api.Delete(pod); err != nil {
		return err
	}
	return w.sched.Cache.RemovePod(w.logger(), pod)
}

// rollout replaces one revision by another, the way the Deployment controller
// does with maxSurge: the old pods of a step are still shutting down when the
// new pods of the next step are placed.
func (w *world) rollout(name, from, to string, opts map[string]string) ([]string, error) {
	surge, err := strconv.Atoi(opts["surge"])
	if err != nil {
		return nil, fmt.Errorf("surge: %w", err)
	}
	var told, leaving []string
	for {
		var old []string
		for _, pod := range w.named(name) {
			if pod.Labels["pod-template-hash"] == from && pod.DeletionTimestamp == nil {
				old = append(old, pod.Name)
			}
		}
		if len(old) == 0 {
			break
		}
		step := min(surge, len(old))
		lines, err := w.place("ReplicaSet", name, to, strconv.Itoa(step), opts)
		if err != nil {
			return nil, err
		}
		told = append(told, lines...)
		for _, pod := range leaving {
			if err := w.deletePod(pod); err != nil {
				return nil, err
			}
		}
		leaving = old[:step]
		for _, pod := range leaving {
			if err := w.terminate(pod); err != nil {
				return nil, err
			}
		}
	}
	for _, pod := range leaving {
		if err := w.deletePod(pod); err != nil {
			return nil, err
		}
	}
	return told, nil
}
