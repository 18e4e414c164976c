// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package snapshotview

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/backend/cache"
	st "k8s.io/kubernetes/pkg/scheduler/testing"

	"github.com/evenkeel/evenkeel/plugins/scheduler/guardtest"
)

// TestViewShowsEveryListNarrowed is what makes an in-tree plugin cheap: whichever
// list it asks for, it is shown the nodes that can make a difference.
func TestViewShowsEveryListNarrowed(t *testing.T) {
	away := &corev1.PodAntiAffinity{}
	term := corev1.PodAffinityTerm{TopologyKey: corev1.LabelHostname, LabelSelector: &metav1.LabelSelector{}}
	away.RequiredDuringSchedulingIgnoredDuringExecution = []corev1.PodAffinityTerm{term}
	rather := &corev1.PodAntiAffinity{PreferredDuringSchedulingIgnoredDuringExecution: []corev1.WeightedPodAffinityTerm{{Weight: 1, PodAffinityTerm: term}}}
	var nodes []*corev1.Node
	for i := range 3 {
		nodes = append(nodes, st.MakeNode().Name(fmt.Sprint("n", i)).Obj())
	}
	var pods []*corev1.Pod
	for node, anti := range map[string]*corev1.PodAntiAffinity{"n1": away, "n2": rather} {
		pod := st.MakePod().Name(node).UID(node).Node(node).Obj()
		pod.Spec.Affinity = &corev1.Affinity{PodAntiAffinity: anti}
		pods = append(pods, pod)
	}
	snapshot := cache.NewSnapshot(pods, nodes)
	view := New(snapshot)
	handle := Handle{View: view}
	lists := func() map[string][]string {
		infos := handle.SnapshotSharedLister().NodeInfos()
		got := map[string][]string{}
		for name, list := range map[string]func() ([]fwk.NodeInfo, error){
			"all": infos.List, "with affinity": infos.HavePodsWithAffinityList, "with required anti-affinity": infos.HavePodsWithRequiredAntiAffinityList,
		} {
			shown, err := list()
			if err != nil {
				t.Fatal(err)
			}
			got[name] = guardtest.NamesOf(shown)
		}
		return got
	}
	all, err := snapshot.NodeInfos().List()
	if err != nil {
		t.Fatal(err)
	}
	narrow := guardtest.NamesOf(all[:1])
	view.Show(all[:1], func() {
		if diff := cmp.Diff(map[string][]string{"all": narrow, "with affinity": narrow, "with required anti-affinity": narrow}, lists()); diff != "" {
			t.Errorf("narrowed (-want +got):\n%s", diff)
		}
	})
	want := map[string][]string{"all": {"n0", "n1", "n2"}, "with affinity": {"n1", "n2"}, "with required anti-affinity": {"n1"}}
	if diff := cmp.Diff(want, lists()); diff != "" {
		t.Errorf("afterwards (-want +got):\n%s", diff)
	}
}
