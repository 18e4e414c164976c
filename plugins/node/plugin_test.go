// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"context"
	"errors"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/containerd/nri/pkg/api"
	"github.com/containerd/nri/pkg/stub"
	"github.com/google/go-cmp/cmp"
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
	wantSamples(t, d.metrics, "evenkeel_node_pids_decisions_total", map[string]float64{
		"reason=Annotation": 2, "reason=Default": 1, "reason=InvalidAnnotation": 1, "reason=LoweredToCeiling": 1, "reason=None": 0, "reason=Observe": 0, "reason=Off": 0})
	wantSamples(t, d.metrics, "evenkeel_node_request_duration_seconds", map[string]float64{"request=CreateContainer": 5, "request=StartContainer": 5, "request=Synchronize": 1})
	// One line for each container whose limit is not the wanted one, or whose
	// annotation is wrong; none for the others.
	log := d.log.GetBuffer().String()
	for container, want := range map[string]int{"app": 0, "proxy": 0, "batch": 1, "bad": 1, "debugger": 0} {
		if got := strings.Count(log, `container="`+container+`"`); got != want {
			t.Errorf("the log speaks %d times of container %s, want %d:\n%s", got, container, want, log)
		}
	}

	// Another instance of the container takes its place, of which nothing is known
	// before it is started, and both go.
	again := newContainer(pod, "app", 0)
	again.Id = "second"
	if _, err := r.CreateContainer(t.Context(), &api.CreateContainerRequest{Pod: pod, Container: again}); err != nil {
		t.Fatal(err)
	}
	if err := r.StartContainer(t.Context(), &api.StartContainerRequest{Pod: pod, Container: newContainer(pod, "app", 999)}); err != nil {
		t.Fatal(err)
	}
	if got := samples(t, d.containers, "evenkeel_node_container_pids_effective")["container=app,namespace=shop,pod=checkout"]; got != 2048 {
		t.Errorf("a container that is about to start has %v, want what was answered", got)
	}
	for _, id := range []string{"id-checkout-app", "second", "id-checkout-proxy"} {
		if _, err := r.StopContainer(t.Context(), &api.StopContainerRequest{Pod: pod, Container: &api.Container{Id: id}}); err != nil {
			t.Fatal(err)
		}
	}
	// One that never ran is removed and not stopped.
	if err := r.RemoveContainer(t.Context(), &api.RemoveContainerRequest{Pod: pod, Container: &api.Container{Id: "id-checkout-batch"}}); err != nil {
		t.Fatal(err)
	}
	if got := len(samples(t, d.containers, "evenkeel_node_container_pids_effective")); got != 2 {
		t.Errorf("%d containers are told of after three of five are gone", got)
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
		// wantTold are the containers that the log says have not got their limit.
		wantTold string
	}{
		"containerd on cgroup v2": {
			runtime: "containerd", cgroup2: true, config: "{default: 256}",
			wantSent: map[string]int64{"id-checkout-app": 2048}, wantUnited: "2048",
			wantWanted: map[string]float64{labels("app", "Annotation"): 2048, labels("proxy", "Annotation"): 128, labels("debugger", "StartedWithout"): 256},
			wantState:  map[string]float64{"state=as_wanted": 2, "state=differs": 0, "state=missing": 1, "state=unlimited": 0},
			wantCount:  map[string]float64{"result=changed": 1, "result=failed": 0, "result=cannot": 0, "result=left": 1},
			wantTold:   "debugger",
		},
		"containerd on cgroup v1": {
			runtime: "containerd", config: "{}",
			wantWanted: map[string]float64{labels("app", "RuntimeCannotUpdate"): 2048, labels("proxy", "Annotation"): 128, labels("debugger", "None"): inf},
			wantState:  map[string]float64{"state=as_wanted": 1, "state=differs": 0, "state=missing": 1, "state=unlimited": 1},
			wantCount:  map[string]float64{"result=changed": 0, "result=failed": 0, "result=cannot": 1, "result=left": 0},
			wantTold:   "app",
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
			wantTold:   "app",
		},
		"the runtime refuses": {
			runtime: "containerd", cgroup2: true, config: "{}", refuse: errors.New("busy"),
			wantWanted: map[string]float64{labels("app", "UpdateFailed"): 2048, labels("proxy", "Annotation"): 128, labels("debugger", "None"): inf},
			wantState:  map[string]float64{"state=as_wanted": 1, "state=differs": 0, "state=missing": 1, "state=unlimited": 1},
			wantCount:  map[string]float64{"result=changed": 0, "result=failed": 1, "result=cannot": 0, "result=left": 0},
			wantTold:   "app",
		},
		"running: Report": {
			runtime: "containerd", cgroup2: true, config: "{running: Report}",
			wantWanted: map[string]float64{labels("app", "StartedWithout"): 2048, labels("proxy", "Annotation"): 128, labels("debugger", "None"): inf},
			wantState:  map[string]float64{"state=as_wanted": 1, "state=differs": 0, "state=missing": 1, "state=unlimited": 1},
			wantCount:  map[string]float64{"result=changed": 0, "result=failed": 0, "result=cannot": 0, "result=left": 1},
			wantTold:   "app",
		},
		"mode: Observe": {
			runtime: "containerd", cgroup2: true, config: "{mode: Observe}",
			wantWanted: map[string]float64{labels("app", "Observe"): 2048, labels("proxy", "Observe"): 128, labels("debugger", "None"): inf},
			wantState:  map[string]float64{"state=as_wanted": 1, "state=differs": 0, "state=missing": 1, "state=unlimited": 1},
			wantCount:  map[string]float64{"result=changed": 0, "result=failed": 0, "result=cannot": 0, "result=left": 0},
			wantTold:   "app",
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
			for _, container := range []string{"app", "proxy", "debugger"} {
				told := 0
				for line := range strings.Lines(d.log.GetBuffer().String()) {
					if strings.Contains(line, "does not have the pid limit") && strings.Contains(line, `container="`+container+`"`) {
						told++
					}
				}
				if want := strings.Count(tc.wantTold, container); told != want {
					t.Errorf("the log says %d times that container %s lacks its limit, want %d", told, container, want)
				}
			}
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

func TestContainersAreBounded(t *testing.T) {
	socket := socketPath(t)
	r := &containerRuntime{}
	var places []string
	for i := range 1100 {
		pod := newPod("pod-"+strings.Repeat("a", i%50)+string(rune('a'+i%26))+strings.Repeat("b", i/50), "")
		pod.Namespace = string(rune('a' + i%3))
		places = append(places, "container=app,namespace="+pod.Namespace+",pod="+pod.Name)
		r.pods = append(r.pods, pod)
		r.containers = append(r.containers, newContainer(pod, "app", 0))
	}
	startRuntime(t, "containerd", socket, r)
	d := startDaemon(t, socket, "{}", false)
	d.waitReady(t, r)
	// Always the same ones: the first by namespace and name.
	slices.Sort(places)
	if diff := cmp.Diff(places[:1000], slices.Sorted(maps.Keys(samples(t, d.containers, "evenkeel_node_container_pids_effective")))); diff != "" {
		t.Errorf("the containers that are told of by name (-want +got):\n%s", diff)
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
