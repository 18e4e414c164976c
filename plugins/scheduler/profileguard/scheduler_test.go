// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package profileguard

import (
	"context"
	"fmt"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/tools/events"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler"
	schedulerconfig "k8s.io/kubernetes/pkg/scheduler/apis/config"
	schedulerscheme "k8s.io/kubernetes/pkg/scheduler/apis/config/scheme"
	frameworkruntime "k8s.io/kubernetes/pkg/scheduler/framework/runtime"

	configscheme "github.com/evenkeel/evenkeel/api/config/scheme"
)

// install does once what a main does first.
var install = sync.OnceValue(configscheme.Install)

// load reads profiles the way kube-scheduler does.
func load(t *testing.T, profiles string) []schedulerconfig.KubeSchedulerProfile {
	t.Helper()
	if err := install(); err != nil {
		t.Fatal(err)
	}
	text := "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\nprofiles: " + profiles + "\n"
	obj, _, err := schedulerscheme.Codecs.UniversalDecoder().Decode([]byte(text), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return obj.(*schedulerconfig.KubeSchedulerConfiguration).Profiles
}

// run is a scheduler without a cluster.
type run struct {
	sched    *scheduler.Scheduler
	profiles []schedulerconfig.KubeSchedulerProfile
	client   kubernetes.Interface
	factory  informers.SharedInformerFactory
	// told are the events of all profiles, as "<type> <reason> <note>".
	told *events.FakeRecorder
}

func newRun(t *testing.T, profiles string, objects ...runtime.Object) (*run, error) {
	t.Helper()
	r := &run{profiles: load(t, profiles), client: fake.NewClientset(objects...), told: events.NewFakeRecorder(100)}
	r.factory = informers.NewSharedInformerFactory(r.client, 0)
	var err error
	r.sched, err = scheduler.New(t.Context(), r.client, r.factory, nil,
		func(string) events.EventRecorderLogger { return r.told },
		scheduler.WithProfiles(r.profiles...),
		scheduler.WithFrameworkOutOfTreeRegistry(frameworkruntime.Registry{
			Name:                       New,
			"GuardedInterPodAffinity":  stand(affinity{"GuardedInterPodAffinity"}),
			"GuardedPodTopologySpread": stand(affinity{"GuardedPodTopologySpread"}),
			"OtherSort":                stand(sorter{"OtherSort"}),
			"OtherBinder":              stand(binder{"OtherBinder"}),
		}))
	return r, err
}

func mustRun(t *testing.T, profiles string, objects ...runtime.Object) *run {
	t.Helper()
	r, err := newRun(t, profiles, objects...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The stand-ins do nothing at the points of the plugins that tests replace.
type (
	standIn  string
	affinity struct{ standIn }
	sorter   struct{ standIn }
	binder   struct{ standIn }
)

func stand(p fwk.Plugin) frameworkruntime.PluginFactory {
	return func(context.Context, runtime.Object, fwk.Handle) (fwk.Plugin, error) { return p, nil }
}

func (s standIn) Name() string { return string(s) }

func (affinity) PreFilter(context.Context, fwk.CycleState, *corev1.Pod, []fwk.NodeInfo) (*fwk.PreFilterResult, *fwk.Status) {
	return nil, nil
}

func (affinity) PreFilterExtensions() fwk.PreFilterExtensions { return nil }

func (affinity) Filter(context.Context, fwk.CycleState, *corev1.Pod, fwk.NodeInfo) *fwk.Status {
	return nil
}

func (sorter) Less(_, _ fwk.QueuedEntityInfo) bool { return false }

func (binder) Bind(context.Context, fwk.CycleState, *corev1.Pod, string) *fwk.Status { return nil }

// accepting returns pluginConfig that accepts the plugins.
func accepting(names ...string) string {
	out := "[{name: ProfileGuard, args: {acceptMissing: ["
	for _, name := range names {
		out += fmt.Sprintf("{plugin: %s, reason: tried by hand}, ", name)
	}
	return out + "]}}]"
}

func node(name string) *corev1.Node {
	capacity := corev1.ResourceList{corev1.ResourcePods: mustParse("10"), corev1.ResourceCPU: mustParse("4")}
	return &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name},
		Status: corev1.NodeStatus{Capacity: capacity, Allocatable: capacity}}
}
