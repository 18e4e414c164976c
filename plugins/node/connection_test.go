// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/containerd/nri/pkg/adaptation"
	"github.com/containerd/nri/pkg/api"
	"go.uber.org/goleak"

	"github.com/evenkeel/evenkeel/plugins/node"
)

func TestPluginFollowsARestartOfTheRuntime(t *testing.T) {
	socket := socketPath(t)
	// The daemon is there before the runtime.
	d := startDaemon(t, socket, "{}", false)
	said := func(text string) int { return strings.Count(d.log.GetBuffer().String(), text) }
	waitFor(t, "the log", func() bool { return said("there is no socket: is NRI enabled") == 1 })
	first := startRuntime(t, "containerd", socket, &containerRuntime{})
	d.waitReady(t, first)
	pod := newPod("checkout", `{"app":512}`)
	if got, err := first.create(t, pod, newContainer(pod, "app", 0)); err != nil || got != 512 {
		t.Fatalf("limit %d, error %v", got, err)
	}
	for i := range 3 {
		first.kill()
		waitFor(t, "the loss of the connection", func() bool { return !d.Ready() })
		wantSamples(t, d.metrics, "evenkeel_node_connected", map[string]float64{"": 0})
		// Each loss is told of, and again what is in the way.
		waitFor(t, "the log", func() bool {
			return said("Lost the connection to the container runtime") == i+1 && said("there is no socket: is NRI enabled") == i+2
		})
		second := startRuntime(t, "containerd", socket, &containerRuntime{
			pods: []*api.PodSandbox{pod}, containers: []*api.Container{newContainer(pod, "app", 512)},
		})
		d.waitReady(t, second)
		// One that was there before the restart is not there any more.
		gone := newPod("other", "")
		if err := second.StartContainer(t.Context(), &api.StartContainerRequest{Pod: gone, Container: newContainer(gone, "app", 64)}); err != nil {
			t.Fatal(err)
		}
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

// What the runtime's own configuration says to the plugin is told to have no effect.
func TestRuntimesConfigurationHasNoEffect(t *testing.T) {
	for config, want := range map[string]int{"{default: 128}": 1, "": 0} {
		d := startDaemon(t, socketPath(t), "{}", false)
		if events, err := d.Configure(t.Context(), config, "containerd", "v2.4.2"); err != nil || events != 0 {
			t.Errorf("configuration %q: events %v, error %v; want all and none", config, events, err)
		}
		if log := d.log.GetBuffer().String(); strings.Count(log, "has a configuration for this plugin, which has no effect") != want {
			t.Errorf("configuration %q: the log does not say %d times that it has no effect:\n%s", config, want, log)
		}
	}
}

// settling hands out, for each connection, the channel by which the test ends its
// time to settle.
func settling() (set func(*node.Plugin), connections chan chan time.Time) {
	connections = make(chan chan time.Time, 100)
	return func(p *node.Plugin) {
		p.SetAfter(func(time.Duration) <-chan time.Time {
			over := make(chan time.Time)
			connections <- over
			return over
		})
	}, connections
}

func receive[T any](t *testing.T, what string, from <-chan T) (out T) {
	t.Helper()
	select {
	case out = <-from:
	case <-time.After(patience):
		t.Fatalf("waited %v for %s", patience, what)
	}
	return out
}

// Once the plugin knows the containers, the time to settle has no meaning.
func TestSettledConnectionStays(t *testing.T) {
	socket := socketPath(t)
	set, connections := settling()
	r := startRuntime(t, "containerd", socket, &containerRuntime{})
	d := startDaemonWith(t, socket, set)
	d.waitReady(t, r)
	over := receive(t, "the connection", connections)
	for range 2 {
		select {
		// Nobody takes it from a connection that has ended.
		case over <- time.Now():
		case <-time.After(patience):
			t.Fatal("the connection has ended with the time to settle")
		}
	}
	wantSamples(t, d.metrics, "evenkeel_node_connections_total", map[string]float64{"": 1})
}

// A runtime that takes the connection and says nothing is given up, and tried again.
func TestSilentRuntimeIsTriedAgain(t *testing.T) {
	socket := socketPath(t)
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	accepted := make(chan net.Conn, 100)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			accepted <- conn
		}
	}()
	set, connections := settling()
	d := startDaemonWith(t, socket, set)
	for range 3 {
		defer receive(t, "a connection", accepted).Close()
		receive(t, "the connection's time to settle", connections) <- time.Now()
	}
	receive(t, "another connection", connections)
	if d.Ready() {
		t.Error("it says that it is ready")
	}
	// Three times the same is said once.
	log := d.log.GetBuffer().String()
	if got := strings.Count(log, "the runtime did not configure and synchronise the plugin within 30s"); got != 1 {
		t.Errorf("the log says %d times that the runtime is silent:\n%s", got, log)
	}
	wantSamples(t, d.metrics, "evenkeel_node_connections_total", map[string]float64{"": 0})
}
