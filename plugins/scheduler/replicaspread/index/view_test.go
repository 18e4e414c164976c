// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package index

import (
	"errors"
	"testing"

	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	st "k8s.io/kubernetes/pkg/scheduler/testing"
)

func TestViewIsOfOneMoment(t *testing.T) {
	infos := oneNode(ownedPod("StatefulSet", "db", nil), ownedPod("StatefulSet", "db", nil))
	node := infos[0].(*framework.NodeInfo)
	ix := New(testConfig)
	ix.Refresh(infos, RefreshOptions{})
	live, frozen, nobody := ix.ViewOf("db-uid", false), ix.ViewOf("db-uid", true), ix.ViewOf("no-uid", false)
	expect := func(what string, v *View, want int32, wantErr error) {
		t.Helper()
		_, pods, err := v.Around("a")
		if !errors.Is(err, wantErr) || pods != [MaxLevels]int32{want, want, want} {
			t.Errorf("%s: got %v and error %v, want %d and %v", what, pods, err, want, wantErr)
		}
	}
	expect("live", live, 2, nil)
	expect("frozen", frozen, 2, nil)
	expect("of a workload without pods", nobody, 0, nil)
	if live.Pods() != 2 || nobody.Pods() != 0 {
		t.Errorf("there are %d and %d pods, want 2 and 0", live.Pods(), nobody.Pods())
	}
	if _, _, err := live.Around("b"); err == nil || errors.Is(err, ErrMoved) {
		t.Errorf("a node that does not exist: %v", err)
	}

	ix.Refresh(infos, RefreshOptions{All: true})
	expect("after a refresh without changes", live, 2, nil)

	node.AddPod(ownedPod("StatefulSet", "db", nil))
	ix.Refresh(infos, RefreshOptions{All: true})
	expect("live, after a pod was placed", live, 0, ErrMoved)
	expect("frozen, after a pod was placed", frozen, 2, nil)

	node.SetNode(st.MakeNode().Name("a").Label("zone", "other").Obj())
	ix.Refresh(infos, RefreshOptions{All: true})
	expect("frozen, after the node moved", frozen, 0, ErrMoved)
	if _, _, err := ix.ViewOf("db-uid", true).Around("a"); err != nil {
		t.Errorf("a view of now: %v", err)
	}

	frozen = ix.ViewOf("db-uid", true)
	other := framework.NewNodeInfo()
	other.SetNode(st.MakeNode().Name("b").Obj())
	ix.Refresh([]fwk.NodeInfo{node, other}, RefreshOptions{})
	expect("frozen, after a node came", frozen, 0, ErrMoved)
}

func TestPodsByName(t *testing.T) {
	ix := New(testConfig)
	ix.Refresh(oneNode(ownedPod("StatefulSet", "db", nil), ownedPod("StatefulSet", "db", nil), terminating(ownedPod("StatefulSet", "db", nil))), RefreshOptions{})
	for name, tc := range map[string]struct {
		id     string
		level  int
		domain string
		want   int32
	}{
		"a rack":           {id: "db-uid", level: 1, domain: "zone=z/rack=r", want: 2},
		"of another level": {id: "db-uid", level: 2, domain: "zone=z/rack=r"},
		"an unknown one":   {id: "db-uid", level: 1, domain: "rack=r"},
		"of nobody":        {id: "no-uid", level: 1, domain: "zone=z/rack=r"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := ix.PodsIn(tc.id, tc.level, tc.domain); got != tc.want {
				t.Errorf("got %d, want %d", got, tc.want)
			}
		})
	}
	if got := ix.PodsOn("db-uid", "a"); got != 2 {
		t.Errorf("%d pods on the node, want 2", got)
	}
	if got := ix.PodsOn("db-uid", "b") + ix.PodsOn("no-uid", "a"); got != 0 {
		t.Errorf("%d pods where there are none", got)
	}
}
