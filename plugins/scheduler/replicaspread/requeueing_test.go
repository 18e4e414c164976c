// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replicaspread

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	featuregatetesting "k8s.io/component-base/featuregate/testing"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/features"
	"k8s.io/kubernetes/pkg/scheduler/backend/cache"
	"k8s.io/kubernetes/pkg/scheduler/backend/queue"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/metrics"
	st "k8s.io/kubernetes/pkg/scheduler/testing"
)

func TestEventsToRegister(t *testing.T) {
	events := func(workloadKeys ...string) []fwk.ClusterEvent {
		args := testArgs()
		args.WorkloadKeys = workloadKeys
		pl, err := New(t.Context(), args, testHandle(t, cache.NewEmptySnapshot()))
		if err != nil {
			t.Fatal(err)
		}
		registered, err := pl.(*ReplicaSpread).EventsToRegister(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var events []fwk.ClusterEvent
		for _, r := range registered {
			if r.QueueingHintFn == nil || r.PreQueueingHintFn != nil {
				t.Errorf("%s has the wrong hint functions", r.Event.Label())
			}
			events = append(events, r.Event)
		}
		return events
	}
	want := []fwk.ClusterEvent{
		{Resource: fwk.AssignedPod, ActionType: fwk.Add | fwk.Delete},
		{Resource: fwk.Node, ActionType: fwk.Add | fwk.Delete | fwk.UpdateNodeLabel},
		{Resource: fwk.TargetPod, ActionType: fwk.Update},
	}
	if diff := cmp.Diff(want, events()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	want[0].ActionType |= fwk.UpdatePodLabel
	if diff := cmp.Diff(want, events("app")); diff != "" {
		t.Errorf("with workloads by label (-want +got):\n%s", diff)
	}
}

// TestQueueingHints has a pod that was held back in filterCluster, where db-1 and
// db-2 are placed on a and c.
func TestQueueingHints(t *testing.T) {
	counted := withCaps(replica("db-9", "db"), "rack", "1")
	percent := withCaps(replica("db-9", "db"), "rack", "30%") // 1 of 3
	unit := withCaps(replica("db-9", "db"), "rack", "1")
	unit.Labels["unit"] = "x"
	wrong := withCaps(replica("db-9", "db"), "rack", "few")
	bare := withCaps(st.MakePod().Name("tool").Obj(), "rack", "few")
	node := func(name string, labels ...string) *corev1.Node {
		w := st.MakeNode().Name(name)
		for i := 0; i < len(labels); i += 2 {
			w.Label(labels[i], labels[i+1])
		}
		return w.Obj()
	}
	labelled := func(pod *corev1.Pod, unit string) *corev1.Pod {
		pod.Labels["unit"] = unit
		return pod
	}
	for name, tc := range map[string]struct {
		pod *corev1.Pod
		// The event: pods that are placed, the pod itself, or nodes.
		oldPod, newPod     *corev1.Pod
		oldSelf, newSelf   *corev1.Pod
		oldNode, newNode   *corev1.Node
		want               fwk.QueueingHint
		wantErr, wrongType bool
	}{
		"a replica is deleted":              {pod: counted, oldPod: replica("db-1", "db"), want: fwk.Queue},
		"one that was terminating":          {pod: counted, oldPod: terminating(replica("db-1", "db")), want: fwk.Queue},
		"a pod of another workload":         {pod: counted, oldPod: replica("web-1", "web"), want: fwk.QueueSkip},
		"a bare pod":                        {pod: counted, oldPod: st.MakePod().Obj(), want: fwk.QueueSkip},
		"a replica is placed":               {pod: counted, newPod: replica("db-3", "db"), want: fwk.QueueSkip},
		"which raises a percentage":         {pod: percent, newPod: replica("db-3", "db"), want: fwk.Queue},
		"another's does not":                {pod: percent, newPod: replica("web-1", "web"), want: fwk.QueueSkip},
		"a replica takes its label off":     {pod: unit, oldPod: labelled(replica("a", "b"), "x"), newPod: labelled(replica("a", "b"), "y"), want: fwk.Queue},
		"a pod puts the label on":           {pod: unit, oldPod: labelled(replica("a", "b"), "y"), newPod: labelled(replica("a", "b"), "x"), want: fwk.QueueSkip},
		"a replica changes another label":   {pod: counted, oldPod: replica("db-1", "db"), newPod: replica("db-1", "db"), want: fwk.QueueSkip},
		"no replica's end mends a value":    {pod: wrong, oldPod: replica("db-1", "db"), want: fwk.QueueSkip},
		"nor a node":                        {pod: wrong, newNode: node("d", "rack", "r3"), want: fwk.QueueSkip},
		"nor either for a bare pod":         {pod: bare, newNode: node("d", "rack", "r3"), want: fwk.QueueSkip},
		"a node comes in a new rack":        {pod: counted, newNode: node("d", "rack", "r3"), want: fwk.Queue},
		"without a label":                   {pod: counted, newNode: node("d"), want: fwk.Queue},
		"in a full rack":                    {pod: counted, newNode: node("d", "rack", "r1"), want: fwk.QueueSkip},
		"for a percentage too":              {pod: percent, newNode: node("d", "rack", "r1"), want: fwk.QueueSkip},
		"a node with a replica goes":        {pod: counted, oldNode: node("a", "rack", "r1"), want: fwk.Queue},
		"one without":                       {pod: counted, oldNode: node("b", "rack", "r1"), want: fwk.QueueSkip},
		"a node with a replica moves":       {pod: counted, oldNode: node("a", "rack", "r1"), newNode: node("a", "rack", "r2"), want: fwk.Queue},
		"one without moves to a full rack":  {pod: counted, oldNode: node("b", "rack", "r1"), newNode: node("b", "rack", "r2"), want: fwk.QueueSkip},
		"one without moves to a new rack":   {pod: counted, oldNode: node("b", "rack", "r1"), newNode: node("b", "rack", "r3"), want: fwk.Queue},
		"a node moves to another zone only": {pod: counted, oldNode: node("a", "rack", "r1"), newNode: node("a", "rack", "r1", corev1.LabelTopologyZone, "z9"), want: fwk.QueueSkip},
		"the cap is raised":                 {pod: counted, oldSelf: counted, newSelf: withCaps(replica("db-9", "db"), "rack", "2"), want: fwk.Queue},
		"the cap is dropped":                {pod: counted, oldSelf: counted, newSelf: replica("db-9", "db"), want: fwk.Queue},
		"a value is mended":                 {pod: wrong, oldSelf: wrong, newSelf: counted, want: fwk.Queue},
		"a wrong value is dropped":          {pod: wrong, oldSelf: wrong, newSelf: replica("db-9", "db"), want: fwk.Queue},
		"the pod is in another workload":    {pod: unit, oldSelf: unit, newSelf: counted, want: fwk.Queue},
		"its status changes":                {pod: counted, oldSelf: counted, newSelf: counted.DeepCopy(), want: fwk.QueueSkip},
		"what is no pod":                    {pod: counted, oldPod: &corev1.Pod{}, wrongType: true, want: fwk.Queue, wantErr: true},
		"what is no node":                   {pod: counted, oldNode: &corev1.Node{}, wrongType: true, want: fwk.Queue, wantErr: true},
		"what is no pod itself":             {pod: counted, oldSelf: &corev1.Pod{}, newSelf: &corev1.Pod{}, wrongType: true, want: fwk.Queue, wantErr: true},
	} {
		t.Run(name, func(t *testing.T) {
			snapshot := cache.NewSnapshot([]*corev1.Pod{placed(replica("db-1", "db"), "a", 0), placed(replica("db-2", "db"), "c", 0)}, []*corev1.Node{
				node("a", "rack", "r1"), node("b", "rack", "r1"), node("c", "rack", "r2"),
			})
			args := testArgs()
			args.WorkloadKeys = []string{"unit"}
			obj, err := New(t.Context(), args, testHandle(t, snapshot))
			if err != nil {
				t.Fatal(err)
			}
			pl := obj.(*ReplicaSpread)
			pl.PreFilter(t.Context(), framework.NewCycleState(), counted, nil) // The cycle in which it was held back.
			hint, oldObj, newObj := hintFor(pl, tc.oldPod, tc.newPod, tc.oldNode, tc.newNode, tc.oldSelf, tc.newSelf)
			if tc.wrongType {
				oldObj, newObj = "neither", "nor"
			}
			got, err := hint(klog.Background(), tc.pod, oldObj, newObj)
			if got != tc.want || (err != nil) != tc.wantErr {
				t.Errorf("got %v and error %v, want %v", got, err, tc.want)
			}
		})
	}
}

// hintFor returns the hint function for the objects that are not nil, and them as
// the queue hands them over.
func hintFor(pl *ReplicaSpread, oldPod, newPod *corev1.Pod, oldNode, newNode *corev1.Node, oldSelf, newSelf *corev1.Pod) (fwk.QueueingHintFn, any, any) {
	orNil := func(pod *corev1.Pod) any {
		if pod == nil {
			return nil
		}
		return pod
	}
	switch {
	case oldSelf != nil:
		return pl.isSchedulableAfterTargetPodUpdate, oldSelf, newSelf
	case oldPod != nil || newPod != nil:
		return pl.isSchedulableAfterAssignedPodChange, orNil(oldPod), orNil(newPod)
	case oldNode == nil:
		return pl.isSchedulableAfterNodeChange, nil, newNode
	case newNode == nil:
		return pl.isSchedulableAfterNodeChange, oldNode, nil
	}
	return pl.isSchedulableAfterNodeChange, oldNode, newNode
}

// TestPreQueueingHintStarvesOthers shows why EventsToRegister offers no
// PreQueueingHintFn: with one, the queue does not even ask a plugin that has none
// about its own pods. When this fails, the queue has become better, and so can
// we.
func TestPreQueueingHintStarvesOthers(t *testing.T) {
	featuregatetesting.SetFeatureGateDuringTest(t, utilfeature.DefaultFeatureGate, features.SchedulerPreQueueingHints, true)
	metrics.Register()
	deleted := fwk.ClusterEvent{Resource: fwk.AssignedPod, ActionType: fwk.Delete}
	always := func(klog.Logger, *corev1.Pod, any, any) (fwk.QueueingHint, error) { return fwk.Queue, nil }
	onlyOurs := func(klog.Logger, any, any) (fwk.PreQueueingHintResult, error) {
		return fwk.PreQueueingHintResult{Pods: []types.NamespacedName{{Name: "capped"}}}, nil
	}
	q := queue.NewTestQueue(t.Context(), func(a, b fwk.QueuedEntityInfo) bool { return a.GetTimestamp().Before(b.GetTimestamp()) },
		queue.WithQueueingHintMapPerProfile(queue.QueueingHintMapPerProfile{"": {deleted: {
			{PluginName: "NodeResourcesFit", QueueingHintFn: always},
			{PluginName: Name, QueueingHintFn: always, PreQueueingHintFn: onlyOurs},
		}}}))
	for pod, rejectedBy := range map[string]string{"large": "NodeResourcesFit", "capped": Name} {
		q.Add(t.Context(), st.MakePod().Name(pod).UID(pod).Obj())
		entity, err := q.Pop(klog.Background())
		if err != nil {
			t.Fatal(err)
		}
		info := entity.(*framework.QueuedPodInfo)
		info.UnschedulablePlugins = sets.New(rejectedBy)
		if err := q.AddUnschedulablePodIfNotPresent(klog.Background(), info, q.SchedulingCycle()); err != nil {
			t.Fatal(err)
		}
	}
	q.MoveAllToActiveOrBackoffQueue(klog.Background(), deleted, st.MakePod().Name("gone").Node("a").Obj(), nil, nil)
	left := q.UnschedulablePods()
	if len(left) != 1 || left[0].Name != "large" {
		t.Errorf("left are %d pods; the queue narrows otherwise than in v1.37: consider a PreQueueingHintFn", len(left))
	}
}
