// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replicaspread_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/client-go/tools/events"
	"k8s.io/kubernetes/pkg/scheduler"
	frameworkruntime "k8s.io/kubernetes/pkg/scheduler/framework/runtime"
	"k8s.io/kubernetes/pkg/scheduler/profile"
	st "k8s.io/kubernetes/pkg/scheduler/testing"

	"github.com/evenkeel/evenkeel/api/config"
	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/plugins/scheduler/replicaspread"
)

// live is a scheduler that runs, with the shipped configuration, against a
// cluster that is in memory: its informers, queue and preemption are at work.
type live struct {
	t      *testing.T
	client *fake.Clientset
}

func newLive(t *testing.T, change func(*config.ReplicaSpreadArgs), nodes ...*corev1.Node) *live {
	t.Helper()
	if err := install(); err != nil {
		t.Fatal(err)
	}
	cfg := loadShipped(t)
	for _, plugin := range cfg.Profiles[0].PluginConfig {
		if args, ok := plugin.Args.(*config.ReplicaSpreadArgs); ok {
			change(args)
		}
	}
	c := &live{t: t, client: fake.NewClientset()}
	c.client.PrependReactor("create", "pods", func(action clienttesting.Action) (bool, runtime.Object, error) {
		if action.GetSubresource() != "binding" {
			return false, nil, nil
		}
		return true, nil, c.bind(action.(clienttesting.CreateAction).GetObject().(*corev1.Binding))
	})
	for _, node := range nodes {
		c.addNode(node)
	}
	ctx := t.Context()
	broadcaster := events.NewBroadcaster(&events.EventSinkImpl{Interface: c.client.EventsV1()})
	broadcaster.StartRecordingToSink(ctx.Done())
	t.Cleanup(broadcaster.Shutdown)
	factory := scheduler.NewInformerFactory(c.client, 0, nil)
	sched, err := scheduler.New(ctx, c.client, factory, nil, profile.NewRecorderFactory(broadcaster),
		scheduler.WithProfiles(cfg.Profiles...),
		scheduler.WithPodInitialBackoffSeconds(0),
		scheduler.WithFrameworkOutOfTreeRegistry(frameworkruntime.Registry{replicaspread.Name: replicaspread.NewFactory()}),
	)
	if err != nil {
		t.Fatal(err)
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	if err := sched.WaitForHandlersSync(ctx); err != nil {
		t.Fatal(err)
	}
	go sched.Run(ctx)
	return c
}

// bind does to the pod what the API server does.
func (c *live) bind(binding *corev1.Binding) error {
	pods := schema.GroupVersionResource{Version: "v1", Resource: "pods"}
	obj, err := c.client.Tracker().Get(pods, binding.Namespace, binding.Name)
	if err != nil {
		return err
	}
	pod := obj.(*corev1.Pod).DeepCopy()
	pod.Spec.NodeName = binding.Target.Name
	return c.client.Tracker().Update(pods, pod, binding.Namespace)
}

// rackNode is a node with two CPUs in a rack.
func rackNode(name, rack string) *corev1.Node {
	return st.MakeNode().Name(name).Label(corev1.LabelHostname, name).Label(wellknown.TopologyRack, rack).
		Capacity(map[corev1.ResourceName]string{corev1.ResourceCPU: "2", corev1.ResourcePods: "10"}).Obj()
}

// cpuPod is a replica that takes some CPU.
func cpuPod(name, owner string, priority int32, cpu string, annotations map[string]string) *corev1.Pod {
	pod := st.MakePod().Namespace("shop").Name(name).UID(name).SchedulerName("evenkeel-scheduler").Priority(priority).
		Annotations(annotations).Req(map[corev1.ResourceName]string{corev1.ResourceCPU: cpu}).
		OwnerReference(owner, schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "StatefulSet"}).Obj()
	pod.OwnerReferences[0].UID = types.UID("uid of " + owner)
	return pod
}

func onNode(pod *corev1.Pod, node string) *corev1.Pod {
	pod.Spec.NodeName = node
	return pod
}

func (c *live) addNode(node *corev1.Node) {
	c.t.Helper()
	if _, err := c.client.CoreV1().Nodes().Create(c.t.Context(), node, metav1.CreateOptions{}); err != nil {
		c.t.Fatal(err)
	}
}

func (c *live) addPod(pod *corev1.Pod) {
	c.t.Helper()
	if _, err := c.client.CoreV1().Pods(pod.Namespace).Create(c.t.Context(), pod, metav1.CreateOptions{}); err != nil {
		c.t.Fatal(err)
	}
}

func (c *live) deletePod(name string) {
	c.t.Helper()
	if err := c.client.CoreV1().Pods("shop").Delete(c.t.Context(), name, metav1.DeleteOptions{}); err != nil {
		c.t.Fatal(err)
	}
}

// where returns the node of each pod that is there, or "".
func (c *live) where() map[string]string {
	c.t.Helper()
	list, err := c.client.CoreV1().Pods("shop").List(c.t.Context(), metav1.ListOptions{})
	if err != nil {
		c.t.Fatal(err)
	}
	where := map[string]string{}
	for i := range list.Items {
		where[list.Items[i].Name] = list.Items[i].Spec.NodeName
	}
	return where
}

// expect waits until the pods are where they should be.
func (c *live) expect(want map[string]string) {
	c.t.Helper()
	c.until(func() string { return cmp.Diff(want, c.where()) })
}

// expectHeld waits until a pod is held back with a message that begins so, in its
// condition.
func (c *live) expectHeld(name, message string) {
	c.t.Helper()
	c.until(func() string {
		pod, err := c.client.CoreV1().Pods("shop").Get(c.t.Context(), name, metav1.GetOptions{})
		if err != nil {
			c.t.Fatal(err)
		}
		for _, condition := range pod.Status.Conditions {
			if condition.Type == corev1.PodScheduled {
				return cmp.Diff(message, condition.Message[:min(len(message), len(condition.Message))])
			}
		}
		return "no condition"
	})
}

// expectEvent waits for an event that says so. Of several that a pod gets in a row,
// there is only the first: the others are counted as its repetition.
func (c *live) expectEvent(name, message string) {
	c.t.Helper()
	c.until(func() string {
		list, err := c.client.EventsV1().Events("shop").List(c.t.Context(), metav1.ListOptions{})
		if err != nil {
			c.t.Fatal(err)
		}
		told := ""
		for i := range list.Items {
			if e := &list.Items[i]; e.Regarding.Name == name && e.Reason == "FailedScheduling" {
				if strings.HasPrefix(e.Note, message) {
					return ""
				}
				told += e.Note + "\n"
			}
		}
		return "no such event, but:\n" + told
	})
}

// until waits until there is nothing wrong any more.
func (c *live) until(wrong func() string) {
	c.t.Helper()
	last := ""
	err := wait.PollUntilContextTimeout(c.t.Context(), 5*time.Millisecond, time.Minute, true, func(context.Context) (bool, error) {
		last = wrong()
		return last == "", nil
	})
	if err != nil {
		c.t.Fatalf("in vain for a minute (-want +got):\n%s", last)
	}
}

func asShipped(*config.ReplicaSpreadArgs) {}

// TestHeldPodIsTriedAgain goes through all that ends the wait of a pod that was
// held back.
func TestHeldPodIsTriedAgain(t *testing.T) {
	c := newLive(t, asShipped, rackNode("a", "r1"), rackNode("b", "r1"))
	one := map[string]string{wellknown.SpreadMaxPerRack: "1"}
	c.addPod(onNode(cpuPod("db-1", "db", 0, "1", one), "a"))

	c.addPod(cpuPod("db-2", "db", 0, "1", one))
	c.expectHeld("db-2", "0/2 nodes are available: 2 node(s) would exceed max-per-rack 1 of StatefulSet db.")
	c.expectEvent("db-2", "0/2 nodes are available: 2 node(s) would exceed max-per-rack 1 of StatefulSet db.")
	c.addNode(rackNode("c", "r2"))
	c.expect(map[string]string{"db-1": "a", "db-2": "c"})

	c.addPod(cpuPod("db-3", "db", 0, "1", one))
	c.expectHeld("db-3", "0/3 nodes are available: 3 node(s) would exceed max-per-rack 1 of StatefulSet db.")
	c.deletePod("db-2")
	c.expect(map[string]string{"db-1": "a", "db-3": "c"})

	c.addPod(cpuPod("db-4", "db", 0, "1", map[string]string{wellknown.SpreadMaxPerRack: "one"}))
	c.expectHeld("db-4", `0/3 nodes are available: annotation spread.evenkeel.io/max-per-rack is "one": give a count from 1, such as "2", or a number from 1 to 100 with a percent sign.`)
	c.expectEvent("db-4", `0/3 nodes are available: annotation spread.evenkeel.io/max-per-rack is "one": give a count from 1, such as "2", or a number from 1 to 100 with a percent sign.`)
	pod, err := c.client.CoreV1().Pods("shop").Get(t.Context(), "db-4", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	pod.Annotations[wellknown.SpreadMaxPerRack] = "1"
	pod.ResourceVersion = "mended"
	if _, err := c.client.CoreV1().Pods("shop").Update(t.Context(), pod, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	c.expectHeld("db-4", "0/3 nodes are available: 3 node(s) would exceed max-per-rack 1 of StatefulSet db.")

	// The empty node of the first rack moves to a third one.
	node := rackNode("b", "r3")
	if _, err := c.client.CoreV1().Nodes().Update(t.Context(), node, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	c.expect(map[string]string{"db-1": "a", "db-3": "c", "db-4": "b"})

	c.addPod(cpuPod("db-5", "db", 0, "1", one))
	c.expectHeld("db-5", "0/3 nodes are available: 3 node(s) would exceed max-per-rack 1 of StatefulSet db.")
	// A machine is lost. Its pod is not deleted yet, but stands in no rack any more;
	// its rack has no node either, until another one takes the place.
	if err := c.client.CoreV1().Nodes().Delete(t.Context(), "c", metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
		t.Fatal(err)
	}
	c.addNode(rackNode("d", "r2"))
	c.expect(map[string]string{"db-1": "a", "db-3": "c", "db-4": "b", "db-5": "d"})
}

// TestPercentageIsOfAllThatExist has replicas that wait: they count.
func TestPercentageIsOfAllThatExist(t *testing.T) {
	c := newLive(t, asShipped)
	half := map[string]string{wellknown.SpreadMaxPerRack: "50%"}
	for _, name := range []string{"db-1", "db-2", "db-3", "db-4", "db-5"} {
		c.addPod(cpuPod(name, "db", 0, "100m", half))
	}
	c.expectHeld("db-5", "no nodes available to schedule pods")
	c.addNode(rackNode("a", "r1"))
	c.until(func() string {
		n := 0
		for _, node := range c.where() {
			if node == "a" {
				n++
			}
		}
		return cmp.Diff(3, n)
	})
	for name, node := range c.where() {
		if node == "" {
			c.expectHeld(name, "0/1 nodes are available: 1 node(s) would exceed max-per-rack 50 percent (3 of 5 replicas) of StatefulSet db.")
		}
	}
}

// TestPreemptionMakesRoomWithinTheCap has two full nodes. On the second one the
// cheaper victim runs, and it would be taken without the cap.
func TestPreemptionMakesRoomWithinTheCap(t *testing.T) {
	for name, tc := range map[string]struct {
		annotations map[string]string
		want        map[string]string
	}{
		"without a cap": {want: map[string]string{"web-1": "b", "web-2": "b", "dear": "a"}},
		"with a cap": {
			annotations: map[string]string{wellknown.SpreadMaxPerRack: "1"},
			want:        map[string]string{"web-1": "b", "web-2": "a", "cheap": "b"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newLive(t, asShipped, rackNode("a", "r1"), rackNode("b", "r2"))
			c.addPod(onNode(cpuPod("dear", "batch", 5, "2", nil), "a"))
			c.addPod(onNode(cpuPod("cheap", "batch", 1, "1", nil), "b"))
			c.addPod(onNode(cpuPod("web-1", "web", 100, "1", tc.annotations), "b"))
			c.until(func() string { return cmp.Diff(3, len(c.where())) })
			c.addPod(cpuPod("web-2", "web", 100, "1", tc.annotations))
			c.expect(tc.want)
		})
	}
}

// TestPreemptionOfAReplica has a replica of lower priority in the only rack: it has
// to go, and nobody else.
func TestPreemptionOfAReplica(t *testing.T) {
	c := newLive(t, func(args *config.ReplicaSpreadArgs) { args.WorkloadKeys = []string{"service"} }, rackNode("a", "r1"), rackNode("b", "r1"))
	one := map[string]string{wellknown.SpreadMaxPerRack: "1"}
	of := func(service string, pod *corev1.Pod) *corev1.Pod {
		pod.Labels = map[string]string{"service": service}
		return pod
	}
	c.addPod(onNode(of("search", cpuPod("search-1", "batch", 1, "1", nil)), "a"))
	c.addPod(onNode(of("web", cpuPod("web-1", "blue", 1, "1", one)), "b"))
	c.until(func() string { return cmp.Diff(2, len(c.where())) })
	c.addPod(of("web", cpuPod("web-2", "green", 100, "1", one)))
	c.expect(map[string]string{"search-1": "a", "web-2": "b"})
}
