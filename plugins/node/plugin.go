// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/containerd/nri/pkg/api"
	"github.com/containerd/nri/pkg/stub"
	"k8s.io/klog/v2"

	"github.com/evenkeel/evenkeel/plugins/node/pids"
)

const (
	// Name of the plugin. With NRI's default validator, required_plugins of the
	// runtime's configuration names it.
	Name = "evenkeel-node"
	// Index is the plugin's place among the plugins of a node, 00 to 99.
	Index = "50"
)

// Plugin is the NRI plugin. The runtime calls its methods, several at a time.
type Plugin struct {
	logger   klog.Logger
	metrics  *Metrics
	records  *records
	garbage  *collector
	adjuster atomic.Pointer[pids.Adjuster]
	// cgroup2 says that the node has the unified hierarchy.
	cgroup2 bool

	// denies says that the runtime shall fail what the plugin does not answer in time.
	denies atomic.Bool

	runtime atomic.Pointer[runtimeInfo]
	ready   atomic.Bool
	// updates are the running containers to change, made by Synchronize for the
	// connection to send.
	updates chan []update

	// after is time.After; tests have another.
	after func(time.Duration) <-chan time.Time
}

// runtimeInfo is what the runtime says of itself.
type runtimeInfo struct{ name, version string }

var (
	_ stub.ConfigureInterface       = &Plugin{}
	_ stub.SynchronizeInterface     = &Plugin{}
	_ stub.CreateContainerInterface = &Plugin{}
	_ stub.StartContainerInterface  = &Plugin{}
	_ stub.StopContainerInterface   = &Plugin{}
	_ stub.RemoveContainerInterface = &Plugin{}
)

// New returns a plugin that is not connected. cgroup2 says whether the node has
// cgroup v2, see UnifiedCgroups.
func New(logger klog.Logger, adjuster *pids.Adjuster, metrics *Metrics, cgroup2 bool) *Plugin {
	p := &Plugin{logger: logger, metrics: metrics, records: newRecords(), garbage: newCollector(), cgroup2: cgroup2, updates: make(chan []update, 1), after: time.After}
	p.adjuster.Store(adjuster)
	p.runtime.Store(&runtimeInfo{})
	metrics.watch(p)
	return p
}

// SetAdjuster puts another configuration into force, for containers that are
// created from now on.
func (p *Plugin) SetAdjuster(adjuster *pids.Adjuster) { p.adjuster.Store(adjuster) }

// SetDenies says whether the runtime shall fail the creation of a container for
// which the plugin does not answer in time. It counts from the next connection on.
func (p *Plugin) SetDenies(denies bool) { p.denies.Store(denies) }

// Ready reports whether the plugin is connected and knows all containers.
func (p *Plugin) Ready() bool { return p.ready.Load() }

// Configure is the runtime's first call of a connection. What the runtime's own
// configuration says to plugins is of no effect: the NodeConfiguration decides.
func (p *Plugin) Configure(_ context.Context, config, runtime, version string) (api.EventMask, error) {
	if config != "" {
		p.logger.Info("The runtime has a configuration for this plugin, which has no effect: the NodeConfiguration decides", "runtime", runtime)
	}
	p.runtime.Store(&runtimeInfo{name: runtime, version: version})
	p.metrics.runtimeIs(runtime, version)
	// Zero subscribes to all that has a handler.
	return 0, nil
}

// Synchronize tells of the containers that are there already. It changes none in
// its answer: what becomes of such a change is only told to the runtime's log. They
// are changed one by one afterwards, so that each failure has a name.
func (p *Plugin) Synchronize(_ context.Context, pods []*api.PodSandbox, containers []*api.Container) ([]*api.ContainerUpdate, error) {
	defer p.answered("Synchronize", p.asked())
	sandboxes := make(map[string]*api.PodSandbox, len(pods))
	for _, pod := range pods {
		sandboxes[pod.GetId()] = pod
	}
	adjuster := p.adjuster.Load()
	p.records.clear()
	var todo []update
	for _, container := range containers {
		pod := sandboxes[container.GetPodSandboxId()]
		decision := adjuster.Decide(pod.GetNamespace(), pod.GetAnnotations(), container.GetName())
		r := newRecord(pod, container, decision)
		r.effective = pids.Effective(container)
		if u, ok := p.plan(adjuster, r, decision); ok {
			todo = append(todo, u)
		} else {
			r.reason = p.whyLeft(adjuster, r, decision)
			p.tell(r)
		}
		p.records.put(r)
	}
	p.logger.Info("Synchronised with the runtime", "runtime", p.runtime.Load().name, "pods", len(pods), "containers", len(containers), "toChange", len(todo))
	p.drain()
	p.updates <- todo
	return nil, nil
}

// CreateContainer answers with the limit of a container that is being created.
func (p *Plugin) CreateContainer(_ context.Context, pod *api.PodSandbox, container *api.Container) (*api.ContainerAdjustment, []*api.ContainerUpdate, error) {
	defer p.answered("CreateContainer", p.asked())
	decision := p.adjuster.Load().Decide(pod.GetNamespace(), pod.GetAnnotations(), container.GetName())
	p.metrics.decided(decision.Reason)
	r := newRecord(pod, container, decision)
	// Until the runtime says what it made of it.
	r.effective = decision.Limit
	p.records.put(r)
	return decision.Adjustment(), nil, nil
}

// StartContainer hears what the container has got in the end. The runtime could
// tell that when it has created the container, at the price of a second request
// during the creation.
func (p *Plugin) StartContainer(_ context.Context, _ *api.PodSandbox, container *api.Container) error {
	defer p.answered("StartContainer", p.asked())
	if r, ok := p.records.settle(container.GetId(), pids.Effective(container)); ok {
		p.tell(r)
	}
	return nil
}

// StopContainer hears of a container's end.
func (p *Plugin) StopContainer(_ context.Context, _ *api.PodSandbox, container *api.Container) ([]*api.ContainerUpdate, error) {
	p.records.remove(container.GetId())
	return nil, nil
}

// RemoveContainer hears of a container that is no more.
func (p *Plugin) RemoveContainer(_ context.Context, _ *api.PodSandbox, container *api.Container) error {
	p.records.remove(container.GetId())
	return nil
}

// asked notes that the runtime asks, and returns when.
func (p *Plugin) asked() time.Time {
	p.garbage.requests.Add(1)
	return time.Now()
}

// answered notes that it has its answer.
func (p *Plugin) answered(request string, asked time.Time) {
	p.metrics.took(request, asked)
	p.garbage.requests.Add(-1)
	p.garbage.soon()
}

// tell logs one line about a container that has not got what was wanted.
func (p *Plugin) tell(r *record) {
	if r.asWanted() && r.detail == "" {
		return
	}
	p.logger.Info("A container does not have the pid limit that it should have", "namespace", r.namespace, "pod", r.pod, "container", r.container,
		"wanted", r.wanted, "effective", r.effective, "reason", r.reason, "detail", r.detail)
}
