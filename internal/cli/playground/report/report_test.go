// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

func ptr[T any](v T) *T { return &v }

func meta(name string, owner ...string) metav1.ObjectMeta {
	m := metav1.ObjectMeta{Namespace: "shop", Name: name, UID: types.UID(name), Generation: 1}
	if len(owner) == 2 {
		m.OwnerReferences = []metav1.OwnerReference{{Kind: owner[0], Name: owner[1], Controller: ptr(true)}}
	}
	return m
}

// state of a pod in the tests.
type state string

const (
	running   state = "Running"
	succeeded state = "Succeeded"
	failed    state = "Failed"
	starting  state = "Starting"
	pending   state = "Pending"
	ignored   state = "Ignored"
	deleting  state = "Deleting"
)

// pods returns a pod in each of the states, of one owner.
func pods(kind, owner string, states ...state) []corev1.Pod {
	var out []corev1.Pod
	for i, s := range states {
		pod := corev1.Pod{ObjectMeta: meta(fmt.Sprintf("%s-%d", owner, i), kind, owner)}
		if kind == "" {
			pod.OwnerReferences = nil
		}
		pod.Spec.SchedulerName = "default-scheduler"
		pod.Spec.NodeName = fmt.Sprintf("n%d", i)
		pod.Status.Phase = corev1.PodRunning
		ready := corev1.PodCondition{Type: corev1.PodReady, Status: corev1.ConditionTrue}
		switch s {
		case succeeded:
			pod.Status.Phase = corev1.PodSucceeded
		case failed:
			pod.Status.Phase, pod.Status.Reason = corev1.PodFailed, "Evicted"
		case starting:
			ready.Status, ready.Reason, ready.Message = corev1.ConditionFalse, "ContainersNotReady", "app is not ready"
		case pending:
			pod.Spec.NodeName, pod.Status.Phase, ready.Status = "", corev1.PodPending, corev1.ConditionFalse
			pod.Status.Conditions = append(pod.Status.Conditions, corev1.PodCondition{
				Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable", Message: "0/1 nodes are available: 1 Insufficient cpu."})
		case ignored:
			pod.Spec.NodeName, pod.Status.Phase, ready.Status = "", corev1.PodPending, corev1.ConditionFalse
		case deleting:
			pod.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)}
		}
		pod.Status.Conditions = append(pod.Status.Conditions, ready)
		out = append(out, pod)
	}
	return out
}

func statefulSet(replicas *int32, observed int64) []appsv1.StatefulSet {
	return []appsv1.StatefulSet{{ObjectMeta: meta("db"), Spec: appsv1.StatefulSetSpec{Replicas: replicas}, Status: appsv1.StatefulSetStatus{ObservedGeneration: observed}}}
}

func job(spec batchv1.JobSpec, status batchv1.JobStatus) []batchv1.Job {
	return []batchv1.Job{{ObjectMeta: meta("batch"), Spec: spec, Status: status}}
}

func jobIs(condition batchv1.JobConditionType) []batchv1.JobCondition {
	return []batchv1.JobCondition{{Type: condition, Status: corev1.ConditionTrue, Message: "BackoffLimitExceeded"}}
}

// Each case is a cluster, how far it is, and what is wrong if nothing more happens.
func TestClusterProgressAndProblems(t *testing.T) {
	tests := map[string]struct {
		cluster      Cluster
		want         Progress
		wantProblems []string
	}{
		"nothing": {want: Progress{Done: true}},
		"all run": {
			cluster: Cluster{StatefulSets: statefulSet(ptr[int32](2), 1), Pods: pods("StatefulSet", "db", running, running)},
			want:    Progress{Wanted: 2, Placed: 2, Settled: 2, Done: true},
		},
		"one replica is the default": {
			cluster: Cluster{StatefulSets: statefulSet(nil, 1), Pods: pods("StatefulSet", "db", running)},
			want:    Progress{Wanted: 1, Placed: 1, Settled: 1, Done: true},
		},
		"the controller has not come to it": {
			cluster:      Cluster{StatefulSets: statefulSet(ptr[int32](0), 0)},
			wantProblems: []string{"StatefulSet shop/db: its controller has not looked at it yet (PodCount)"},
		},
		"a pod is missing": {
			cluster:      Cluster{StatefulSets: statefulSet(ptr[int32](2), 1), Pods: pods("StatefulSet", "db", running)},
			want:         Progress{Wanted: 2, Placed: 1, Settled: 1},
			wantProblems: []string{"StatefulSet shop/db: has 1 of 2 pods (PodCount)"},
		},
		"the last event tells why": {
			cluster: Cluster{StatefulSets: statefulSet(ptr[int32](1), 1), Events: []corev1.Event{
				{Type: "Warning", Message: "exceeded quota", InvolvedObject: corev1.ObjectReference{UID: "db"}, LastTimestamp: metav1.Unix(20, 0)},
				{Type: "Warning", Message: "an older one", InvolvedObject: corev1.ObjectReference{UID: "db"}, LastTimestamp: metav1.Unix(10, 0)},
				{Type: "Normal", Message: "no warning", InvolvedObject: corev1.ObjectReference{UID: "db"}, LastTimestamp: metav1.Unix(30, 0)},
				{Type: "Warning", Message: "of another", InvolvedObject: corev1.ObjectReference{UID: "x"}, LastTimestamp: metav1.Unix(40, 0)},
			}},
			want:         Progress{Wanted: 1},
			wantProblems: []string{"StatefulSet shop/db: has 0 of 1 pods: exceeded quota (PodCount)"},
		},
		"an event about a Deployment's ReplicaSet tells why": {
			cluster: Cluster{
				Deployments: []appsv1.Deployment{{ObjectMeta: meta("web"), Status: appsv1.DeploymentStatus{ObservedGeneration: 1}}},
				ReplicaSets: []appsv1.ReplicaSet{{ObjectMeta: meta("web-1", "Deployment", "web")}},
				Events:      []corev1.Event{{Type: "Warning", Message: "denied", InvolvedObject: corev1.ObjectReference{UID: "web-1"}}},
			},
			want:         Progress{Wanted: 1},
			wantProblems: []string{"Deployment shop/web: has 0 of 1 pods: denied (PodCount)"},
		},
		"a pod that no node has room for": {
			cluster: Cluster{StatefulSets: statefulSet(ptr[int32](2), 1), Pods: pods("StatefulSet", "db", running, pending)},
			want:    Progress{Wanted: 2, Placed: 1, Settled: 1},
			wantProblems: []string{
				"Pod shop/db-1: no node: Unschedulable: 0/1 nodes are available: 1 Insufficient cpu. (PodPending)"},
		},
		"a pod that no scheduler has seen": {
			cluster: Cluster{Pods: pods("", "bare", ignored)},
			want:    Progress{Wanted: 1},
			wantProblems: []string{
				"Pod shop/bare-0: no scheduler has looked at the pod; its schedulerName is default-scheduler (PodPending)"},
		},
		"a pod that is not ready": {
			cluster: Cluster{Pods: pods("", "bare", starting)},
			want:    Progress{Wanted: 1, Placed: 1},
			wantProblems: []string{
				"Pod shop/bare-0: on node n0 in phase Running: ContainersNotReady: app is not ready (PodNotReady)"},
		},
		"a pod that failed": {
			cluster:      Cluster{Pods: pods("", "bare", failed)},
			want:         Progress{Wanted: 1, Placed: 1},
			wantProblems: []string{"Pod shop/bare-0: the pod has failed: Evicted (PodFailed)"},
		},
		"an old pod that is going": {
			cluster: Cluster{StatefulSets: statefulSet(ptr[int32](1), 1), Pods: pods("StatefulSet", "db", running, deleting)},
			want:    Progress{Wanted: 1, Placed: 2, Settled: 1},
			wantProblems: []string{
				"StatefulSet shop/db: has 2 of 1 pods (PodCount)",
				"Pod shop/db-1: the pod is being deleted (PodNotReady)",
			},
		},
		"an old pod that stays": {
			cluster:      Cluster{StatefulSets: statefulSet(ptr[int32](1), 1), Pods: pods("StatefulSet", "db", running, running)},
			want:         Progress{Wanted: 1, Placed: 2, Settled: 2},
			wantProblems: []string{"StatefulSet shop/db: has 2 of 1 pods (PodCount)"},
		},
		"a ReplicaSet and a ReplicationController of their own, and a DaemonSet": {
			cluster: Cluster{
				ReplicaSets:            []appsv1.ReplicaSet{{ObjectMeta: meta("rs"), Status: appsv1.ReplicaSetStatus{ObservedGeneration: 1}}},
				ReplicationControllers: []corev1.ReplicationController{{ObjectMeta: meta("rc"), Status: corev1.ReplicationControllerStatus{ObservedGeneration: 1}}},
				DaemonSets:             []appsv1.DaemonSet{{ObjectMeta: meta("ds"), Status: appsv1.DaemonSetStatus{ObservedGeneration: 1, DesiredNumberScheduled: 1}}},
				Pods: append(append(pods("ReplicaSet", "rs", running), pods("ReplicationController", "rc", running)...),
					pods("DaemonSet", "ds", running)...),
			},
			want: Progress{Wanted: 3, Placed: 3, Settled: 3, Done: true},
		},
		"pods of an owner that only its own controller knows": {
			cluster: Cluster{Pods: pods("FlinkDeployment", "flink", running, running)},
			want:    Progress{Wanted: 2, Placed: 2, Settled: 2, Done: true},
		},
		"a Job runs": {
			cluster: Cluster{Jobs: job(batchv1.JobSpec{Parallelism: ptr[int32](2), Completions: ptr[int32](3)}, batchv1.JobStatus{Succeeded: 1}),
				Pods: pods("Job", "batch", succeeded, running, running)},
			want: Progress{Wanted: 3, Placed: 3, Settled: 3, Done: true},
		},
		"a Job that is over needs no pods": {
			cluster: Cluster{Jobs: job(batchv1.JobSpec{}, batchv1.JobStatus{Succeeded: 1, Conditions: jobIs(batchv1.JobComplete)})},
			want:    Progress{Wanted: 1, Done: true},
		},
		"a Job that is suspended wants none": {
			cluster: Cluster{Jobs: job(batchv1.JobSpec{Suspend: ptr(true)}, batchv1.JobStatus{})},
			want:    Progress{Done: true},
		},
		"a Job tries again": {
			cluster:      Cluster{Jobs: job(batchv1.JobSpec{}, batchv1.JobStatus{}), Pods: pods("Job", "batch", failed)},
			want:         Progress{Wanted: 1},
			wantProblems: []string{"Job shop/batch: has 0 of 1 pods (PodCount)"},
		},
		"a Job that failed": {
			cluster:      Cluster{Jobs: job(batchv1.JobSpec{}, batchv1.JobStatus{Conditions: jobIs(batchv1.JobFailed)}), Pods: pods("Job", "batch", failed)},
			want:         Progress{Done: true},
			wantProblems: []string{"Job shop/batch: the workload has failed: BackoffLimitExceeded (PodFailed)"},
		},
	}
	judge := newJudge(t, allOff)
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, tc.cluster.Progress()); diff != "" {
				t.Errorf("Progress() (-want +got):\n%s", diff)
			}
			doc := New(&tc.cluster, judge, Software{})
			var problems []string
			for _, p := range doc.Problems {
				problems = append(problems, p.String())
			}
			if diff := cmp.Diff(tc.wantProblems, problems); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			if doc.OK != (len(tc.wantProblems) == 0) {
				t.Errorf("OK = %v with problems %v", doc.OK, problems)
			}
		})
	}
}

func TestNewSortsAndCounts(t *testing.T) {
	cluster := &Cluster{
		Namespaces: []corev1.Namespace{{ObjectMeta: metav1.ObjectMeta{Name: "shop", Labels: enabled}}},
		Nodes: []corev1.Node{
			{ObjectMeta: metav1.ObjectMeta{Name: "n0", Labels: map[string]string{"topology.kubernetes.io/zone": "a", "topology.evenkeel.io/rack": "a1"}}},
			{ObjectMeta: metav1.ObjectMeta{Name: "n1", Labels: map[string]string{"topology.kubernetes.io/zone": "a", "topology.evenkeel.io/rack": "a2"}}},
		},
		StatefulSets: statefulSet(ptr[int32](3), 1),
		Deployments:  []appsv1.Deployment{{ObjectMeta: meta("web"), Status: appsv1.DeploymentStatus{ObservedGeneration: 1}}},
		Pods:         append(pods("StatefulSet", "db", running, running, pending), pods("Deployment", "web", running)...),
	}
	// The API server lists by name; here the last comes first.
	cluster.Pods[0], cluster.Pods[2] = cluster.Pods[2], cluster.Pods[0]
	doc := New(cluster, newJudge(t, "features: {pidlimit: {mode: Enforce}}\n"), Software{Version: "v1"})

	want := []Workload{
		{Namespace: "shop", WorkloadRef: WorkloadRef{"Deployment", "web"}, Replicas: Replicas{1, 1, 1}, Spread: Spreads{
			Zone: Spread{1, "a", 1, 1}, Rack: Spread{1, "a1", 1, 1}, Host: Spread{1, "n0", 1, 1}}},
		{Namespace: "shop", WorkloadRef: WorkloadRef{"StatefulSet", "db"}, Replicas: Replicas{3, 2, 2}, Spread: Spreads{
			Zone: Spread{2, "a", 2, 1}, Rack: Spread{1, "a1", 1, 2}, Host: Spread{1, "n0", 1, 2}}},
	}
	if diff := cmp.Diff(want, doc.Workloads); diff != "" {
		t.Errorf("workloads (-want +got):\n%s", diff)
	}
	var names []string
	for _, pod := range doc.Pods {
		names = append(names, pod.Name)
		if !pod.Admission.Selected {
			t.Errorf("pod %s is not selected: %s", pod.Name, pod.Admission.Reason)
		}
	}
	if diff := cmp.Diff([]string{"web-0", "db-0", "db-1", "db-2"}, names); diff != "" {
		t.Errorf("pods (-want +got):\n%s", diff)
	}
	if want := (DataCentre{Zones: 1, Racks: 2, Hosts: 2, Nodes: 2}); doc.DataCentre != want {
		t.Errorf("DataCentre = %+v, want %+v", doc.DataCentre, want)
	}
	if doc.Evenkeel.ConfigHash == "" || doc.Evenkeel.Version != "v1" {
		t.Errorf("Evenkeel = %+v", doc.Evenkeel)
	}
	// Nobody has treated these pods.
	missing := 0
	for _, p := range doc.Problems {
		if p.Code == RecordMissing {
			missing++
		}
	}
	if missing != 4 {
		t.Errorf("%d pods lack the record, want 4: %v", missing, doc.Problems)
	}
}
