// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/client-go/tools/events"
	"k8s.io/klog/v2"
	kubescheduler "k8s.io/kubernetes/pkg/scheduler"
	"k8s.io/kubernetes/pkg/scheduler/profile"
	st "k8s.io/kubernetes/pkg/scheduler/testing"
)

// TestScheduledEventsCanBeLeftOut has a real scheduler with the real recorder place
// a pod, fail to place a second, and preempt the first for it.
func TestScheduledEventsCanBeLeftOut(t *testing.T) {
	for name, tc := range map[string]struct {
		scheduled bool
		want      []string
	}{
		"as kube-scheduler does": {scheduled: true, want: []string{
			"Normal Preempted of small", "Normal Scheduled of large", "Normal Scheduled of small", "Warning FailedScheduling of large",
		}},
		"without": {scheduled: false, want: []string{"Normal Preempted of small", "Warning FailedScheduling of large"}},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			node := st.MakeNode().Name("n").Capacity(map[corev1.ResourceName]string{"cpu": "1", "memory": "1Gi", "pods": "10"}).Obj()
			client := fake.NewClientset(node)
			client.PrependReactor("create", "pods", bindIn(client))
			broadcaster := events.NewBroadcaster(&events.EventSinkImpl{Interface: client.EventsV1()})
			defer broadcaster.Shutdown()
			if err := broadcaster.StartRecordingToSinkWithContext(ctx); err != nil {
				t.Fatal(err)
			}
			informers := kubescheduler.NewInformerFactory(client, 0, nil)
			sched, err := kubescheduler.New(ctx, client, informers, nil, profile.NewRecorderFactory(broadcaster))
			if err != nil {
				t.Fatal(err)
			}
			if !tc.scheduled {
				leaveOutScheduled(sched)
			}
			informers.Start(ctx.Done())
			informers.WaitForCacheSync(ctx.Done())
			// The scheduler's cache is filled by handlers, after the informers' own.
			if err := sched.WaitForHandlersSync(ctx); err != nil {
				t.Fatal(err)
			}
			go sched.Run(ctx)
			for priority, name := range []string{"small", "large"} {
				pod := st.MakePod().Namespace("default").Name(name).UID(name).SchedulerName(corev1.DefaultSchedulerName).Priority(int32(priority)).
					Req(map[corev1.ResourceName]string{"cpu": "800m"}).Obj()
				if _, err := client.CoreV1().Pods("default").Create(ctx, pod, metav1.CreateOptions{}); err != nil {
					t.Fatal(err)
				}
				eventually(t, name+" is placed", func() bool {
					pod, err := client.CoreV1().Pods("default").Get(ctx, name, metav1.GetOptions{})
					return err == nil && pod.Spec.NodeName != ""
				})
			}
			var got []string
			eventually(t, "the events are there", func() bool {
				list, err := client.EventsV1().Events("default").List(ctx, metav1.ListOptions{})
				if err != nil {
					t.Fatal(err)
				}
				got = nil
				for _, e := range list.Items {
					got = append(got, e.Type+" "+e.Reason+" of "+e.Regarding.Name)
				}
				slices.Sort(got)
				got = slices.Compact(got)
				return len(got) >= len(tc.want)
			})
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

// bindIn binds pods in a fake client, which does nothing about a Binding.
func bindIn(client *fake.Clientset) clienttesting.ReactionFunc {
	pods := corev1.SchemeGroupVersion.WithResource("pods")
	return func(action clienttesting.Action) (bool, runtime.Object, error) {
		create, ok := action.(clienttesting.CreateAction)
		if !ok || action.GetSubresource() != "binding" {
			return false, nil, nil
		}
		binding, ok := create.GetObject().(*corev1.Binding)
		if !ok {
			return true, nil, errors.New("the object is no Binding")
		}
		object, err := client.Tracker().Get(pods, binding.Namespace, binding.Name)
		if err != nil {
			return true, nil, err
		}
		pod, ok := object.DeepCopyObject().(*corev1.Pod)
		if !ok {
			return true, nil, errors.New("the object is no Pod")
		}
		pod.Spec.NodeName = binding.Target.Name
		return true, binding, client.Tracker().Update(pods, pod, pod.Namespace)
	}
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	err := wait.PollUntilContextTimeout(t.Context(), 10*time.Millisecond, time.Minute, true, func(context.Context) (bool, error) { return is(), nil })
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// TestOtherEventsPass covers what the recorder lets through.
func TestOtherEventsPass(t *testing.T) {
	recorder := events.NewFakeRecorder(10)
	quiet := withoutScheduled{recorder}
	pod := st.MakePod().Name("p").Obj()
	quiet.Eventf(pod, nil, corev1.EventTypeNormal, "Scheduled", "Binding", "left out")
	quiet.WithLogger(klog.Background()).Eventf(pod, nil, corev1.EventTypeNormal, "Scheduled", "Binding", "left out")
	quiet.Eventf(pod, nil, corev1.EventTypeWarning, "Scheduled", "Binding", "a %s", "warning")
	quiet.WithLogger(klog.Background()).Eventf(pod, nil, corev1.EventTypeWarning, "FailedScheduling", "Scheduling", "does not fit")
	close(recorder.Events)
	want := []string{"Warning Scheduled a warning", "Warning FailedScheduling does not fit"}
	if diff := cmp.Diff(want, slices.Collect(channel(recorder.Events))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func channel[T any](c <-chan T) func(func(T) bool) {
	return func(yield func(T) bool) {
		for v := range c {
			if !yield(v) {
				return
			}
		}
	}
}
