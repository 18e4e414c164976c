// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package guardedpodtopologyspread_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/client-go/tools/events"
	"k8s.io/kubernetes/pkg/scheduler"
	schedulerconfig "k8s.io/kubernetes/pkg/scheduler/apis/config"
	schedulerscheme "k8s.io/kubernetes/pkg/scheduler/apis/config/scheme"
	frameworkruntime "k8s.io/kubernetes/pkg/scheduler/framework/runtime"
	"k8s.io/kubernetes/pkg/scheduler/profile"
	st "k8s.io/kubernetes/pkg/scheduler/testing"
	"k8s.io/utils/ptr"

	configscheme "github.com/evenkeel/evenkeel/api/config/scheme"
	"github.com/evenkeel/evenkeel/plugins/scheduler/guardedpodtopologyspread"
	"github.com/evenkeel/evenkeel/plugins/scheduler/podindex"
)

// install does once what a main does first.
var install = sync.OnceValue(configscheme.Install)

// The plugin in the place of the in-tree one.
const profileText = `
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
- schedulerName: default-scheduler
  plugins:
    multiPoint:
      disabled:
      - name: PodTopologySpread
      enabled:
      - name: GuardedPodTopologySpread
        weight: 2
`

// TestRejectedPodIsScheduledWhenTheBlockerIsGone runs a whole scheduler. A placed
// pod is in the only zone, so that the incoming one, which asks for two, must wait. Its
// deletion is an event that this plugin's queueing hints must know, under this
// plugin's name: otherwise the pod would wait for five minutes.
func TestRejectedPodIsScheduledWhenTheBlockerIsGone(t *testing.T) {
	if err := install(); err != nil {
		t.Fatal(err)
	}
	obj, _, err := schedulerscheme.Codecs.UniversalDecoder().Decode([]byte(profileText), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	cfg := obj.(*schedulerconfig.KubeSchedulerConfiguration)

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	blocker := st.MakePod().Namespace("shop").Name("blocker").UID("blocker").Label("app", "web").Node("n").Obj()
	node := st.MakeNode().Name("n").Label(corev1.LabelTopologyZone, "z").Capacity(map[corev1.ResourceName]string{corev1.ResourcePods: "10"}).Obj()
	client := fake.NewClientset(node, blocker)
	bound := make(chan string, 10)
	client.PrependReactor("create", "pods", func(action clienttesting.Action) (bool, runtime.Object, error) {
		if action.GetSubresource() != "binding" {
			return false, nil, nil
		}
		binding := action.(clienttesting.CreateAction).GetObject().(*corev1.Binding)
		bound <- binding.Name
		return true, binding, nil
	})
	broadcaster := events.NewBroadcaster(&events.EventSinkImpl{Interface: client.EventsV1()})
	defer broadcaster.Shutdown()
	factory := informers.NewSharedInformerFactory(client, 0)
	sched, err := scheduler.New(ctx, client, factory, nil, profile.NewRecorderFactory(broadcaster),
		scheduler.WithProfiles(cfg.Profiles...),
		scheduler.WithPodInitialBackoffSeconds(0),
		scheduler.WithPodMaxBackoffSeconds(0),
		scheduler.WithFrameworkOutOfTreeRegistry(frameworkruntime.Registry{guardedpodtopologyspread.Name: guardedpodtopologyspread.NewFactory(&podindex.Indexes{})}),
	)
	if err != nil {
		t.Fatal(err)
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	if err := sched.WaitForHandlersSync(ctx); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); sched.Run(ctx) }()
	defer func() { cancel(); <-done }()

	for _, app := range []string{"web", "db"} {
		pod := st.MakePod().Namespace("shop").Name(app).UID(app).Label("app", app).Container("image").SchedulerName("default-scheduler").Obj()
		pod.Spec.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{{
			MaxSkew: 1, MinDomains: ptr.To[int32](2), TopologyKey: corev1.LabelTopologyZone, WhenUnsatisfiable: corev1.DoNotSchedule,
			LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": app}},
		}}
		if _, err := client.CoreV1().Pods("shop").Create(ctx, pod, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(want string) {
		t.Helper()
		select {
		case got := <-bound:
			if got != want {
				t.Fatalf("%s was bound, want %s", got, want)
			}
		case <-time.After(30 * time.Second):
			t.Fatalf("%s was not bound", want)
		}
	}
	expect("db") // It is the first of its kind.
	var message string
	err = wait.PollUntilContextTimeout(ctx, 10*time.Millisecond, 30*time.Second, true, func(ctx context.Context) (bool, error) {
		web, err := client.CoreV1().Pods("shop").Get(ctx, "web", metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		for _, condition := range web.Status.Conditions {
			message = condition.Message
		}
		return message != "", nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := "0/1 nodes are available: 1 node(s) didn't match pod topology spread constraints"; !strings.HasPrefix(message, want) {
		t.Errorf("got %q, want %q", message, want)
	}
	if err := client.CoreV1().Pods("shop").Delete(ctx, "blocker", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	expect("web")
}
