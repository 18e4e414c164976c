// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package events_test runs evenkeel-scheduler against a real API server and looks at
// what it writes there for each pod that it places, with and without Events of
// reason Scheduled.
//
//	go test ./test/integration/events -v                                    # what is promised
//	go test ./test/integration/events -v -args -pods 3000 -repeats 3        # what it costs
package events_test

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel/evenkeel/internal/controlplane"
	"github.com/evenkeel/evenkeel/internal/controlplane/binaries"
	"github.com/evenkeel/evenkeel/manifests"
	"github.com/evenkeel/evenkeel/test/integration/program"
)

var (
	pods    = flag.Int("pods", 150, "number of pods to place in each run")
	repeats = flag.Int("repeats", 1, "number of runs with Events, and of runs without")
)

// nodes have room for all pods of all runs.
const nodes = 200

func TestScheduledEventsAreWrittenIfWanted(t *testing.T) {
	cp, err := controlplane.Start(t.Context(), controlplane.Options{
		WithoutControllerManager: true, WithoutKwok: true, Progress: func(line string) { t.Log(line) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cp.Stop(); err != nil {
			t.Error(err)
		}
	})
	config := rest.CopyConfig(cp.Config())
	config.QPS = -1
	client := kubernetes.NewForConfigOrDie(config)
	for i := range nodes {
		create(t, client, node(i))
	}
	bench := bench{client: client, program: build(t), config: configuration(t, cp)}
	for repeat := range *repeats {
		for _, scheduled := range []bool{true, false} {
			name := fmt.Sprintf("scheduled-events-%t-%d", scheduled, repeat)
			t.Run(name, func(t *testing.T) {
				u := bench.run(t, name, "--scheduled-events="+strconv.FormatBool(scheduled))
				t.Logf("%d pods: %.2f requests and %.2f Events of reason Scheduled for each; CPU per pod, the start of the scheduler included: %.0f µs in kube-apiserver, %.0f µs in evenkeel-scheduler",
					*pods, u.posts/float64(*pods), float64(u.events["Scheduled"])/float64(*pods), 1e6*u.apiServer/float64(*pods), 1e6*u.scheduler/float64(*pods))
				if u.events["FailedScheduling"] != 1 {
					t.Errorf("Events: %v, want one of the pod that does not fit", u.events)
				}
				// Beyond its 1,000 places, the queue of Events drops them.
				if got := u.events["Scheduled"]; scheduled && got < min(*pods, 1000) || !scheduled && got > 0 {
					t.Errorf("%d Events of reason Scheduled were written for %d pods", got, *pods)
				}
			})
		}
	}
}

// build builds the program from the sources of the test.
func build(t *testing.T) string {
	t.Helper()
	root, err := binaries.FindRoot()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "evenkeel-scheduler")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", path, "./cmd/evenkeel-scheduler")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building evenkeel-scheduler: %v\n%s", err, out)
	}
	return path
}

// configuration is the shipped one for the only scheduler of a cluster.
func configuration(t *testing.T, cp *controlplane.ControlPlane) string {
	t.Helper()
	user, err := cp.AddUser("system:kube-scheduler")
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := yaml.Unmarshal(manifests.SchedulerConfiguration, &fields); err != nil {
		t.Fatal(err)
	}
	fields["leaderElection"] = map[string]any{"leaderElect": false}
	connection, _ := fields["clientConnection"].(map[string]any)
	profiles, _ := fields["profiles"].([]any)
	profile, _ := profiles[0].(map[string]any)
	connection["kubeconfig"], profile["schedulerName"] = user.Kubeconfig, corev1.DefaultSchedulerName
	text, err := yaml.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

type bench struct {
	client          kubernetes.Interface
	program, config string
}

// usage is what a run took: requests, and seconds of CPU.
type usage struct {
	// events are the Events in the end, by reason.
	events                      map[string]int
	posts, apiServer, scheduler float64
}

// run creates pods, one of which does not fit, and lets a scheduler place them. The
// pods are there before the scheduler is, so that what is measured is its work.
func (b *bench) run(t *testing.T, namespace string, flags ...string) usage {
	ctx := t.Context()
	create(t, b.client, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}})
	create(t, b.client, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "default"}})
	for i := range *pods {
		create(t, b.client, pod(namespace, fmt.Sprintf("pod-%05d", i), "10m"))
	}
	create(t, b.client, pod(namespace, "too-large", "1k"))
	before := b.counters(t)
	p := program.Start(t, b.program, append([]string{"--config", b.config, "--secure-port=0"}, flags...)...)
	eventually(t, "the pods are bound", func(ctx context.Context) bool {
		waiting, err := b.client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{FieldSelector: "spec.nodeName="})
		return err == nil && len(waiting.Items) == 1
	})
	// Events come later; they are all there when no more come for a while after the
	// one that is written last.
	u := usage{}
	last := -1
	eventually(t, "the Events are written", func(ctx context.Context) bool {
		list, err := b.client.EventsV1().Events(namespace).List(ctx, metav1.ListOptions{ResourceVersion: "0"})
		if err != nil {
			return false
		}
		u.events = map[string]int{}
		for i := range list.Items {
			u.events[list.Items[i].Reason]++
		}
		settled := len(list.Items) == last && u.events["FailedScheduling"] > 0
		last = len(list.Items)
		return settled
	})
	after := b.counters(t)
	u.posts, u.apiServer = after.posts-before.posts, after.cpu-before.cpu
	if err := p.Cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	p.ExitCode(t)
	u.scheduler = (p.Cmd.ProcessState.UserTime() + p.Cmd.ProcessState.SystemTime()).Seconds()
	if err := b.client.CoreV1().Pods(namespace).Delete(ctx, "too-large", *metav1.NewDeleteOptions(0)); err != nil {
		t.Fatal(err)
	}
	return u
}

// counters are those of the API server since its start.
type counters struct{ posts, cpu float64 }

// counters reads the requests that write Events and Bindings, and the CPU time.
func (b *bench) counters(t *testing.T) counters {
	t.Helper()
	text, err := b.client.Discovery().RESTClient().Get().AbsPath("/metrics").DoRaw(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var c counters
	for scanner := bufio.NewScanner(bytes.NewReader(text)); scanner.Scan(); {
		line := scanner.Text()
		name, value, _ := strings.Cut(line, " ")
		labels := name
		if at := strings.LastIndex(line, "} "); at >= 0 {
			labels, value = line[:at], line[at+2:]
		}
		number, err := strconv.ParseFloat(value, 64)
		switch {
		case err != nil:
		case labels == "process_cpu_seconds_total":
			c.cpu = number
		case strings.HasPrefix(labels, "apiserver_request_total{") && strings.Contains(labels, `verb="POST"`) &&
			(strings.Contains(labels, `resource="events"`) || strings.Contains(labels, `subresource="binding"`)):
			c.posts += number
		}
	}
	return c
}

func node(i int) *corev1.Node {
	name := fmt.Sprintf("node-%03d", i)
	room := corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("64"), corev1.ResourceMemory: resource.MustParse("256Gi"), corev1.ResourcePods: resource.MustParse("500"),
	}
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{
			corev1.LabelHostname: name, corev1.LabelTopologyZone: fmt.Sprint("zone-", i%3), "topology.evenkeel.io/rack": fmt.Sprint("rack-", i/10),
		}},
		Status: corev1.NodeStatus{Capacity: room, Allocatable: room, Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}},
	}
}

func pod(namespace, name, cpu string) *corev1.Pod {
	mount := false
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: corev1.PodSpec{
			AutomountServiceAccountToken: &mount,
			// The API server gives new nodes the taint of those that are not ready, and
			// there is no controller to take it away.
			Tolerations: []corev1.Toleration{{Operator: corev1.TolerationOpExists}},
			Containers: []corev1.Container{{
				Name: "app", Image: "registry.example.com/app:1",
				Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu)}},
			}},
		},
	}
}

func create(t *testing.T, client kubernetes.Interface, object any) {
	t.Helper()
	var err error
	switch o := object.(type) {
	case *corev1.Namespace:
		_, err = client.CoreV1().Namespaces().Create(t.Context(), o, metav1.CreateOptions{})
	case *corev1.ServiceAccount:
		_, err = client.CoreV1().ServiceAccounts(o.Namespace).Create(t.Context(), o, metav1.CreateOptions{})
	case *corev1.Node:
		_, err = client.CoreV1().Nodes().Create(t.Context(), o, metav1.CreateOptions{})
	case *corev1.Pod:
		_, err = client.CoreV1().Pods(o.Namespace).Create(t.Context(), o, metav1.CreateOptions{})
	default:
		err = fmt.Errorf("%T is no kind that this test creates", object)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func eventually(t *testing.T, what string, is func(context.Context) bool) {
	t.Helper()
	err := wait.PollUntilContextTimeout(t.Context(), 300*time.Millisecond, program.Patience, true, func(ctx context.Context) (bool, error) { return is(ctx), nil })
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}
