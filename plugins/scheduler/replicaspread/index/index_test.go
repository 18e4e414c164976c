// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package index

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	st "k8s.io/kubernetes/pkg/scheduler/testing"
)

func ownedPod(kind, owner string, labels map[string]string) *corev1.Pod {
	pod := st.MakePod().Namespace("ns").Name(owner+"-x").Labels(labels).
		OwnerReference(owner, schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: kind}).Obj()
	pod.OwnerReferences[0].UID = types.UID(owner + "-uid")
	return pod
}

func TestWorkloadOf(t *testing.T) {
	notController := ownedPod("ReplicaSet", "web-abc", nil)
	notController.OwnerReferences[0].Controller = nil
	for name, tc := range map[string]struct {
		pod       *corev1.Pod
		want      Workload
		wantIsNot bool
	}{
		"a Deployment's ReplicaSet is a revision of a family": {
			pod:  ownedPod("ReplicaSet", "web-abc", map[string]string{"pod-template-hash": "abc"}),
			want: Workload{UID: "web-abc-uid", Family: "ns/web/pod-template-hash"},
		},
		"so is an Argo Rollout's": {
			pod:  ownedPod("ReplicaSet", "web-abc", map[string]string{"rollouts-pod-template-hash": "abc"}),
			want: Workload{UID: "web-abc-uid", Family: "ns/web/rollouts-pod-template-hash"},
		},
		"a ReplicaSet of its own has no family": {
			pod:  ownedPod("ReplicaSet", "web", nil),
			want: Workload{UID: "web-uid"},
		},
		"a ReplicaSet adopted under another name has no family": {
			pod:  ownedPod("ReplicaSet", "web-by-hand", map[string]string{"pod-template-hash": "abc"}),
			want: Workload{UID: "web-by-hand-uid"},
		},
		"a StatefulSet has no family": {
			pod:  ownedPod("StatefulSet", "db", nil),
			want: Workload{UID: "db-uid"},
		},
		"any other kind is a workload": {
			pod:  ownedPod("CloneSet", "web", nil),
			want: Workload{UID: "web-uid"},
		},
		"a DaemonSet is not":              {pod: ownedPod("DaemonSet", "agent", nil), wantIsNot: true},
		"a Job is not":                    {pod: ownedPod("Job", "batch", nil), wantIsNot: true},
		"a static pod is not":             {pod: ownedPod("Node", "node-1", nil), wantIsNot: true},
		"a bare pod is not":               {pod: st.MakePod().Name("bare").Obj(), wantIsNot: true},
		"an owner must be the controller": {pod: notController, wantIsNot: true},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := WorkloadOf(tc.pod)
			if ok == tc.wantIsNot {
				t.Fatalf("is a workload: %t", ok)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDomainName(t *testing.T) {
	keys := []string{"metal", "kubernetes.io/hostname"}
	for name, tc := range map[string]struct {
		labels map[string]string
		want   string
	}{
		"the first label names the domain":  {labels: map[string]string{"metal": "m1", "kubernetes.io/hostname": "vm1"}, want: "metal=m1"},
		"the second stands in":              {labels: map[string]string{"kubernetes.io/hostname": "vm1"}, want: "kubernetes.io/hostname=vm1"},
		"an empty value is none":            {labels: map[string]string{"metal": "", "kubernetes.io/hostname": "vm1"}, want: "kubernetes.io/hostname=vm1"},
		"without a label it is a domain":    {labels: map[string]string{"rack": "r1"}, want: "node-1"},
		"the same value of another label ≠": {labels: map[string]string{"metal": "vm1"}, want: "metal=vm1"},
	} {
		t.Run(name, func(t *testing.T) {
			node := st.MakeNode().Name("node-1").Obj()
			node.Labels = tc.labels
			if got := domainName(node, keys); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestRefreshReadsOnlyWhatChanged(t *testing.T) {
	var infos []fwk.NodeInfo
	for i := range 10 {
		info := framework.NewNodeInfo()
		info.SetNode(st.MakeNode().Name(fmt.Sprintf("node-%d", i)).Obj())
		infos = append(infos, info)
	}
	ix := New(testLevels)
	expect := func(what string, want int) {
		t.Helper()
		if got := ix.Refresh(infos, false); got != want {
			t.Errorf("%s: %d nodes were read, want %d", what, got, want)
		}
	}
	expect("first", 10)
	expect("nothing changed", 0)
	infos[3].(*framework.NodeInfo).AddPod(ownedPod("StatefulSet", "db", nil))
	expect("a pod was placed", 1)
	infos = infos[1:]
	expect("a node is gone", 0)
	if got, want := ix.Size(), (Size{Nodes: 9, Workloads: 1}); got != want {
		t.Errorf("size is %+v, want %+v", got, want)
	}
	infos = infos[:2]
	expect("the node with the pod is gone", 0)
	if got, want := ix.Size(), (Size{Nodes: 2}); got != want {
		t.Errorf("size is %+v, want %+v", got, want)
	}
}

func TestDomainNumbersAreUsedAgain(t *testing.T) {
	ix := New([][]string{{"zone"}})
	for i := range 100 {
		info := framework.NewNodeInfo()
		info.SetNode(st.MakeNode().Name("node").Label("zone", fmt.Sprintf("zone-%d", i)).Obj())
		ix.Refresh([]fwk.NodeInfo{info}, false)
	}
	// The new domain is taken before the old one is given back.
	if got := len(ix.domains[0].names); got != 2 {
		t.Errorf("100 domains in turn took %d numbers, want 2", got)
	}
}

func TestHashIsFair(t *testing.T) {
	const nodes, pods = 10, 10_000
	wins := make([]int, nodes)
	for p := range pods {
		best, bestHash := 0, uint64(0)
		for n := range nodes {
			if h := Hash(fmt.Sprintf("pod-%d", p), hashString(fmt.Sprintf("node-%d", n))); h > bestHash {
				best, bestHash = n, h
			}
		}
		wins[best]++
	}
	// 1,000 each on average, with a standard deviation of 30.
	for n, w := range wins {
		if w < 850 || w > 1150 {
			t.Errorf("node %d was picked %d times of %d: %s", n, w, pods, strings.Trim(fmt.Sprint(wins), "[]"))
		}
	}
}
