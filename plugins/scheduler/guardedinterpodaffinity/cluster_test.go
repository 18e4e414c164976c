// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package guardedinterpodaffinity

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	schedulerconfig "k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/interpodaffinity"

	"github.com/evenkeel/evenkeel/api/config"
	"github.com/evenkeel/evenkeel/plugins/scheduler/guardtest"
	"github.com/evenkeel/evenkeel/plugins/scheduler/podindex"
)

func plugins() guardtest.Plugins {
	return guardtest.Plugins{InTree: interpodaffinity.Name, NewInTree: interpodaffinity.New, Guarded: Name, NewGuarded: NewFactory(&podindex.Indexes{})}
}

func newCluster(tb testing.TB) *guardtest.Cluster {
	tb.Helper()
	return guardtest.NewCluster(tb, plugins())
}

func pair(c *guardtest.Cluster, args config.GuardedInterPodAffinityArgs) guardtest.Pair {
	return c.Pair(&schedulerconfig.InterPodAffinityArgs{
		HardPodAffinityWeight:              args.HardPodAffinityWeight,
		IgnorePreferredTermsOfExistingPods: args.IgnorePreferredTermsOfExistingPods,
	}, &args)
}

// pluginOf returns the guarded plugin of a pair.
func pluginOf(p guardtest.Pair) *GuardedInterPodAffinity {
	return p.Plugin.(*GuardedInterPodAffinity)
}

func setNamespace(t *testing.T, c *guardtest.Cluster, name string, labels map[string]string) {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}
	guardtest.Must(t, c.Informers.Core().V1().Namespaces().Informer().GetIndexer().Add(namespace))
}

func removeNamespace(t *testing.T, c *guardtest.Cluster, name string) {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	guardtest.Must(t, c.Informers.Core().V1().Namespaces().Informer().GetIndexer().Delete(namespace))
}
