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
// belong to one application, and all to one tier and one stage; 40 to one team, and 20
// to one unit.
func TestAskFindsTheKeyThatTellsPodsApart(t *testing.T) {
	var all []fwk.NodeInfo
	for i := range 400 {
		name := fmt.Sprint(i)
		pod := st.MakePod().Namespace("shop").Name(name).UID(name).Label("app", fmt.Sprint(i)).Label("tier", "back").Label("stage", "prod").Label("zeal", "yes")
		if i%2 == 0 {
			pod.Label("app", "big")
		}
		if i < 40 {
			pod.Label("team", "red")
		}
		if i < 20 {
			pod.Label("unit", "north")
		}
		info := framework.NewNodeInfo(pod.Obj())
		info.SetNode(st.MakeNode().Name(name).Obj())
		all = append(all, info)
	}
	for name, tc := range map[string]struct {
		selector string
		// nodes, if not 0, are the first so many.
		nodes int
		want  Query
		// wantKnown are the keys that are indexed in the end.
		wantKnown []string
	}{
		"one key":                      {selector: "tier=back", want: Query{"tier", []Value{{"shop", "back"}}}, wantKnown: []string{"tier"}},
		"the fewest values":            {selector: "app=1,tier in (back,front)", want: Query{"app", []Value{{"shop", "1"}}}, wantKnown: []string{"app"}},
		"the last is as good":          {selector: "app=1,tier=front", want: Query{"tier", []Value{{"shop", "front"}}}, wantKnown: []string{"tier"}},
		"the last has too many":        {selector: "app=1,tier=back", want: Query{"app", []Value{{"shop", "1"}}}, wantKnown: []string{"app", "tier"}},
		"all have many":                {selector: "app=big,tier=back", want: Query{"app", []Value{{"shop", "big"}}}, wantKnown: []string{"app", "tier"}},
		"no more than three are tried": {selector: "app=1,stage=prod,tier=back,zeal=yes", want: Query{"zeal", []Value{{"shop", "yes"}}}, wantKnown: []string{"stage", "tier", "zeal"}},
		"one of several values":        {selector: "app in (1,3)", want: Query{"app", []Value{{"shop", "1"}, {"shop", "3"}}}, wantKnown: []string{"app"}},
		"an eighth is few enough":      {selector: "app=1,team=red", want: Query{"team", []Value{{"shop", "red"}}}, wantKnown: []string{"team"}},
		"an eighth, where that is few": {selector: "app=1,unit=north", nodes: 100, want: Query{"unit", []Value{{"shop", "north"}}}, wantKnown: []string{"unit"}},
		"more than an eighth":          {selector: "app=1,team=red", nodes: 100, want: Query{"app", []Value{{"shop", "1"}}}, wantKnown: []string{"app", "team"}},
		"not by equality":              {selector: "app!=1", want: Query{}, wantKnown: nil},
	} {
		t.Run(name, func(t *testing.T) {
			infos := all
			if tc.nodes > 0 {
				infos = all[:tc.nodes]
			}
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
			if ok && (!ix.Knows(got) || len(ix.keys) != 1) {
				t.Errorf("%d keys are known, want that which is asked for", len(ix.keys))
			}
		})
	}
}

// TestAskNamesEveryNamespaceAndValue and Size counts the nodes of all of them.
func TestAskNamesEveryNamespaceAndValue(t *testing.T) {
	var infos []fwk.NodeInfo
	for i, of := range []Value{{"shop", "a"}, {"shop", "b"}, {"shop", "b"}, {"bank", "a"}, {"bank", "c"}, {"post", "a"}} {
		name := fmt.Sprint(i)
		info := framework.NewNodeInfo(st.MakePod().Namespace(of.Namespace).Name(name).UID(name).Label("app", of.Value).Label("tier", "back").Obj())
		info.SetNode(st.MakeNode().Name(name).Obj())
		infos = append(infos, info)
	}
	ix, start := New(), time.Unix(0, 0)
	var queries []Query
	for _, text := range []string{"app in (a,b)", "tier=back"} {
		selector, err := labels.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		query, ok := ix.Ask(selector, slices.Values([]string{"shop", "bank"}), start)
		if !ok {
			t.Fatalf("%s is not answered", text)
		}
		queries = append(queries, query)
	}
	want := []Query{
		{"app", []Value{{"shop", "a"}, {"shop", "b"}, {"bank", "a"}, {"bank", "b"}}},
		{"tier", []Value{{"shop", "back"}, {"bank", "back"}}},
	}
	if diff := cmp.Diff(want, queries); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	ix.Refresh(infos, false)
	if got := ix.Size(queries); got != 4+5 {
		t.Errorf("%d nodes answer, want 4 by the application and 5 by the tier", got)
	}
}
