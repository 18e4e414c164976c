// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// Cluster is what is read from the API server.
type Cluster struct {
	Namespaces   []corev1.Namespace
	Nodes        []corev1.Node
	Pods         []corev1.Pod
	Deployments  []appsv1.Deployment
	ReplicaSets  []appsv1.ReplicaSet
	StatefulSets []appsv1.StatefulSet
	DaemonSets   []appsv1.DaemonSet
	Jobs         []batchv1.Job

	ReplicationControllers []corev1.ReplicationController
	// Events are those of type Warning; New takes from them why pods were not created.
	Events []corev1.Event
}

// key names a workload in the cluster.
type key struct {
	namespace string
	WorkloadRef
}

// workload is a workload with its pods.
type workload struct {
	key
	// uids are those of the object and of the ReplicaSets that it owns: whom
	// events about missing pods are about.
	uids []types.UID
	// wanted is the number of pods that it should have now.
	wanted int
	// observed says that the controller has seen the object as it is now.
	observed bool
	// finished says that no pod need be there any more: a Job that is over.
	finished bool
	// failed says why the workload has given up, if it has.
	failed string
	pods   []*corev1.Pod
}

// ownerOf returns what the pod is a replica of.
func ownerOf(pod *corev1.Pod) WorkloadRef {
	w := mutate.WorkloadOf(pod)
	if w.Kind == "" {
		return WorkloadRef{Kind: "Pod", Name: pod.Name}
	}
	return WorkloadRef{Kind: w.Kind, Name: w.Name}
}

// workloads returns the workloads of the cluster in the order in which they were
// found; those that are part of another one are not among them.
func (c *Cluster) workloads() []*workload {
	var list []*workload
	byKey := map[key]*workload{}
	add := func(w *workload) {
		byKey[w.key] = w
		list = append(list, w)
	}
	for i := range c.Deployments {
		d := &c.Deployments[i]
		add(&workload{
			key: key{d.Namespace, WorkloadRef{"Deployment", d.Name}}, uids: []types.UID{d.UID},
			wanted: replicas(d.Spec.Replicas), observed: d.Status.ObservedGeneration >= d.Generation,
		})
	}
	for i := range c.ReplicaSets {
		rs := &c.ReplicaSets[i]
		if owner := controllerOf(rs.OwnerReferences); owner.Kind != "" {
			if d := byKey[key{rs.Namespace, owner}]; d != nil {
				d.uids = append(d.uids, rs.UID)
			}
			continue
		}
		add(&workload{
			key: key{rs.Namespace, WorkloadRef{"ReplicaSet", rs.Name}}, uids: []types.UID{rs.UID},
			wanted: replicas(rs.Spec.Replicas), observed: rs.Status.ObservedGeneration >= rs.Generation,
		})
	}
	for i := range c.ReplicationControllers {
		rc := &c.ReplicationControllers[i]
		add(&workload{
			key: key{rc.Namespace, WorkloadRef{"ReplicationController", rc.Name}}, uids: []types.UID{rc.UID},
			wanted: replicas(rc.Spec.Replicas), observed: rc.Status.ObservedGeneration >= rc.Generation,
		})
	}
	for i := range c.StatefulSets {
		s := &c.StatefulSets[i]
		add(&workload{
			key: key{s.Namespace, WorkloadRef{"StatefulSet", s.Name}}, uids: []types.UID{s.UID},
			wanted: replicas(s.Spec.Replicas), observed: s.Status.ObservedGeneration >= s.Generation,
		})
	}
	for i := range c.DaemonSets {
		d := &c.DaemonSets[i]
		add(&workload{
			key: key{d.Namespace, WorkloadRef{"DaemonSet", d.Name}}, uids: []types.UID{d.UID},
			wanted: int(d.Status.DesiredNumberScheduled), observed: d.Status.ObservedGeneration >= d.Generation,
		})
	}
	for i := range c.Jobs {
		add(ofJob(&c.Jobs[i]))
	}
	for i := range c.Pods {
		pod := &c.Pods[i]
		k := key{pod.Namespace, ownerOf(pod)}
		if byKey[k] == nil {
			// A bare pod, or an owner of a kind that only its own controller knows.
			add(&workload{key: k, observed: true, uids: []types.UID{pod.UID}})
		}
		w := byKey[k]
		w.pods = append(w.pods, pod)
		if w.Kind == "Pod" {
			w.wanted = 1
		}
	}
	for _, w := range list {
		switch w.Kind {
		case "Deployment", "ReplicaSet", "ReplicationController", "StatefulSet", "DaemonSet", "Job", "Pod":
		default:
			w.wanted = len(w.pods)
		}
	}
	return list
}

// ofJob returns a Job as a workload. How many pods it should have now depends on
// how many have succeeded.
func ofJob(j *batchv1.Job) *workload {
	w := &workload{key: key{j.Namespace, WorkloadRef{"Job", j.Name}}, uids: []types.UID{j.UID}, observed: true}
	for _, c := range j.Status.Conditions {
		if c.Status != corev1.ConditionTrue {
			continue
		}
		switch c.Type {
		case batchv1.JobComplete:
			w.finished = true
		case batchv1.JobFailed:
			w.finished, w.failed = true, c.Message
		}
	}
	switch {
	case j.Spec.Suspend != nil && *j.Spec.Suspend:
	case w.finished:
		w.wanted = int(j.Status.Succeeded)
	default:
		w.wanted = int(j.Status.Succeeded) + replicas(j.Spec.Parallelism)
		if j.Spec.Completions != nil {
			w.wanted = min(w.wanted, int(*j.Spec.Completions))
		}
	}
	return w
}

// replicas is the value of a field whose default is 1.
func replicas(n *int32) int {
	if n == nil {
		return 1
	}
	return int(*n)
}
