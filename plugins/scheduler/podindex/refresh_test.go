// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package podindex

import (
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	st "k8s.io/kubernetes/pkg/scheduler/testing"
)

// TestExpiryLetsGoOfPods waits until nobody asks for the only key any more.
func TestExpiryLetsGoOfPods(t *testing.T) {
	info := framework.NewNodeInfo(st.MakePod().Namespace("ns").Name("a").UID("a").Label("app", "web").Obj())
	info.SetNode(st.MakeNode().Name("n").Obj())
	ix, start := New(), time.Unix(0, 0)
	ix.Track("app", start)
	ix.Refresh([]fwk.NodeInfo{info}, false)
	ix.Expire(start)
	if !ix.Tracks() || len(ix.byName) != 1 {
		t.Error("a key that was just asked for is forgotten")
	}
	ix.Expire(start.Add(1))
	if ix.Tracks() || len(ix.byName) != 0 || len(ix.nodes) != 0 {
		t.Error("a key that nobody asks for is remembered, or its nodes are")
	}
	ix.Track("app", start.Add(2))
	ix.Refresh([]fwk.NodeInfo{info}, false)
	if got := ix.Nodes([]Query{{Key: "app", Values: []Value{{"ns", "web"}}}}); len(got) != 1 {
		t.Errorf("asked for again, it names %d nodes, want 1", len(got))
	}
}

// TestNothingIsLeftBehind takes all pods away.
func TestNothingIsLeftBehind(t *testing.T) {
	info := framework.NewNodeInfo(st.MakePod().Namespace("ns").Name("a").UID("a").Label("app", "web").Obj())
	info.SetNode(st.MakeNode().Name("n").Obj())
	ix := New()
	ix.Track("app", time.Now())
	ix.Refresh([]fwk.NodeInfo{info}, false)
	if n := len(ix.keys["app"]); n != 1 {
		t.Fatalf("%d values are counted, want 1", n)
	}
	empty := framework.NewNodeInfo()
	empty.SetNode(info.Node())
	ix.Refresh([]fwk.NodeInfo{empty}, false)
	if n := len(ix.keys["app"]); n != 0 {
		t.Errorf("%d values are counted without a pod", n)
	}
	for _, pod := range ix.byName["n"].pods[:1] {
		if pod != nil {
			t.Errorf("pod %s is gone and is held on to", pod.Name)
		}
	}
	ix.Refresh(nil, false)
	if len(ix.byName) != 0 {
		t.Errorf("%d nodes are known without one", len(ix.byName))
	}
}

// TestRefreshReadsWhatChanged and what may have been withdrawn since.
func TestRefreshReadsWhatChanged(t *testing.T) {
	var infos []fwk.NodeInfo
	for i := range 3 {
		info := framework.NewNodeInfo()
		info.SetNode(st.MakeNode().Name(fmt.Sprint("n", i)).Obj())
		infos = append(infos, info)
	}
	// What is left of a node that is gone before its pods are.
	infos = append(infos, framework.NewNodeInfo(st.MakePod().Namespace("ns").Name("lost").UID("lost").Label("app", "web").Obj()))
	ix := New()
	refresh := func(what string, onTrial bool, want int) {
		t.Helper()
		if got := ix.Refresh(infos, onTrial); got != want {
			t.Errorf("%s: %d nodes are read, want %d", what, got, want)
		}
	}
	refresh("without a key", false, 0)
	ix.Track("app", time.Unix(0, 0))
	refresh("the first time", false, 3)
	refresh("nothing changed", false, 0)
	refresh("nothing was placed on trial", true, 0)
	infos[1].AddPodInfo(mustPodInfo(t, st.MakePod().Namespace("ns").Name("a").UID("a").Label("app", "web").Obj()))
	refresh("a pod on trial", true, 1)
	refresh("it may have been withdrawn", true, 1)
	refresh("the trial is over", false, 1)
	refresh("nothing changed since", false, 0)
	if got := ix.Nodes([]Query{{Key: "app", Values: []Value{{"ns", "web"}}}}); len(got) != 1 || got[0] != infos[1] {
		t.Errorf("%d nodes are named, want that with the pod", len(got))
	}
}

func mustPodInfo(t *testing.T, pod *corev1.Pod) fwk.PodInfo {
	t.Helper()
	info, err := framework.NewPodInfo(pod)
	if err != nil {
		t.Fatal(err)
	}
	return info
}
