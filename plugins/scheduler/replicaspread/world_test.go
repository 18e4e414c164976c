// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replicaspread_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/events"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/cmd/kube-scheduler/app/options"
	"k8s.io/kubernetes/pkg/scheduler"
	schedulerconfig "k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	frameworkruntime "k8s.io/kubernetes/pkg/scheduler/framework/runtime"
	"k8s.io/kubernetes/pkg/scheduler/profile"
	st "k8s.io/kubernetes/pkg/scheduler/testing"

	configscheme "github.com/evenkeel/evenkeel/api/config/scheme"
	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/plugins/scheduler/replicaspread"
)

// install does once what a main does first.
var install = sync.OnceValue(configscheme.Install)

const shippedConfig = "../../../manifests/base/scheduler/config.yaml"

// world is a scheduler with nodes and pods but without an API server: its cache
// is filled by hand, and bindings are caught on their way out. A pod that was
// placed stays assumed, as between placement and the watch event of its
// binding, until `bound` is called or something happens to it.
//
// The commands of a story:
//
//	datacentre zones=Z racks=R hosts=H     Z*R*H labelled nodes, named zA-rB-hC
//	node NAME [zone=] [rack=] [host=]      one node; a label left out is absent
//	relabel NAME [zone=] [rack=] [host=]   the same for a node that exists
//	remove NAME                            the node is deleted, and its pods
//	deployment NAME REVISION N [OPTIONS]   N more replicas of a revision are placed
//	statefulset NAME N [OPTIONS]           N more replicas are placed
//	daemonset NAME N, job NAME N, bare NAME N
//	terminate POD                          the pod is shutting down
//	delete POD                             the pod is gone
//	bound                                  all bindings so far are confirmed
//	rollout NAME FROM TO surge=N           N new, N old shut down; until all are new
//	scaledown NAME N                       the newest N replicas are deleted
//	lose rack=R                            all nodes of a rack are lost, and their pods replaced
//	restore rack=R                         they come back, empty
//	drain NODE                             cordoned, and its pods evicted and replaced
//	uncordon NODE                          takes pods again
//	retry NAME                             what was held back is tried again
//	show NAME                              how the replicas of a name are spread
//
// OPTIONS are quiet, which leaves out the line per pod, anti-affinity=KEY or
// constraint=KEY, which the pods then declare against themselves, and
// max-per-LEVEL=CAP, which is an annotation of theirs.
type world struct {
	ctx    context.Context
	sched  *scheduler.Scheduler
	bound  chan *corev1.Binding
	failed chan error

	nodes map[string]*corev1.Node
	pods  map[string]*corev1.Pod
	// assumed are the pods whose binding was not confirmed yet.
	assumed map[string]bool
	// serial numbers the replicas of each owner.
	serial map[string]int
	// held are the pods that were held back, in order, and lost the nodes that may
	// come back.
	held []*corev1.Pod
	lost map[string]*corev1.Node
	// api holds the pods that the API server has, placed or not.
	api cache.Store
}

// loadShipped reads the shipped configuration, with the in-tree plugins in the
// place of those that guard them: a plugin's tests know no other of ours.
func loadShipped(tb testing.TB) *schedulerconfig.KubeSchedulerConfiguration {
	tb.Helper()
	text, err := os.ReadFile(shippedConfig)
	if err != nil {
		tb.Fatal(err)
	}
	file := filepath.Join(tb.TempDir(), "config.yaml")
	text = bytes.ReplaceAll(text, []byte("- name: GuardedInterPodAffinity\n"), []byte("- name: InterPodAffinity\n"))
	text = bytes.ReplaceAll(text, []byte("- name: GuardedPodTopologySpread\n"), []byte("- name: PodTopologySpread\n"))
	if err := os.WriteFile(file, text, 0o600); err != nil {
		tb.Fatal(err)
	}
	cfg, err := options.LoadConfigFromFile(klog.Background(), file)
	if err != nil {
		tb.Fatal(err)
	}
	return cfg
}

func newWorld(ctx context.Context, tb testing.TB) *world {
	tb.Helper()
	if err := install(); err != nil {
		tb.Fatal(err)
	}
	cfg := loadShipped(tb)
	w := &world{
		ctx:     ctx,
		bound:   make(chan *corev1.Binding, 1),
		failed:  make(chan error, 1),
		nodes:   map[string]*corev1.Node{},
		pods:    map[string]*corev1.Pod{},
		assumed: map[string]bool{},
		serial:  map[string]int{},
		lost:    map[string]*corev1.Node{},
	}
	client := fake.NewClientset()
	client.PrependReactor("create", "pods", func(action clienttesting.Action) (bool, runtime.Object, error) {
		if action.GetSubresource() != "binding" {
			return false, nil, nil
		}
		binding := action.(clienttesting.CreateAction).GetObject().(*corev1.Binding)
		w.bound <- binding
		return true, binding, nil
	})
	broadcaster := events.NewBroadcaster(&events.EventSinkImpl{Interface: client.EventsV1()})
	tb.Cleanup(broadcaster.Shutdown)
	factory := informers.NewSharedInformerFactory(client, 0)
	w.api = factory.Core().V1().Pods().Informer().GetStore()
	var err error
	w.sched, err = scheduler.New(ctx, client, factory, nil,
		profile.NewRecorderFactory(broadcaster),
		scheduler.WithProfiles(cfg.Profiles...),
		scheduler.WithPercentageOfNodesToScore(cfg.PercentageOfNodesToScore),
		// With more, the order of the candidates varies, and with it who wins a
		// tie among pods that are not spread.
		scheduler.WithParallelism(1),
		scheduler.WithFrameworkOutOfTreeRegistry(frameworkruntime.Registry{replicaspread.Name: replicaspread.NewFactory()}),
	)
	if err != nil {
		tb.Fatal(err)
	}
	w.sched.FailureHandler = func(_ context.Context, _ framework.Framework, info *framework.QueuedPodInfo, status *fwk.Status, _ *fwk.NominatingInfo, _ time.Time) {
		w.sched.SchedulingQueue.Done(info.Pod.UID) // Nothing requeues it but `+"`retry`"+`.
		w.failed <- status.AsError()
	}
	return w
}

func (w *world) logger() klog.Logger { return klog.FromContext(w.ctx) }

// do runs one command and returns what it has to tell.
func (w *world) do(words []string) ([]string, error) {
	verb, args, opts := words[0], []string{}, map[string]string{}
	for _, word := range words[1:] {
		if key, value, ok := strings.Cut(word, "="); ok {
			opts[key] = value
		} else {
			args = append(args, word)
		}
	}
	want := map[string]int{"datacentre": 0, "node": 1, "relabel": 1, "remove": 1, "deployment": 3, "statefulset": 2, "daemonset": 2,
		"job": 2, "bare": 2, "terminate": 1, "delete": 1, "bound": 0, "rollout": 3, "show": 1,
		"scaledown": 2, "lose": 0, "restore": 0, "drain": 1, "uncordon": 1, "retry": 1}
	quiet := len(args) > 0 && args[len(args)-1] == "quiet"
	if quiet {
		args = args[:len(args)-1]
	}
	if n, ok := want[verb]; !ok || n != len(args) {
		return nil, fmt.Errorf("no such command, or it takes %d arguments, not %d", n, len(args))
	}
	var told []string
	var err error
	switch verb {
	case "datacentre":
		err = w.datacentre(opts)
	case "node", "relabel":
		w.setNode(args[0], opts)
	case "remove":
		err = w.removeNode(args[0])
	case "deployment":
		told, err = w.place("ReplicaSet", args[0], args[1], args[2], opts)
	case "statefulset":
		told, err = w.place("StatefulSet", args[0], "", args[1], opts)
	case "daemonset":
		told, err = w.place("DaemonSet", args[0], "", args[1], opts)
	case "job":
		told, err = w.place("Job", args[0], "", args[1], opts)
	case "bare":
		told, err = w.place("", args[0], "", args[1], opts)
	case "terminate":
		err = w.terminate(args[0])
	case "delete":
		err = w.deletePod(args[0])
	case "bound":
		err = w.confirmAll()
	case "rollout":
		told, err = w.rollout(args[0], args[1], args[2], opts)
	case "scaledown":
		err = w.scaleDown(args[0], args[1])
	case "lose":
		told, err = w.lose(opts)
	case "restore":
		err = w.restore(opts)
	case "drain":
		told, err = w.drain(args[0])
	case "uncordon":
		err = w.cordon(args[0], false)
	case "retry":
		told, err = w.retry(args[0])
	case "show":
		return w.show(args[0]), nil
	}
	if quiet {
		told = nil
	}
	return told, err
}

func (w *world) datacentre(opts map[string]string) error {
	size := map[string]int{}
	for _, key := range []string{"zones", "racks", "hosts"} {
		n, err := strconv.Atoi(opts[key])
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		size[key] = n
	}
	for z := range size["zones"] {
		for r := range size["racks"] {
			for h := range size["hosts"] {
				zone, rack := fmt.Sprintf("z%d", z+1), fmt.Sprintf("z%d-r%d", z+1, r+1)
				host := fmt.Sprintf("%s-h%d", rack, h+1)
				w.setNode(host, map[string]string{"zone": zone, "rack": rack, "host": host})
			}
		}
	}
	return nil
}

func (w *world) setNode(name string, opts map[string]string) {
	node := st.MakeNode().Name(name).Label(corev1.LabelHostname, name).
		Capacity(map[corev1.ResourceName]string{corev1.ResourceCPU: "64", corev1.ResourceMemory: "256Gi", corev1.ResourcePods: "110"}).Obj()
	for opt, label := range map[string]string{"zone": wellknown.TopologyZone, "rack": wellknown.TopologyRack, "host": wellknown.TopologyHost} {
		if opts[opt] != "" {
			node.Labels[label] = opts[opt]
		}
	}
	if old := w.nodes[name]; old != nil {
		w.sched.Cache.UpdateNode(w.logger(), old, node)
	} else {
		w.sched.Cache.AddNode(w.logger(), node)
	}
	w.nodes[name] = node
}

// removeNode deletes a node and then its pods, in the order in which the watch
// events come when a machine is lost: the node first.
func (w *world) removeNode(name string) error {
	if w.nodes[name] == nil {
		return fmt.Errorf("no node %s", name)
	}
	if err := w.sched.Cache.RemoveNode(w.logger(), w.nodes[name]); err != nil {
		return err
	}
	delete(w.nodes, name)
	for _, pod := range w.pods {
		if pod.Spec.NodeName == name {
			if err := w.deletePod(pod.Name); err != nil {
				return err
			}
		}
	}
	return nil
}
