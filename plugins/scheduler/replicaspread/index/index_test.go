// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package index

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/backend/cache"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	st "k8s.io/kubernetes/pkg/scheduler/testing"
)

func ownedPod(kind, owner string, labels map[string]string) *corev1.Pod {
	pod := st.MakePod().Namespace("ns").Name(owner+"-x").Labels(labels).
		OwnerReference(owner, schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: kind}).Obj()
	pod.OwnerReferences[0].UID = types.UID(owner + "-uid")
	return pod
}

func annotated(pod *corev1.Pod, name string) *corev1.Pod {
	pod.Annotations = map[string]string{name: "1"}
	return pod
}

func terminating(pod *corev1.Pod) *corev1.Pod {
	pod.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)}
	return pod
}

// oneNode is a cluster of a node in a zone.
func oneNode(pods ...*corev1.Pod) []fwk.NodeInfo {
	info := framework.NewNodeInfo(pods...)
	info.SetNode(st.MakeNode().Name("a").Label("rack", "r").Label("zone", "z").Obj())
	return []fwk.NodeInfo{info}
}

func TestWorkloadOf(t *testing.T) {
	notController := ownedPod("ReplicaSet", "web-abc", nil)
	notController.OwnerReferences[0].Controller = nil
	labelled := Identity{WorkloadKeys: []string{"cluster", "unit"}, FamilyKeys: []string{"service"}}
	for name, tc := range map[string]struct {
		identity  Identity
		pod       *corev1.Pod
		want      Workload
		wantIsNot bool
	}{
		"a Deployment's ReplicaSet is a revision of a family": {
			pod:  ownedPod("ReplicaSet", "web-abc", map[string]string{"pod-template-hash": "abc"}),
			want: Workload{ID: "web-abc-uid", Family: "ns/web/pod-template-hash"},
		},
		"so is an Argo Rollout's": {
			pod:  ownedPod("ReplicaSet", "web-abc", map[string]string{"rollouts-pod-template-hash": "abc"}),
			want: Workload{ID: "web-abc-uid", Family: "ns/web/rollouts-pod-template-hash"},
		},
		"a ReplicaSet of its own has no family": {
			pod:  ownedPod("ReplicaSet", "web", nil),
			want: Workload{ID: "web-uid"},
		},
		"a ReplicaSet adopted under another name has no family": {
			pod:  ownedPod("ReplicaSet", "web-by-hand", map[string]string{"pod-template-hash": "abc"}),
			want: Workload{ID: "web-by-hand-uid"},
		},
		"a StatefulSet has no family": {
			pod:  ownedPod("StatefulSet", "db", nil),
			want: Workload{ID: "db-uid"},
		},
		"any other kind is a workload": {
			pod:  ownedPod("CloneSet", "web", nil),
			want: Workload{ID: "web-uid"},
		},
		"a DaemonSet is not":              {pod: ownedPod("DaemonSet", "agent", nil), wantIsNot: true},
		"a Job is not":                    {pod: ownedPod("Job", "batch", nil), wantIsNot: true},
		"a static pod is not":             {pod: ownedPod("Node", "node-1", nil), wantIsNot: true},
		"a bare pod is not":               {pod: st.MakePod().Name("bare").Obj(), wantIsNot: true},
		"an owner must be the controller": {pod: notController, wantIsNot: true},

		"a Job is if the configuration says so": {
			identity: Identity{Kinds: []string{"Job"}},
			pod:      ownedPod("Job", "batch", nil),
			want:     Workload{ID: "batch-uid"},
		},
		"a DaemonSet is not because a Job is": {
			identity:  Identity{Kinds: []string{"Job"}},
			pod:       ownedPod("DaemonSet", "agent", nil),
			wantIsNot: true,
		},
		"a Job is if its pods name a cap": {
			pod:  annotated(ownedPod("Job", "batch", nil), "spread.evenkeel.io/max-per-zone"),
			want: Workload{ID: "batch-uid"},
		},
		"but not for any other annotation": {
			pod:       annotated(ownedPod("Job", "batch", nil), "spread.evenkeel.io/note"),
			wantIsNot: true,
		},
		"a static pod is not, whatever it names": {
			identity:  Identity{Kinds: []string{"Job", "DaemonSet"}},
			pod:       annotated(ownedPod("Node", "node-1", nil), "spread.evenkeel.io/max-per-zone"),
			wantIsNot: true,
		},
		"a label names the workload of a bare pod": {
			identity: labelled,
			pod:      st.MakePod().Namespace("ns").Name("bare").Label("unit", "db").Obj(),
			want:     Workload{ID: "ns/unit=db"},
		},
		"and across owners": {
			identity: labelled,
			pod:      ownedPod("ReplicaSet", "web-abc", map[string]string{"pod-template-hash": "abc", "unit": "db"}),
			want:     Workload{ID: "ns/unit=db"},
		},
		"the first key wins": {
			identity: labelled,
			pod:      ownedPod("StatefulSet", "db-0", map[string]string{"unit": "db", "cluster": "main"}),
			want:     Workload{ID: "ns/cluster=main"},
		},
		"an empty label names nothing": {
			identity: labelled,
			pod:      ownedPod("StatefulSet", "db-0", map[string]string{"unit": ""}),
			want:     Workload{ID: "db-0-uid"},
		},
		"a label names the family": {
			identity: labelled,
			pod:      ownedPod("ReplicaSet", "web-abc", map[string]string{"pod-template-hash": "abc", "service": "web"}),
			want:     Workload{ID: "web-abc-uid", Family: "ns/service=web"},
		},
		"of a workload by label too": {
			identity: labelled,
			pod:      st.MakePod().Namespace("ns").Name("bare").Label("unit", "db").Label("service", "web").Obj(),
			want:     Workload{ID: "ns/unit=db", Family: "ns/service=web"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := tc.identity.WorkloadOf(tc.pod)
			if ok == tc.wantIsNot {
				t.Fatalf("is a workload: %t", ok)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDomainNames(t *testing.T) {
	const host, vm = "metal", "kubernetes.io/hostname"
	for name, tc := range map[string]struct {
		labels map[string]string
		want   []string
	}{
		"each level by its label": {
			labels: map[string]string{host: "m1", vm: "vm1", "rack": "r1", "zone": "z1"},
			want:   []string{"metal=m1", "zone=z1/rack=r1", "zone=z1"},
		},
		"the second label stands in": {
			labels: map[string]string{vm: "vm1", "rack": "r1", "zone": "z1"},
			want:   []string{"kubernetes.io/hostname=vm1", "zone=z1/rack=r1", "zone=z1"},
		},
		"an empty value is none": {
			labels: map[string]string{host: "", vm: "vm1", "rack": "", "zone": ""},
			want:   []string{"kubernetes.io/hostname=vm1", "node-1", "node-1"},
		},
		"without labels the node is the domain": {
			want: []string{"node-1", "node-1", "node-1"},
		},
		"a rack in no zone goes by its own name": {
			labels: map[string]string{host: "m1", "rack": "r1"},
			want:   []string{"metal=m1", "rack=r1", "node-1"},
		},
		"a node in no rack is alone, though its zone is known": {
			labels: map[string]string{host: "m1", "zone": "z1"},
			want:   []string{"metal=m1", "node-1", "zone=z1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			node := st.MakeNode().Name("node-1").Obj()
			node.Labels = tc.labels
			if diff := cmp.Diff(tc.want, DomainNames(testConfig.Levels, node)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestDomainNamesNest names a host within its rack within its zone.
func TestDomainNamesNest(t *testing.T) {
	levels := []Level{{Labels: []string{"host"}, Nested: true}, {Labels: []string{"rack"}, Nested: true}, {Labels: []string{"zone"}}}
	node := st.MakeNode().Name("node-1").Label("host", "7").Label("rack", "2").Label("zone", "b").Obj()
	if diff := cmp.Diff([]string{"zone=b/rack=2/host=7", "zone=b/rack=2", "zone=b"}, DomainNames(levels, node)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// The host is within the rack, and no rack is known.
	delete(node.Labels, "rack")
	if diff := cmp.Diff([]string{"host=7", "node-1", "zone=b"}, DomainNames(levels, node)); diff != "" {
		t.Errorf("without a rack (-want +got):\n%s", diff)
	}
}

func TestRefreshReadsOnlyWhatChanged(t *testing.T) {
	var infos []fwk.NodeInfo
	for i := range 10 {
		info := framework.NewNodeInfo()
		info.SetNode(st.MakeNode().Name(fmt.Sprintf("node-%d", i)).Obj())
		infos = append(infos, info)
	}
	ix := New(testConfig)
	expect := func(what string, all bool, want int) {
		t.Helper()
		if got := ix.Refresh(infos, RefreshOptions{All: all}); got != want {
			t.Errorf("%s: %d nodes were read, want %d", what, got, want)
		}
	}
	place := func(n int) { infos[n].(*framework.NodeInfo).AddPod(ownedPod("StatefulSet", "db", nil)) }
	expect("first", false, 10)
	expect("nothing changed", true, 0)
	place(3)
	expect("a pod was placed", true, 1)

	place(3)
	place(4)
	expect("two were placed and nobody says so", false, 0)
	ix.Touch("node-3")
	ix.Touch("node-5")
	ix.Touch("no such node")
	expect("two were touched, one of which changed", false, 1)
	expect("and none was touched since", false, 0)
	expect("the other one is found by comparing all", true, 1)
	if got := ix.Count(Workload{ID: "db-uid"}, infos[3:5]); got[0].OnNode != 2 || got[1].OnNode != 1 {
		t.Errorf("the counts are %+v", got)
	}

	ix.Touch("node-0")
	infos = slices.Clone(infos[1:])
	place(0)
	expect("a node is gone: all are compared", false, 1)
	if got, want := ix.Size(), (Size{Nodes: 9, Workloads: 1}); got != want {
		t.Errorf("size is %+v, want %+v", got, want)
	}
	infos = infos[4:]
	expect("the nodes with the pods are gone", false, 0)
	if got, want := ix.Size(), (Size{Nodes: 5}); got != want {
		t.Errorf("size is %+v, want %+v", got, want)
	}
	infos[0], infos[1] = infos[1], infos[0]
	expect("the list was changed in place", true, 0)
	infos[0].(*framework.NodeInfo).AddPod(ownedPod("StatefulSet", "db", nil))
	ix.Touch(infos[0].Node().Name)
	expect("and a node is found where it is now", false, 1)
}

// TestWhatWasReadOnTrialIsReadAgain withdraws a pod that was placed on trial, which
// the generation tells nothing of.
func TestWhatWasReadOnTrialIsReadAgain(t *testing.T) {
	snapshot := cache.NewSnapshot(nil, []*corev1.Node{st.MakeNode().Name("a").Obj(), st.MakeNode().Name("b").Obj()})
	infos, err := snapshot.List()
	if err != nil {
		t.Fatal(err)
	}
	ix := New(testConfig)
	pods := func(opts RefreshOptions) int32 {
		ix.Refresh(infos, opts)
		return ix.PodsOn("db-uid", "a")
	}
	if got := pods(RefreshOptions{}); got != 0 {
		t.Errorf("%d pods before", got)
	}
	pod := ownedPod("StatefulSet", "db", nil)
	pod.UID, pod.Spec.NodeName = "db-1", "a"
	info, err := framework.NewPodInfo(pod)
	if err != nil {
		t.Fatal(err)
	}
	if err := snapshot.AssumePod(info); err != nil {
		t.Fatal(err)
	}
	if got := pods(RefreshOptions{OnTrial: true}); got != 1 {
		t.Errorf("%d pods on trial, want 1", got)
	}
	if err := snapshot.ForgetPod(klog.Background(), pod); err != nil {
		t.Fatal(err)
	}
	if got := pods(RefreshOptions{}); got != 0 {
		t.Errorf("%d pods after the trial", got)
	}
}

func TestDomainNumbersAreUsedAgain(t *testing.T) {
	ix := New(Config{Levels: []Level{{Labels: []string{"zone"}}}})
	for i := range 100 {
		info := framework.NewNodeInfo()
		info.SetNode(st.MakeNode().Name("node").Label("zone", fmt.Sprintf("zone-%d", i)).Obj())
		ix.Refresh([]fwk.NodeInfo{info}, RefreshOptions{})
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
