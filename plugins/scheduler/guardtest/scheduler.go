// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package guardtest

import (
	"context"
	"fmt"
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

	configscheme "github.com/evenkeel/evenkeel/api/config/scheme"
)

// install does once what a main does first.
var install = sync.OnceValue(configscheme.Install)

// The guarded plugin in the place of the in-tree one.
const profileText = `
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
- schedulerName: default-scheduler
  plugins:
    multiPoint:
      disabled:
      - name: %s
      enabled:
      - name: %s
        weight: 2
`

// Blocked is a pod, web, that the guarded plugin rejects as long as another one is
// placed.
type Blocked struct {
	Plugins
	// Blocker runs on the only node, n, which is in a zone and has a host name.
	Blocker *corev1.Pod
	// Constrain, if there is one, changes web, and a pod db that the blocker leaves alone.
	Constrain func(pod *corev1.Pod)
	// Message is how the rejection begins.
	Message string
}

// IsScheduledWhenTheBlockerIsGone runs a whole scheduler. The deletion of the blocker
// is an event that the plugin's queueing hints must know, under its own name:
// otherwise the pod would wait for five minutes.
func (b Blocked) IsScheduledWhenTheBlockerIsGone(t *testing.T) {
	Must(t, install())
	obj, _, err := schedulerscheme.Codecs.UniversalDecoder().Decode(fmt.Appendf(nil, profileText, b.InTree, b.Guarded), nil, nil)
	Must(t, err)
	cfg := obj.(*schedulerconfig.KubeSchedulerConfiguration)

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	node := st.MakeNode().Name("n").Label(corev1.LabelHostname, "n").Label(corev1.LabelTopologyZone, "z").
		Capacity(map[corev1.ResourceName]string{corev1.ResourcePods: "10"}).Obj()
	client := fake.NewClientset(node, b.Blocker)
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
		scheduler.WithFrameworkOutOfTreeRegistry(frameworkruntime.Registry{b.Guarded: b.NewGuarded}),
	)
	Must(t, err)
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	Must(t, sched.WaitForHandlersSync(ctx))
	done := make(chan struct{})
	go func() { defer close(done); sched.Run(ctx) }()
	defer func() { cancel(); <-done }()

	pods := client.CoreV1().Pods(b.Blocker.Namespace)
	for _, app := range []string{"web", "db"} {
		pod := st.MakePod().Namespace(b.Blocker.Namespace).Name(app).UID(app).Label("app", app).Container("image").SchedulerName("default-scheduler").Obj()
		if b.Constrain != nil {
			b.Constrain(pod)
		}
		_, err := pods.Create(ctx, pod, metav1.CreateOptions{})
		Must(t, err)
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
	expect("db")
	var message string
	Must(t, wait.PollUntilContextTimeout(ctx, 10*time.Millisecond, 30*time.Second, true, func(ctx context.Context) (bool, error) {
		web, err := pods.Get(ctx, "web", metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		for _, condition := range web.Status.Conditions {
			message = condition.Message
		}
		return message != "", nil
	}))
	if !strings.HasPrefix(message, b.Message) {
		t.Errorf("got %q, want %q", message, b.Message)
	}
	Must(t, pods.Delete(ctx, b.Blocker.Name, metav1.DeleteOptions{}))
	expect("web")
}
