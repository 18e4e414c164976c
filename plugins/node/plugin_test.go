// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/containerd/nri/pkg/adaptation"
	"github.com/containerd/nri/pkg/api"
	"github.com/containerd/nri/pkg/stub"
	"go.uber.org/goleak"

	"github.com/evenkeel/evenkeel/plugins/node"
)

func TestCreatedContainersGetTheirLimits(t *testing.T) {
	socket := socketPath(t)
	r := startRuntime(t, "containerd", socket, &containerRuntime{})
	d := startDaemon(t, socket, "{default: 256, ceiling: 4096}", false)
	d.waitReady(t, r)
	pod := newPod("checkout", `{"app":2048,"proxy":128,"batch":16384,"bad":-1}`)
	for container, want := range map[string]int64{"app": 2048, "proxy": 128, "batch": 4096, "bad": 256, "debugger": 256} {
		got, err := r.create(t, pod, newContainer(pod, container, 0))
		if err != nil || got != want {
			t.Errorf("container %s: limit %d, error %v, want %d", container, got, err, want)
		}
	}
	wantSamples(t, d.containers, "evenkeel_node_container_pids_wanted", map[string]float64{
		"container=app,namespace=shop,pod=checkout,reason=Annotation":         2048,
		"container=proxy,namespace=shop,pod=checkout,reason=Annotation":       128,
		"container=batch,namespace=shop,pod=checkout,reason=LoweredToCeiling": 16384,
		"container=bad,namespace=shop,pod=checkout,reason=InvalidAnnotation":  256,
		"container=debugger,namespace=shop,pod=checkout,reason=Default":       256,
	})
	wantSamples(t, d.containers, "evenkeel_node_container_pids_effective", map[string]float64{
		"container=app,namespace=shop,pod=checkout":      2048,
		"container=proxy,namespace=shop,pod=checkout":    128,
		"container=batch,namespace=shop,pod=checkout":    4096,
		"container=bad,namespace=shop,pod=checkout":      256,
		"container=debugger,namespace=shop,pod=checkout": 256,
	})
	wantSamples(t, d.metrics, "evenkeel_node_pids_containers", map[string]float64{"state=as_wanted": 4, "state=differs": 1, "state=missing": 0, "state=unlimited": 0})
	// One line for each container whose limit is not the wanted one, or whose
	// annotation is wrong; none for the others.
	log := d.log.GetBuffer().String()
	for container, want := range map[string]int{"app": 0, "proxy": 0, "batch": 1, "bad": 1, "debugger": 0} {
		if got := strings.Count(log, `container="`+container+`"`); got != want {
			t.Errorf("the log speaks %d times of container %s, want %d:\n%s", got, container, want, log)
		}
	}

	// Another instance of the container takes its place, and both go.
	again := newContainer(pod, "app", 0)
	again.Id = "second"
	if _, err := r.create(t, pod, again); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"id-checkout-app", "second", "id-checkout-proxy"} {
		if _, err := r.StopContainer(t.Context(), &api.StopContainerRequest{Pod: pod, Container: &api.Container{Id: id}}); err != nil {
			t.Fatal(err)
		}
	}
	if got := len(samples(t, d.containers, "evenkeel_node_container_pids_effective")); got != 3 {
		t.Errorf("%d containers are told of after two of five have stopped", got)
	}
}

func TestRunningContainersAreSynchronised(t *testing.T) {
	labels := func(container, reason string) string {
		return "container=" + container + ",namespace=shop,pod=checkout,reason=" + reason
	}
	inf := math.Inf(1)
	tests := map[string]struct {
		runtime string
		cgroup2 bool
		config  string
		refuse  error
		// wantSent holds the limits by container that the runtime is asked to set.
		wantSent   map[string]int64
		wantUnited string
		wantWanted map[string]float64
		wantState  map[string]float64
		wantCount  map[string]float64
	}{
		"containerd on cgroup v2": {
			runtime: "containerd", cgroup2: true, config: "{default: 256}",
			wantSent: map[string]int64{"id-checkout-app": 2048}, wantUnited: "2048",
			wantWanted: map[string]float64{labels("app", "Annotation"): 2048, labels("proxy", "Annotation"): 128, labels("debugger", "StartedWithout"): 256},
			wantState:  map[string]float64{"state=as_wanted": 2, "state=differs": 0, "state=missing": 1, "state=unlimited": 0},
			wantCount:  map[string]float64{"result=changed": 1, "result=failed": 0, "result=cannot": 0, "result=left": 1},
		},
		"containerd on cgroup v1": {
			runtime: "containerd", config: "{}",
			wantWanted: map[string]float64{labels("app", "RuntimeCannotUpdate"): 2048, labels("proxy", "Annotation"): 128, labels("debugger", "None"): inf},
			wantState:  map[string]float64{"state=as_wanted": 1, "state=differs": 0, "state=missing": 1, "state=unlimited": 1},
			wantCount:  map[string]float64{"result=changed": 0, "result=failed": 0, "result=cannot": 1, "result=left": 0},
		},
		"CRI-O on cgroup v1": {
			runtime: "cri-o", config: "{}",
			wantSent:   map[string]int64{"id-checkout-app": 2048},
			wantWanted: map[string]float64{labels("app", "Annotation"): 2048, labels("proxy", "Annotation"): 128, labels("debugger", "None"): inf},
			wantState:  map[string]float64{"state=as_wanted": 2, "state=differs": 0, "state=missing": 0, "state=unlimited": 1},
			wantCount:  map[string]float64{"result=changed": 1, "result=failed": 0, "result=cannot": 0, "result=left": 0},
		},
		"a number above the ceiling": {
			runtime: "containerd", cgroup2: true, config: "{ceiling: 1024}",
			wantSent: map[string]int64{"id-checkout-app": 1024}, wantUnited: "1024",
			wantWanted: map[string]float64{labels("app", "LoweredToCeiling"): 2048, labels("proxy", "Annotation"): 128, labels("debugger", "None"): inf},
			wantState:  map[string]float64{"state=as_wanted": 1, "state=differs": 1, "state=missing": 0, "state=unlimited": 1},
			wantCount:  map[string]float64{"result=changed": 1, "result=failed": 0, "result=cannot": 0, "result=left": 0},
		},
		"the runtime refuses": {
			runtime: "containerd", cgroup2: true, config: "{}", refuse: errors.New("busy"),
			wantWanted: map[string]float64{labels("app", "UpdateFailed"): 2048, labels("proxy", "Annotation"): 128, labels("debugger", "None"): inf},
			wantState:  map[string]float64{"state=as_wanted": 1, "state=differs": 0, "state=missing": 1, "state=unlimited": 1},
			wantCount:  map[string]float64{"result=changed": 0, "result=failed": 1, "result=cannot": 0, "result=left": 0},
		},
		"running: Report": {
			runtime: "containerd", cgroup2: true, config: "{running: Report}",
			wantWanted: map[string]float64{labels("app", "StartedWithout"): 2048, labels("proxy", "Annotation"): 128, labels("debugger", "None"): inf},
			wantState:  map[string]float64{"state=as_wanted": 1, "state=differs": 0, "state=missing": 1, "state=unlimited": 1},
			wantCount:  map[string]float64{"result=changed": 0, "result=failed": 0, "result=cannot": 0, "result=left": 1},
		},
		"mode: Observe": {
			runtime: "containerd", cgroup2: true, config: "{mode: Observe}",
			wantWanted: map[string]float64{labels("app", "Observe"): 2048, labels("proxy", "Observe"): 128, labels("debugger", "None"): inf},
			wantState:  map[string]float64{"state=as_wanted": 1, "state=differs": 0, "state=missing": 1, "state=unlimited": 1},
			wantCount:  map[string]float64{"result=changed": 0, "result=failed": 0, "result=cannot": 0, "result=left": 0},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			socket := socketPath(t)
			pod := newPod("checkout", `{"app":2048,"proxy":128}`)
			r := startRuntime(t, tc.runtime, socket, &containerRuntime{
				refuse: tc.refuse, pods: []*api.PodSandbox{pod},
				containers: []*api.Container{newContainer(pod, "app", 0), newContainer(pod, "proxy", 128), newContainer(pod, "debugger", 0)},
			})
			d := startDaemon(t, socket, tc.config, tc.cgroup2)
			total := 0.0
			for _, n := range tc.wantCount {
				total += n
			}
			waitFor(t, "the updates", func() bool {
				sum := 0.0
				for _, n := range samples(t, d.metrics, "evenkeel_node_pids_updates_total") {
					sum += n
				}
				return d.Ready() && sum >= total
			})
			waitFor(t, "the records", func() bool {
				got := samples(t, d.containers, "evenkeel_node_container_pids_wanted")
				for key := range tc.wantWanted {
					if _, ok := got[key]; !ok {
						return false
					}
				}
				return true
			})
			wantSamples(t, d.containers, "evenkeel_node_container_pids_wanted", tc.wantWanted)
			wantSamples(t, d.metrics, "evenkeel_node_pids_updates_total", tc.wantCount)
			wantSamples(t, d.metrics, "evenkeel_node_pids_containers", tc.wantState)
			sent := r.sent()
			if len(sent) != len(tc.wantSent) {
				t.Fatalf("the runtime was asked for %v, want %v", sent, tc.wantSent)
			}
			for _, u := range sent {
				if got := u.GetLinux().GetResources().GetPids().GetLimit(); got != tc.wantSent[u.GetContainerId()] {
					t.Errorf("container %s is to get %d, want %d", u.GetContainerId(), got, tc.wantSent[u.GetContainerId()])
				}
				if got := u.GetLinux().GetResources().GetUnified()["pids.max"]; got != tc.wantUnited {
					t.Errorf("container %s is to get pids.max %q, want %q", u.GetContainerId(), got, tc.wantUnited)
				}
			}
		})
	}
}

func TestPluginFollowsARestartOfTheRuntime(t *testing.T) {
	socket := socketPath(t)
	// The daemon is there before the runtime.
	d := startDaemon(t, socket, "{}", false)
	first := startRuntime(t, "containerd", socket, &containerRuntime{})
	d.waitReady(t, first)
	pod := newPod("checkout", `{"app":512}`)
	if got, err := first.create(t, pod, newContainer(pod, "app", 0)); err != nil || got != 512 {
		t.Fatalf("limit %d, error %v", got, err)
	}
	for range 3 {
		first.kill()
		waitFor(t, "the loss of the connection", func() bool { return !d.Ready() })
		second := startRuntime(t, "containerd", socket, &containerRuntime{
			pods: []*api.PodSandbox{pod}, containers: []*api.Container{newContainer(pod, "app", 512)},
		})
		d.waitReady(t, second)
		wantSamples(t, d.containers, "evenkeel_node_container_pids_effective", map[string]float64{"container=app,namespace=shop,pod=checkout": 512})
		other := newPod("other", `{"app":1024}`)
		if got, err := second.create(t, other, newContainer(other, "app", 0)); err != nil || got != 1024 {
			t.Fatalf("after the restart: limit %d, error %v", got, err)
		}
		first = second
	}
	wantSamples(t, d.metrics, "evenkeel_node_connections_total", map[string]float64{"": 4})
	wantSamples(t, d.metrics, "evenkeel_node_connected", map[string]float64{"": 1})
}

func TestRequiredPluginFailsClosed(t *testing.T) {
	socket := socketPath(t)
	r := startRuntime(t, "containerd", socket, &containerRuntime{}, requiring())
	pod := newPod("checkout", `{"app":512}`)
	if _, err := r.create(t, pod, newContainer(pod, "app", 0)); err == nil || !strings.Contains(err.Error(), `required plugin "evenkeel-node" not present`) {
		t.Errorf("without the daemon: %v", err)
	}
	// The daemon's own pod must start without it.
	own := newPod("evenkeel-node", "")
	own.Annotations["tolerate-missing-nri-plugins.noderesource.dev"] = "true"
	if _, err := r.create(t, own, newContainer(own, "evenkeel-node", 0)); err != nil {
		t.Errorf("a pod that tolerates: %v", err)
	}
	d := startDaemon(t, socket, "{}", false)
	d.waitReady(t, r)
	waitFor(t, "the registration", func() bool {
		got, err := r.create(t, pod, newContainer(pod, "app", 0))
		return err == nil && got == 512
	})
}

// What becomes of a container that the plugin does not answer for in time is the
// configuration's to say, where the runtime asks.
func TestTimeoutAdmitsOrDenies(t *testing.T) {
	const shortly = 500 * time.Millisecond
	adaptation.SetPluginRequestTimeout(shortly)
	t.Cleanup(func() { adaptation.SetPluginRequestTimeout(adaptation.DefaultPluginRequestTimeout) })
	for name, denies := range map[string]bool{"admit": false, "deny": true} {
		t.Run(name, func(t *testing.T) {
			socket := socketPath(t)
			r := startRuntime(t, "containerd", socket, &containerRuntime{})
			d := startDaemonWith(t, socket, func(p *node.Plugin) { p.SetDenies(denies) })
			d.waitReady(t, r)
			connections := func() float64 { return samples(t, d.metrics, "evenkeel_node_connections_total")[""] }
			before := connections()
			pod := newPod("checkout", `{"app":512}`)
			r.hold.Lock()
			_, err := r.CreateContainer(t.Context(), &api.CreateContainerRequest{Pod: pod, Container: newContainer(pod, "app", 0)})
			r.hold.Unlock()
			if (err != nil) != denies {
				t.Errorf("the creation's error is %v", err)
			}
			// Either way the runtime has closed the connection, and the plugin is back soon.
			waitFor(t, "another connection", func() bool {
				return d.Ready() && connections() > before
			})
		})
	}
}

// Two plugins that set the same field are an error of the runtime's, which stops
// containers; the documentation says so.
func TestTwoOwnersOfTheFieldConflict(t *testing.T) {
	socket := socketPath(t)
	r := startRuntime(t, "containerd", socket, &containerRuntime{})
	d := startDaemon(t, socket, "{}", false)
	d.waitReady(t, r)
	other, err := stub.New(rival{}, stub.WithPluginName("rival"), stub.WithPluginIdx("60"), stub.WithSocketPath(socket), stub.WithLogger(quiet{}))
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(other.Stop)
	pod := newPod("checkout", `{"app":512}`)
	waitFor(t, "the conflict", func() bool {
		_, err := r.create(t, pod, newContainer(pod, "app", 0))
		return err != nil && strings.Contains(err.Error(), "50-evenkeel-node") && strings.Contains(err.Error(), "60-rival")
	})
}

type rival struct{}

func (rival) CreateContainer(context.Context, *api.PodSandbox, *api.Container) (*api.ContainerAdjustment, []*api.ContainerUpdate, error) {
	a := &api.ContainerAdjustment{}
	a.SetLinuxPidLimits(4096)
	return a, nil, nil
}

// The plugin ends without leaving anything, connected or not.
func TestRunEndsCleanly(t *testing.T) {
	ignore := goleak.IgnoreCurrent()
	socket := socketPath(t)
	d := startDaemon(t, socket, "{}", false)
	d.stop()
	goleak.VerifyNone(t, ignore)

	r := startRuntime(t, "containerd", socket, &containerRuntime{})
	d = startDaemon(t, socket, "{}", false)
	d.waitReady(t, r)
	d.stop()
	if d.Ready() {
		t.Error("it says that it is ready after its end")
	}
	r.kill()
	goleak.VerifyNone(t, ignore)
}

func TestContainersAreBounded(t *testing.T) {
	socket := socketPath(t)
	r := &containerRuntime{}
	for i := range 1100 {
		pod := newPod("pod-"+strings.Repeat("a", i%50)+string(rune('a'+i%26))+strings.Repeat("b", i/50), "")
		r.pods = append(r.pods, pod)
		r.containers = append(r.containers, newContainer(pod, "app", 0))
	}
	startRuntime(t, "containerd", socket, r)
	d := startDaemon(t, socket, "{}", false)
	d.waitReady(t, r)
	if got := len(samples(t, d.containers, "evenkeel_node_container_pids_effective")); got != 1000 {
		t.Errorf("%d containers are told of by name", got)
	}
	wantSamples(t, d.containers, "evenkeel_node_containers_omitted", map[string]float64{"": 100})
}

// BenchmarkCreateContainer measures what the plugin adds to the creation and the
// start of a container: a request each, over a real socket, the runtime's side
// included.
func BenchmarkCreateContainer(b *testing.B) {
	socket := socketPath(b)
	r := startRuntime(b, "containerd", socket, &containerRuntime{})
	d := startDaemon(b, socket, "{}", false)
	d.waitReady(b, r)
	pod := newPod("checkout", `{"app":2048,"proxy":128}`)
	for b.Loop() {
		if got, err := r.create(b, pod, newContainer(pod, "app", 0)); err != nil || got != 2048 {
			b.Fatalf("limit %d, error %v", got, err)
		}
	}
}

var _ stub.CreateContainerInterface = rival{}
