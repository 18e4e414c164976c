// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package podindex

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/labels"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	st "k8s.io/kubernetes/pkg/scheduler/testing"
)

// TestAskFindsTheKeyThatTellsPodsApart among 400 nodes with a pod each. Half of them
// belong to one application, and all to one tier and one stage.
func TestAskFindsTheKeyThatTellsPodsApart(t *testing.T) {
	var infos []fwk.NodeInfo
	for i := range 400 {
		name := fmt.Sprint(i)
		pod := st.MakePod().Namespace("shop").Name(name).UID(name).Label("app", fmt.Sprint(i)).Label("tier", "back").Label("stage", "prod").Label("zeal", "yes")
		if i%2 == 0 {
			pod.Label("app", "big")
		}
		info := framework.NewNodeInfo(pod.Obj())
		info.SetNode(st.MakeNode().Name(name).Obj())
		infos = append(infos, info)
	}
	for name, tc := range map[string]struct {
		selector string
		want     Query
		// wantKnown are the keys that are indexed in the end.
		wantKnown []string
	}{
		"one key":                      {"tier=back", Query{"tier", []Value{{"shop", "back"}}}, []string{"tier"}},
		"the fewest values":            {"app=1,tier in (back,front)", Query{"app", []Value{{"shop", "1"}}}, []string{"app"}},
		"the last is as good":          {"app=1,tier=front", Query{"tier", []Value{{"shop", "front"}}}, []string{"tier"}},
		"the last has too many":        {"app=1,tier=back", Query{"app", []Value{{"shop", "1"}}}, []string{"app", "tier"}},
		"all have many":                {"app=big,tier=back", Query{"app", []Value{{"shop", "big"}}}, []string{"app", "tier"}},
		"no more than three are tried": {"app=1,stage=prod,tier=back,zeal=yes", Query{"zeal", []Value{{"shop", "yes"}}}, []string{"stage", "tier", "zeal"}},
		"not by equality":              {"app!=1", Query{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			ix, start := New(), time.Unix(0, 0)
			selector, err := labels.Parse(tc.selector)
			if err != nil {
				t.Fatal(err)
			}
			var got Query
			var ok bool
			for i := range 3 { // The first time, nothing is known of the pods.
				got, ok = ix.Ask(selector, slices.Values([]string{"shop"}), start.Add(time.Duration(i)))
				ix.Refresh(infos, false)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" || ok != (tc.want.Key != "") {
				t.Errorf("asks: %v (-want +got):\n%s", ok, diff)
			}
			var known []string
			for key := range ix.keys {
				known = append(known, key)
			}
			slices.Sort(known)
			if diff := cmp.Diff(tc.wantKnown, known); diff != "" {
				t.Errorf("indexed keys (-want +got):\n%s", diff)
			}
			// What is not asked for is forgotten; what is, is not.
			ix.Expire(start.Add(2))
			if ok && (!ix.Knows(got.Key) || len(ix.keys) != 1) {
				t.Errorf("%d keys are known, want that which is asked for", len(ix.keys))
			}
		})
	}
}
