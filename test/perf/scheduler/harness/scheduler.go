// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package harness runs a real scheduler without an API server: scheduler.New,
// ScheduleOne, its queue and its cache are upstream's; the watch events are
// played to them by hand, a binding ends in memory, and events are dropped.
//
// It places pods and says where they went. What that costs is measured in
// package measure.
package harness

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/events"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/scheduler"
	"k8s.io/kubernetes/pkg/scheduler/apis/config"
	frameworkruntime "k8s.io/kubernetes/pkg/scheduler/framework/runtime"

	"github.com/evenkeel/evenkeel/plugins/scheduler/fastpath"
	"github.com/evenkeel/evenkeel/test/perf/scheduler/cluster"
	"github.com/evenkeel/evenkeel/test/perf/scheduler/contender"
)

// Scheduler is a scheduler whose cache holds a cluster.
type Scheduler struct {
	// Name is the name of the contender that it runs.
	Name string

	cluster *cluster.Cluster
	nodes   map[string]*corev1.Node
	sched   *scheduler.Scheduler
	// schedulerName is what the pods that are to be placed name.
	schedulerName string
	informers     informers.SharedInformerFactory
	outcomes      chan outcome
	// requests counts the requests to the API server, of which there must be
	// none: one would be work that the figures do not show.
	requests atomic.Int64
}

// New makes the scheduler of a contender and fills its cache. The contender's
// feature gates must be set (Enter).
func New(ctx context.Context, c *contender.Contender, cl *cluster.Cluster) (*Scheduler, error) {
	s := &Scheduler{
		Name:          c.Name,
		cluster:       cl,
		nodes:         make(map[string]*corev1.Node, len(cl.Nodes)),
		schedulerName: c.Config.Profiles[0].SchedulerName,
		outcomes:      make(chan outcome, 1),
	}
	client := fake.NewClientset()
	client.PrependReactor("*", "*", func(action clienttesting.Action) (bool, runtime.Object, error) {
		s.requests.Add(1)
		return true, nil, fmt.Errorf("the scheduler asked the API server to %s %s, and there is none", action.GetVerb(), action.GetResource().Resource)
	})
	// The informers are never started: their stores are filled by hand.
	s.informers = informers.NewSharedInformerFactory(client, 0)

	registry := frameworkruntime.Registry{}
	if err := registry.Merge(c.Registry); err != nil {
		return nil, err
	}
	if err := registry.Register(binderName, s.newBinder); err != nil {
		return nil, err
	}
	cfg := withBinder(c.Config)
	var err error
	// The options are those of app.Setup, which the binary calls.
	s.sched, err = scheduler.New(ctx, client, s.informers, nil,
		func(string) events.EventRecorderLogger { return dropEvents{} },
		scheduler.WithComponentConfigVersion(cfg.APIVersion),
		scheduler.WithProfiles(cfg.Profiles...),
		scheduler.WithPercentageOfNodesToScore(cfg.PercentageOfNodesToScore),
		scheduler.WithFrameworkOutOfTreeRegistry(registry),
		scheduler.WithPodMaxBackoffSeconds(cfg.PodMaxBackoffSeconds),
		scheduler.WithPodInitialBackoffSeconds(cfg.PodInitialBackoffSeconds),
		scheduler.WithExtenders(cfg.Extenders...),
		scheduler.WithParallelism(cfg.Parallelism),
	)
	if err != nil {
		return nil, fmt.Errorf("profile %s: %w", c.Name, err)
	}
	s.sched.FailureHandler = s.failed
	if c.FastPath {
		fastpath.Install(ctx, s.sched, fastpath.Options{MinNodes: fastpath.DefaultMinNodes, Profiles: cfg.Profiles})
	}
	return s, s.fill(klog.FromContext(ctx))
}

// withBinder returns a configuration whose profiles bind in memory.
func withBinder(cfg *config.KubeSchedulerConfiguration) *config.KubeSchedulerConfiguration {
	cfg = cfg.DeepCopy()
	for i := range cfg.Profiles {
		plugins := cfg.Profiles[i].Plugins
		plugins.Bind = config.PluginSet{
			Enabled:  []config.Plugin{{Name: binderName}},
			Disabled: []config.Plugin{{Name: "*"}},
		}
		plugins.PostBind.Enabled = append(slices.Clone(plugins.PostBind.Enabled), config.Plugin{Name: binderName})
	}
	return cfg
}

// fill plays the initial lists.
func (s *Scheduler) fill(logger klog.Logger) error {
	for _, node := range s.cluster.Nodes {
		s.nodes[node.Name] = node
		s.sched.Cache.AddNode(logger, node)
	}
	for _, pod := range s.cluster.Pods {
		if err := s.sched.Cache.AddPod(logger, pod); err != nil {
			return fmt.Errorf("filling the cache: %w", err)
		}
	}
	for _, w := range s.cluster.Workloads {
		if err := s.Announce(w); err != nil {
			return err
		}
	}
	return nil
}

// stores returns the informer stores and the objects of a workload in them.
func (s *Scheduler) stores(w *cluster.Workload) map[cache.Store]any {
	stores := map[cache.Store]any{s.informers.Core().V1().Namespaces().Informer().GetStore(): w.Namespace}
	if w.Service != nil {
		stores[s.informers.Core().V1().Services().Informer().GetStore()] = w.Service
	}
	if w.ReplicaSet != nil {
		stores[s.informers.Apps().V1().ReplicaSets().Informer().GetStore()] = w.ReplicaSet
	}
	return stores
}

// Announce tells the scheduler's listers of a workload, as its informers would.
func (s *Scheduler) Announce(w *cluster.Workload) error {
	for store, object := range s.stores(w) {
		if err := store.Add(object); err != nil {
			return fmt.Errorf("announcing namespace %s: %w", w.Namespace.Name, err)
		}
	}
	return nil
}

// Withdraw removes a workload from the scheduler's listers and its pods, which
// all have a node, from its cache.
func (s *Scheduler) Withdraw(logger klog.Logger, w *cluster.Workload, pods []*corev1.Pod) error {
	for _, pod := range pods {
		if err := s.sched.Cache.RemovePod(logger, pod); err != nil {
			return fmt.Errorf("removing pod %s: %w", klog.KObj(pod), err)
		}
	}
	for store, object := range s.stores(w) {
		if object == w.Namespace && s.cluster.Shape.Services == cluster.OneNamespace {
			continue
		}
		if err := store.Delete(object); err != nil {
			return fmt.Errorf("withdrawing namespace %s: %w", w.Namespace.Name, err)
		}
	}
	return nil
}

// Pods returns n replicas of a workload that name this scheduler.
func (s *Scheduler) Pods(w *cluster.Workload, n int) []*corev1.Pod {
	pods := make([]*corev1.Pod, n)
	for i := range pods {
		pods[i] = w.Pod(i, s.schedulerName)
	}
	return pods
}

// Nodes returns the nodes by name.
func (s *Scheduler) Nodes() map[string]*corev1.Node { return s.nodes }
