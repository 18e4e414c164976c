// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package guardedinterpodaffinity

import (
	"context"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	schedulerconfig "k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/backend/cache"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/defaultbinder"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/interpodaffinity"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/queuesort"
	frameworkruntime "k8s.io/kubernetes/pkg/scheduler/framework/runtime"
	"k8s.io/kubernetes/pkg/scheduler/metrics"

	"github.com/evenkeel/evenkeel/api/config"
	"github.com/evenkeel/evenkeel/plugins/scheduler/podindex"
)

// cluster is a scheduler cache with its snapshot, namespaces and nominated pods,
// and frameworks that see them.
type cluster struct {
	tb         testing.TB
	cache      cache.Cache
	snapshot   *cache.Snapshot
	informers  informers.SharedInformerFactory
	nominated  nominator
	newGuarded frameworkruntime.PluginFactory
}

func newCluster(tb testing.TB) *cluster {
	tb.Helper()
	metrics.Register() // The cache counts its nodes and pods.
	return &cluster{
		tb:         tb,
		cache:      cache.New(tb.Context(), nil, false, false),
		snapshot:   cache.NewEmptySnapshot(),
		informers:  informers.NewSharedInformerFactory(fake.NewClientset(), 0),
		nominated:  nominator{},
		newGuarded: NewFactory(&podindex.Indexes{}),
	}
}

func must(tb testing.TB, err error) {
	if err != nil {
		tb.Helper()
		tb.Fatal(err)
	}
}

// update takes a new snapshot, as the scheduler does before each pod.
func (c *cluster) update() {
	c.tb.Helper()
	must(c.tb, c.cache.UpdateSnapshot(klog.Background(), c.snapshot))
}

func (c *cluster) nodes() []fwk.NodeInfo {
	c.tb.Helper()
	infos, err := c.snapshot.NodeInfos().List()
	must(c.tb, err)
	return infos
}

// place adds pods that run on nodes.
func (c *cluster) place(pods ...*corev1.Pod) {
	c.tb.Helper()
	for _, pod := range pods {
		must(c.tb, c.cache.AddPod(klog.Background(), pod))
	}
}

func (c *cluster) setNamespace(name string, labels map[string]string) {
	c.tb.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}
	must(c.tb, c.informers.Core().V1().Namespaces().Informer().GetIndexer().Add(namespace))
}

func (c *cluster) removeNamespace(name string) {
	c.tb.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	must(c.tb, c.informers.Core().V1().Namespaces().Informer().GetIndexer().Delete(namespace))
}

// pair is the same profile twice: with the in-tree plugin and with the guarded
// one.
type pair struct {
	inTree, guarded framework.Framework
	plugin          *GuardedInterPodAffinity
}

func (c *cluster) pair(args config.GuardedInterPodAffinityArgs) pair {
	c.tb.Helper()
	var p pair
	p.inTree = c.framework(interpodaffinity.Name, func(ctx context.Context, _ runtime.Object, h fwk.Handle) (fwk.Plugin, error) {
		return newInTree(ctx, &schedulerconfig.InterPodAffinityArgs{
			HardPodAffinityWeight:              args.HardPodAffinityWeight,
			IgnorePreferredTermsOfExistingPods: args.IgnorePreferredTermsOfExistingPods,
		}, h)
	})
	p.guarded = c.framework(Name, func(ctx context.Context, _ runtime.Object, h fwk.Handle) (fwk.Plugin, error) {
		pl, err := c.newGuarded(ctx, &args, h)
		p.plugin, _ = pl.(*GuardedInterPodAffinity)
		return pl, err
	})
	return p
}

// framework returns a profile with one plugin at every extension point it has.
func (c *cluster) framework(name string, factory frameworkruntime.PluginFactory) framework.Framework {
	c.tb.Helper()
	registry := frameworkruntime.Registry{
		queuesort.Name:     queuesort.New,
		defaultbinder.Name: defaultbinder.New,
		name:               factory,
	}
	profile := &schedulerconfig.KubeSchedulerProfile{SchedulerName: name, Plugins: &schedulerconfig.Plugins{
		MultiPoint: schedulerconfig.PluginSet{Enabled: []schedulerconfig.Plugin{
			{Name: queuesort.Name}, {Name: defaultbinder.Name}, {Name: name, Weight: 1},
		}},
	}}
	f, err := frameworkruntime.NewFramework(c.tb.Context(), registry, profile,
		frameworkruntime.WithSnapshotSharedLister(c.snapshot),
		frameworkruntime.WithInformerFactory(c.informers),
		frameworkruntime.WithPodNominator(c.nominated),
		frameworkruntime.WithParallelism(1),
	)
	must(c.tb, err)
	return f
}

// nominator holds the pods that are nominated to a node and placed on none.
type nominator map[string][]fwk.PodInfo

func (n nominator) NominatedPodsForNode(node string) []fwk.PodInfo { return n[node] }

func (n nominator) nominate(tb testing.TB, pod *corev1.Pod, node string) {
	tb.Helper()
	info, err := framework.NewPodInfo(pod)
	must(tb, err)
	n[node] = append(n[node], info)
}

func (n nominator) AddNominatedPod(klog.Logger, fwk.PodInfo, *fwk.NominatingInfo) {}

func (n nominator) UpdateNominatedPod(klog.Logger, *corev1.Pod, fwk.PodInfo) {}

func (n nominator) DeleteNominatedPodIfExists(pod *corev1.Pod) {
	for node, infos := range n {
		n[node] = slices.DeleteFunc(infos, func(i fwk.PodInfo) bool { return i.GetPod().UID == pod.UID })
	}
}
