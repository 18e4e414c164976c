// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package guardtest has an in-tree plugin and its guarded form side by side over a
// cluster that churns: the cluster, its random changes, the comparison of all that
// the scheduler would see of the two plugins, and a benchmark of both. It also runs
// the guarded one in a whole scheduler.
//
// It is imported by tests alone. Which pods and changes matter for a plugin is said
// in the tests of that plugin, and no plugin is known here.
package guardtest

import (
	"context"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	schedulerconfig "k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/backend/cache"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/defaultbinder"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/feature"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/queuesort"
	frameworkruntime "k8s.io/kubernetes/pkg/scheduler/framework/runtime"
	"k8s.io/kubernetes/pkg/scheduler/metrics"
)

// Plugins are an in-tree plugin and its guarded form. The package of the latter is
// called as the plugin is.
type Plugins struct {
	InTree, Guarded string
	NewInTree       frameworkruntime.PluginFactoryWithFts[fwk.Plugin]
	NewGuarded      frameworkruntime.PluginFactory
}

// Cluster is a scheduler cache with its snapshot, the objects that its informers
// know, and nominated pods. The frameworks that are made of it see them.
type Cluster struct {
	tb        testing.TB
	plugins   Plugins
	cache     cache.Cache
	nominated nominator
	Snapshot  *cache.Snapshot
	Informers informers.SharedInformerFactory
}

// NewCluster returns an empty cluster whose pods are scheduled by the plugins.
func NewCluster(tb testing.TB, plugins Plugins) *Cluster {
	tb.Helper()
	metrics.Register() // The cache counts its nodes and pods.
	return &Cluster{
		tb:        tb,
		plugins:   plugins,
		cache:     cache.New(tb.Context(), nil, false, false),
		nominated: nominator{},
		Snapshot:  cache.NewEmptySnapshot(),
		Informers: informers.NewSharedInformerFactory(fake.NewClientset(), 0),
	}
}

// Must ends the test if there is an error.
func Must(tb testing.TB, err error) {
	if err != nil {
		tb.Helper()
		tb.Fatal(err)
	}
}

// Update takes a new snapshot, as the scheduler does before each pod.
func (c *Cluster) Update() {
	c.tb.Helper()
	Must(c.tb, c.cache.UpdateSnapshot(klog.Background(), c.Snapshot))
}

// Nodes returns all nodes of the snapshot.
func (c *Cluster) Nodes() []fwk.NodeInfo {
	c.tb.Helper()
	infos, err := c.Snapshot.NodeInfos().List()
	Must(c.tb, err)
	return infos
}

// AddNode adds a node.
func (c *Cluster) AddNode(node *corev1.Node) {
	c.cache.AddNode(klog.Background(), node)
}

// NamesOf returns the names of nodes in their order.
func NamesOf(infos []fwk.NodeInfo) []string {
	var names []string
	for _, info := range infos {
		names = append(names, info.Node().Name)
	}
	slices.Sort(names)
	return names
}

// Place adds pods that run on nodes.
func (c *Cluster) Place(pods ...*corev1.Pod) {
	c.tb.Helper()
	for _, pod := range pods {
		Must(c.tb, c.cache.AddPod(klog.Background(), pod))
	}
}

// Nominate nominates a pod to a node.
func (c *Cluster) Nominate(pod *corev1.Pod, node string) {
	c.tb.Helper()
	info, err := framework.NewPodInfo(pod)
	Must(c.tb, err)
	c.nominated[node] = append(c.nominated[node], info)
}

// Handle returns what a plugin is made with.
func (c *Cluster) Handle() fwk.Handle {
	c.tb.Helper()
	handle, err := frameworkruntime.NewFramework(c.tb.Context(), nil, nil, c.options()...)
	Must(c.tb, err)
	return handle
}

func (c *Cluster) options() []frameworkruntime.Option {
	return []frameworkruntime.Option{
		frameworkruntime.WithSnapshotSharedLister(c.Snapshot),
		frameworkruntime.WithInformerFactory(c.Informers),
		frameworkruntime.WithPodNominator(c.nominated),
		frameworkruntime.WithParallelism(1),
	}
}

// Pair is the same profile twice: with the in-tree plugin and with the guarded
// one.
type Pair struct {
	InTree, Guarded framework.Framework
	// Plugin is the guarded one.
	Plugin fwk.Plugin
}

// Pair returns a profile with each of the plugins, which have the same arguments in
// their own forms.
func (c *Cluster) Pair(inTree, guarded runtime.Object) Pair {
	c.tb.Helper()
	features := feature.NewSchedulerFeaturesFromGates(utilfeature.DefaultFeatureGate)
	var p Pair
	p.InTree, _ = c.framework(c.plugins.InTree, frameworkruntime.FactoryAdapter(features, c.plugins.NewInTree), inTree)
	p.Guarded, p.Plugin = c.framework(c.plugins.Guarded, c.plugins.NewGuarded, guarded)
	return p
}

// framework returns a profile with one plugin at every extension point it has.
func (c *Cluster) framework(name string, factory frameworkruntime.PluginFactory, args runtime.Object) (framework.Framework, fwk.Plugin) {
	c.tb.Helper()
	var plugin fwk.Plugin
	registry := frameworkruntime.Registry{
		queuesort.Name:     queuesort.New,
		defaultbinder.Name: defaultbinder.New,
		name: func(ctx context.Context, _ runtime.Object, h fwk.Handle) (fwk.Plugin, error) {
			var err error
			plugin, err = factory(ctx, args, h)
			return plugin, err
		},
	}
	profile := &schedulerconfig.KubeSchedulerProfile{SchedulerName: name, Plugins: &schedulerconfig.Plugins{
		MultiPoint: schedulerconfig.PluginSet{Enabled: []schedulerconfig.Plugin{
			{Name: queuesort.Name}, {Name: defaultbinder.Name}, {Name: name, Weight: 1},
		}},
	}}
	f, err := frameworkruntime.NewFramework(c.tb.Context(), registry, profile, c.options()...)
	Must(c.tb, err)
	return f, plugin
}

// nominator holds the pods that are nominated to a node and placed on none. No
// profile of a test nominates.
type nominator map[string][]fwk.PodInfo

func (n nominator) NominatedPodsForNode(node string) []fwk.PodInfo { return n[node] }

func (n nominator) AddNominatedPod(klog.Logger, fwk.PodInfo, *fwk.NominatingInfo) {}

func (n nominator) UpdateNominatedPod(klog.Logger, *corev1.Pod, fwk.PodInfo) {}

func (n nominator) DeleteNominatedPodIfExists(pod *corev1.Pod) {
	for node, infos := range n {
		n[node] = slices.DeleteFunc(infos, func(i fwk.PodInfo) bool { return i.GetPod().UID == pod.UID })
	}
}
