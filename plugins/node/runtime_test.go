// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/containerd/nri/pkg/adaptation"
	"github.com/containerd/nri/pkg/api"
	nrilog "github.com/containerd/nri/pkg/log"
	validator "github.com/containerd/nri/plugins/default-validator"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/klog/v2/ktesting"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/plugins/node"
	"github.com/evenkeel/evenkeel/plugins/node/pids"
)

// patience bounds every wait; it is never spent when things work.
const patience = time.Minute

func TestMain(m *testing.M) {
	nrilog.Set(quiet{})
	os.Exit(m.Run())
}

// quiet is a logger of NRI's runtime side that says nothing.
type quiet struct{}

func (quiet) Debugf(context.Context, string, ...any) {}
func (quiet) Infof(context.Context, string, ...any)  {}
func (quiet) Warnf(context.Context, string, ...any)  {}
func (quiet) Errorf(context.Context, string, ...any) {}

// containerRuntime is the runtime's side of NRI, the real one, with pods and
// containers that are only said to exist.
type containerRuntime struct {
	*adaptation.Adaptation
	front net.Listener

	// registered is how many plugins the runtime asks.
	registered atomic.Int64
	// hold stops answers on their way.
	hold sync.RWMutex

	mu         sync.Mutex
	conns      []net.Conn
	pods       []*api.PodSandbox
	containers []*api.Container
	updates    []*api.ContainerUpdate
	// refuse makes updates of containers fail.
	refuse error
}

// startRuntime starts a runtime of that name with its socket at the path.
func startRuntime(tb testing.TB, name, socket string, r *containerRuntime, opts ...adaptation.Option) *containerRuntime {
	tb.Helper()
	sync := func(ctx context.Context, callback adaptation.SyncCB) error {
		r.mu.Lock()
		defer r.mu.Unlock()
		_, err := callback(ctx, r.pods, r.containers)
		return err
	}
	update := func(_ context.Context, list []*api.ContainerUpdate) ([]*api.ContainerUpdate, error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.refuse != nil {
			return list, r.refuse
		}
		r.updates = append(r.updates, list...)
		return nil, nil
	}
	inner := socket + ".inner"
	opts = append([]adaptation.Option{
		adaptation.WithMetrics(counter{r}), adaptation.WithSocketPath(inner), adaptation.WithPluginPath(filepath.Dir(socket) + "/none"), adaptation.WithPluginConfigPath(filepath.Dir(socket) + "/none"),
	}, opts...)
	var err error
	if r.Adaptation, err = adaptation.New(name, "v2.4.2", sync, update, opts...); err != nil {
		tb.Fatal(err)
	}
	if err := r.Start(); err != nil {
		tb.Fatal(err)
	}
	if r.front, err = (&net.ListenConfig{}).Listen(context.Background(), "unix", socket); err != nil {
		tb.Fatal(err)
	}
	go r.forward(inner)
	tb.Cleanup(r.kill)
	return r
}

// forward passes connections on to the runtime's own socket, so that they can be
// cut: NRI leaves the connections of external plugins to the end of the process.
func (r *containerRuntime) forward(inner string) {
	for {
		front, err := r.front.Accept()
		if err != nil {
			return
		}
		back, err := (&net.Dialer{}).DialContext(context.Background(), "unix", inner)
		if err != nil {
			_ = front.Close()
			continue
		}
		r.mu.Lock()
		r.conns = append(r.conns, front, back)
		r.mu.Unlock()
		for _, pair := range [][2]net.Conn{{front, back}, {back, front}} {
			go func() {
				_, _ = io.Copy(pair[0], heldReader{pair[1], &r.hold})
				_ = front.Close()
				_ = back.Close()
			}()
		}
	}
}

// counter hears from the runtime how many plugins it asks.
type counter struct{ *containerRuntime }

func (counter) RecordPluginInvocation(string, string, error)                                      {}
func (counter) RecordPluginLatency(string, string, time.Duration)                                 {}
func (counter) RecordPluginAdjustments(string, string, *adaptation.ContainerAdjustment, int, int) {}
func (c counter) UpdatePluginCount(n int)                                                         { c.registered.Store(int64(n)) }

// heldReader passes on what it reads while the lock is free.
type heldReader struct {
	io.Reader
	hold *sync.RWMutex
}

func (r heldReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.hold.RLock()
	defer r.hold.RUnlock()
	return n, err
}

// kill ends the runtime as the end of its process would.
func (r *containerRuntime) kill() {
	_ = r.front.Close()
	r.Stop()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.conns {
		_ = c.Close()
	}
	r.conns = nil
}

func (r *containerRuntime) sent() []*api.ContainerUpdate {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.updates
}

// requiring is the option that makes NRI's default validator ask for the plugin.
func requiring() adaptation.Option {
	return adaptation.WithDefaultValidator(&validator.DefaultValidatorConfig{
		Enable: true, RequiredPlugins: []string{node.Name}, TolerateMissingAnnotation: "tolerate-missing-nri-plugins.noderesource.dev",
	})
}

// socketPath is short enough for a socket, which a test's own folder may not be.
func socketPath(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("", "nri")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "nri.sock")
}

// daemon is the plugin with what it tells.
type daemon struct {
	*node.Plugin
	metrics, containers *prometheus.Registry
	log                 ktesting.Underlier
	stop                func()
}

func newAdjuster(tb testing.TB, section string) *pids.Adjuster {
	tb.Helper()
	cfg, err := v1alpha1.LoadNodeConfiguration("config.yaml",
		[]byte("apiVersion: config.evenkeel.io/v1alpha1\nkind: NodeConfiguration\npids: "+section+"\n"))
	if err != nil {
		tb.Fatal(err)
	}
	return pids.New(cfg.Pids)
}

// startDaemon runs the plugin until the test ends, or stop is called.
func startDaemon(tb testing.TB, socket, section string, cgroup2 bool) *daemon {
	tb.Helper()
	return runDaemon(tb, socket, section, cgroup2, func(*node.Plugin) {})
}

// startDaemonWith is startDaemon with something set before the first connection.
func startDaemonWith(tb testing.TB, socket string, set func(*node.Plugin)) *daemon {
	tb.Helper()
	return runDaemon(tb, socket, "{}", false, set)
}

func runDaemon(tb testing.TB, socket, section string, cgroup2 bool, set func(*node.Plugin)) *daemon {
	tb.Helper()
	logger := ktesting.NewLogger(tb, ktesting.NewConfig(ktesting.BufferLogs(true), ktesting.Verbosity(0)))
	d := &daemon{metrics: prometheus.NewRegistry(), containers: prometheus.NewRegistry(), log: logger.GetSink().(ktesting.Underlier)}
	d.Plugin = node.New(logger, newAdjuster(tb, section), node.NewMetrics(d.metrics), cgroup2)
	d.containers.MustRegister(node.NewContainers(d.Plugin))
	set(d.Plugin)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx, socket) }()
	var once sync.Once
	d.stop = func() {
		once.Do(func() {
			cancel()
			select {
			case err := <-done:
				if err != nil {
					tb.Errorf("Run: %v", err)
				}
			case <-time.After(patience):
				tb.Error("the plugin does not stop")
			}
		})
	}
	tb.Cleanup(d.stop)
	return d
}

// waitReady waits until the plugin is ready and the runtime asks it, which is a
// moment later.
func (d *daemon) waitReady(tb testing.TB, r *containerRuntime) {
	tb.Helper()
	waitFor(tb, "the plugin's connection", func() bool { return d.Ready() && r.registered.Load() > 0 })
}

func waitFor(tb testing.TB, what string, condition func() bool) {
	tb.Helper()
	for deadline := time.Now().Add(patience); !condition(); {
		if time.Now().After(deadline) {
			tb.Fatalf("waited %v for %s", patience, what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// newPod returns a pod whose annotation holds these limits; none if empty.
func newPod(name, limits string) *api.PodSandbox {
	pod := &api.PodSandbox{Id: "sandbox-" + name, Uid: "uid-" + name, Name: name, Namespace: "shop", Annotations: map[string]string{"other.io/key": "value"}}
	if limits != "" {
		pod.Annotations[wellknown.PidsLimitsAnnotation] = limits
	}
	return pod
}

// newContainer returns a container of the pod that runs with a pid limit; 0 for
// none.
func newContainer(pod *api.PodSandbox, name string, limit int64) *api.Container {
	c := &api.Container{
		Id: "id-" + pod.Name + "-" + name, PodSandboxId: pod.Id, Name: name, State: api.ContainerState_CONTAINER_RUNNING,
		Linux: &api.LinuxContainer{Resources: &api.LinuxResources{}},
	}
	if limit != 0 {
		c.Linux.Resources.Pids = &api.LinuxPids{Limit: limit}
	}
	return c
}

// create does what a runtime does to create and start a container, and returns the pid
// limit that the plugins set; 0 for none.
func (r *containerRuntime) create(tb testing.TB, pod *api.PodSandbox, container *api.Container) (int64, error) {
	tb.Helper()
	rpl, err := r.CreateContainer(context.Background(), &api.CreateContainerRequest{Pod: pod, Container: container})
	if err != nil {
		return 0, err
	}
	limit := rpl.GetAdjust().GetLinux().GetResources().GetPids().GetLimit()
	if limit != 0 {
		container.Linux.Resources.Pids = &api.LinuxPids{Limit: limit}
	}
	if err := r.StartContainer(context.Background(), &api.StartContainerRequest{Pod: pod, Container: container}); err != nil {
		tb.Errorf("StartContainer: %v", err)
	}
	return limit, nil
}

// samples returns the values of a metric by its labels, written as a=b,c=d; of a
// histogram how often it was observed.
func samples(tb testing.TB, reg *prometheus.Registry, name string) map[string]float64 {
	tb.Helper()
	families, err := reg.Gather()
	if err != nil {
		tb.Fatal(err)
	}
	out := map[string]float64{}
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			key := ""
			for _, l := range m.GetLabel() {
				if key != "" {
					key += ","
				}
				key += l.GetName() + "=" + l.GetValue()
			}
			out[key] = m.GetGauge().GetValue() + m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return out
}

func wantSamples(tb testing.TB, reg *prometheus.Registry, name string, want map[string]float64) {
	tb.Helper()
	if diff := cmp.Diff(want, samples(tb, reg, name)); diff != "" {
		tb.Errorf("%s (-want +got):\n%s", name, diff)
	}
}
