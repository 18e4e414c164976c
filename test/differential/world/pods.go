// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package world

import (
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

var (
	namespaces = []string{"east", "west", "north"}
	apps       = []string{"ledger", "pricing", "rates", "checkout"}
	revisions  = []string{"r1", "r2"}
	tiers      = []string{"front", "back"}
	priorities = []int32{-10, 0, 0, 10, 10, 100, 100}
)

// began is when the first pod started.
var began = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func (w *World) makeNamespaces() {
	for _, name := range namespaces {
		w.put(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: w.teamLabels()}})
	}
}

func (w *World) teamLabels() map[string]string {
	labels := map[string]string{}
	if w.percent(80) {
		labels["team"] = pick(w, teams)
	}
	if w.percent(50) {
		labels["env"] = pick(w, []string{"prod", "test"})
	}
	return labels
}

// makeWorkloads makes owners of pods, and Services and budgets that select them.
func (w *World) makeWorkloads() {
	for _, namespace := range namespaces {
		for _, app := range apps {
			meta := metav1.ObjectMeta{Namespace: namespace, Name: app, UID: w.uid()}
			selector := &metav1.LabelSelector{MatchLabels: map[string]string{"app": app}}
			switch w.IntN(4) {
			case 0:
				w.put(&appsv1.ReplicaSet{ObjectMeta: meta, Spec: appsv1.ReplicaSetSpec{Selector: selector}})
			case 1:
				w.put(&appsv1.StatefulSet{ObjectMeta: meta, Spec: appsv1.StatefulSetSpec{Selector: selector}})
			case 2:
				w.put(&corev1.ReplicationController{ObjectMeta: meta, Spec: corev1.ReplicationControllerSpec{Selector: selector.MatchLabels}})
			}
			if w.percent(40) {
				w.addService(namespace, app)
			}
			if w.percent(30) {
				w.put(&policyv1.PodDisruptionBudget{
					ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: app},
					Spec:       policyv1.PodDisruptionBudgetSpec{Selector: selector, MinAvailable: ptr.To(intstr.FromInt32(1))},
					Status:     policyv1.PodDisruptionBudgetStatus{DisruptionsAllowed: int32(w.IntN(3))},
				})
			}
		}
	}
}

func (w *World) addService(namespace, app string) {
	w.put(&corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: w.name("service")},
		Spec:       corev1.ServiceSpec{Selector: map[string]string{"app": app}},
	})
}

// NewPod makes a pod that is to be placed. Often it is one more of the same.
func (w *World) NewPod() *corev1.Pod {
	pod := w.draw()
	w.put(pod)
	return pod
}

// addPlacedPod makes a pod that some scheduler put on a node, whatever it asks for.
func (w *World) addPlacedPod() {
	nodes := w.Nodes()
	if len(nodes) == 0 {
		return
	}
	pod := w.draw()
	pod.Spec.SchedulingGates = nil
	node := pick(w, nodes)
	if len(node.Spec.Taints) > 0 {
		node = pick(w, nodes) // Not impossible, but less likely.
	}
	pod.Spec.NodeName = node.Name
	if w.percent(60) { // Less important, so that there are victims to find.
		pod.Spec.Priority = ptr.To(pick(w, priorities[:3]))
	}
	w.bindClaims(pod)
	w.allocateDevices(pod)
	w.put(pod)
}

func (w *World) draw() *corev1.Pod {
	if w.template == nil || w.percent(70) {
		w.template = nil
		pod := w.base()
		for _, kind := range Kinds {
			if w.percent(w.density[kind.Name]) {
				kind.add(w, pod)
			}
		}
		if !ownsClaims(pod) {
			w.template = pod.DeepCopy()
		}
		return pod
	}
	pod := w.template.DeepCopy()
	pod.Name, pod.UID, pod.Status.StartTime = w.name("pod"), w.uid(), w.startTime()
	return pod
}

// base returns a pod that asks for little. Its start time, which a kubelet sets
// later, is there from the beginning, because the scheduler takes the present for
// one that is absent, so that preemption would not be repeatable.
func (w *World) base() *corev1.Pod {
	// Half of the pods are in one namespace, so that there are many of an app.
	namespace, app := pick(w, namespaces[:1+w.IntN(2)*2]), pick(w, apps)
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: w.name("pod"), UID: w.uid(),
			Labels: map[string]string{"app": app, "revision": pick(w, revisions)},
		},
		Spec: corev1.PodSpec{
			SchedulerName: corev1.DefaultSchedulerName,
			Priority:      ptr.To(pick(w, priorities)),
			Containers: []corev1.Container{{Name: "main", Image: pick(w, images), Resources: corev1.ResourceRequirements{
				Requests: corev1.ResourceList{},
			}}},
		},
		Status: corev1.PodStatus{Phase: corev1.PodPending, StartTime: w.startTime()},
	}
	if w.percent(60) {
		pod.Labels["tier"] = pick(w, tiers)
	}
	if w.percent(70) {
		request(pod, corev1.ResourceCPU, pick(w, []string{"100m", "250m", "500m", "1"}))
		request(pod, corev1.ResourceMemory, pick(w, []string{"128Mi", "512Mi", "1Gi"}))
	}
	w.own(pod, app)
	return pod
}

// startTime is the same for pods that are made in a row.
func (w *World) startTime() *metav1.Time {
	return &metav1.Time{Time: began.Add(time.Duration(w.made/300) * time.Minute)}
}

// own makes the pod one of a workload, if there is one of that name.
func (w *World) own(pod *corev1.Pod, app string) {
	meta := metav1.ObjectMeta{Namespace: pod.Namespace, Name: app}
	owners := map[string]Object{
		"apps/v1 ReplicaSet":       &appsv1.ReplicaSet{ObjectMeta: meta},
		"apps/v1 StatefulSet":      &appsv1.StatefulSet{ObjectMeta: meta},
		"v1 ReplicationController": &corev1.ReplicationController{ObjectMeta: meta},
	}
	for gvk, like := range owners {
		if owner, ok := w.place[key(like)]; ok {
			setOwner(pod, gvk, owner.GetName(), owner.GetUID())
			return
		}
	}
	if w.percent(30) {
		setOwner(pod, pick(w, []string{"batch/v1 Job", "apps.example.com/v1 CloneSet"}), app, types.UID("uid-of-"+pod.Namespace+"-"+app))
	}
}

func setOwner(pod *corev1.Pod, gvk, name string, uid types.UID) {
	var version, kind string
	for i := range gvk {
		if gvk[i] == ' ' {
			version, kind = gvk[:i], gvk[i+1:]
		}
	}
	pod.OwnerReferences = []metav1.OwnerReference{{APIVersion: version, Kind: kind, Name: name, UID: uid, Controller: ptr.To(true)}}
}

func request(pod *corev1.Pod, name corev1.ResourceName, quantity string) {
	pod.Spec.Containers[0].Resources.Requests[name] = resource.MustParse(quantity)
}
