// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package podindex

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	st "k8s.io/kubernetes/pkg/scheduler/testing"
)

// layouts are what the random test tells nodes apart by.
var layouts = []Layout{
	{Domain: "zone"},
	{Domain: "host", Required: []string{"host", "zone"}},
	{Domain: "zone", Pool: []string{"pool", "size"}},
	{Domain: "zone", Required: []string{"pool"}, Taints: true},
	{Domain: "zone", Pool: []string{"pool"}, Taints: true},
}

// compareSpread checks what stands for the domains without a node of a query: in
// each pool, as many of them as are asked for; or, if there are fewer, every domain.
func (c *churn) compareSpread(ix *Index, tracked []string) {
	c.Helper()
	queries := []Query{{Key: tracked[0], Values: []Value{{Namespace: c.namespace(), Value: c.value()}}}}
	l, atLeast := layouts[c.IntN(len(layouts))], 1+c.IntN(4)
	infos, ok := ix.Spread(queries, []Empty{{Layout: l, AtLeast: atLeast}})
	if !ok {
		c.Fatalf("layout %+v is not known", l)
	}
	// pool and domain of a node, by a comparison of what the layout names.
	placeOf := func(node *corev1.Node) (pool, domain string, in bool) {
		domain, in = node.Labels[l.Domain]
		for _, key := range l.Required {
			if _, has := node.Labels[key]; !has {
				in = false
			}
		}
		for _, key := range l.Pool {
			value, has := node.Labels[key]
			pool += fmt.Sprintf("%s %t %q ", key, has, value)
		}
		if l.Taints {
			pool += fmt.Sprint(node.Spec.Taints)
		}
		return pool, domain, in
	}
	touched, all, shown, answers := map[string]bool{}, map[string]map[string]bool{}, map[string]map[string]bool{}, map[string]bool{}
	note := func(in map[string]map[string]bool, node *corev1.Node) {
		if pool, domain, ok := placeOf(node); ok {
			if in[pool] == nil {
				in[pool] = map[string]bool{}
			}
			in[pool][domain] = true
		}
	}
	for _, info := range c.list() {
		note(all, info.Node())
		if slices.ContainsFunc(info.GetPods(), func(p fwk.PodInfo) bool { return asked(queries, p.GetPod()) }) {
			answers[info.Node().Name] = true
			if domain, ok := info.Node().Labels[l.Domain]; ok {
				touched[domain] = true
			}
		}
	}
	for _, info := range infos {
		note(shown, info.Node())
		delete(answers, info.Node().Name)
	}
	if len(answers) > 0 {
		c.Fatalf("the nodes %v, which answer the query, are left out", answers)
	}
	for pool, domains := range all {
		empty, shownEmpty := 0, 0
		for domain := range domains {
			if !touched[domain] {
				empty++
				if shown[pool][domain] {
					shownEmpty++
				}
			}
		}
		if shownEmpty < min(atLeast, empty) || empty >= atLeast && shownEmpty != atLeast {
			c.Fatalf("layout %+v, pool %q: %d empty domains are shown of %d, want %d", l, pool, shownEmpty, empty, min(atLeast, empty))
		}
		if empty < atLeast && len(shown[pool]) != len(domains) {
			c.Fatalf("layout %+v, pool %q: %d domains are shown of %d, of which %d are empty: want all", l, pool, len(shown[pool]), len(domains), empty)
		}
	}
}

// TestSpreadShowsFewNodes however many there are.
func TestSpreadShowsFewNodes(t *testing.T) {
	var infos []fwk.NodeInfo
	for i := range 1000 {
		info := framework.NewNodeInfo()
		if i < 3 {
			name := fmt.Sprint(i)
			info.AddPod(st.MakePod().Namespace("shop").Name(name).UID(name).Label("app", "web").Obj())
		}
		info.SetNode(st.MakeNode().Name(fmt.Sprint(i)).Label("host", fmt.Sprint(i)).Label("zone", fmt.Sprint(i%3)).Label("pool", fmt.Sprint(i%2)).Obj())
		infos = append(infos, info)
	}
	ix, now := New(), time.Unix(0, 0)
	ix.Track("app", now)
	web := []Query{{Key: "app", Values: []Value{{"shop", "web"}}}}
	required := []string{"host", "zone"}
	for name, tc := range map[string]struct {
		of []Empty
		// Of a domain that is not empty any node is taken, so perhaps one of the three
		// that are shown anyway.
		wantLeast, wantMost int
	}{
		"no layout":                 {wantLeast: 3, wantMost: 3},
		"hosts":                     {of: []Empty{{Layout{Domain: "host", Required: required}, 2}}, wantLeast: 5, wantMost: 5},
		"hosts of two pools":        {of: []Empty{{Layout{Domain: "host", Required: required, Pool: []string{"pool"}}, 2}}, wantLeast: 7, wantMost: 7},
		"many hosts":                {of: []Empty{{Layout{Domain: "host", Required: required}, 50}}, wantLeast: 53, wantMost: 53},
		"zones, none of them empty": {of: []Empty{{Layout{Domain: "zone", Required: required}, 2}}, wantLeast: 3, wantMost: 6},
	} {
		t.Run(name, func(t *testing.T) {
			for _, empty := range tc.of {
				ix.TrackLayout(empty.Layout, now)
			}
			ix.Refresh(infos, false)
			got, ok := ix.Spread(web, tc.of)
			if !ok || len(got) < tc.wantLeast || len(got) > tc.wantMost {
				t.Errorf("%d nodes are shown, known: %v, want %d to %d", len(got), ok, tc.wantLeast, tc.wantMost)
			}
		})
	}
	if _, ok := ix.Spread(web, []Empty{{Layout{Domain: "elsewhere"}, 2}}); ok {
		t.Error("a layout that is not tracked is known")
	}
}

// TestLayoutsAreBounded asks for a layout too many, and waits until nobody asks for
// the others.
func TestLayoutsAreBounded(t *testing.T) {
	info := framework.NewNodeInfo()
	info.SetNode(st.MakeNode().Name("n").Label("0", "x").Obj())
	ix, start := New(), time.Unix(0, 0)
	ix.Track("app", start.Add(time.Hour))
	ix.Refresh([]fwk.NodeInfo{info}, false)
	layout := func(i int) Layout { return Layout{Domain: fmt.Sprint(i)} }
	for i := range MaxKeys {
		ix.TrackLayout(layout(i), start.Add(time.Duration(i)))
	}
	ix.TrackLayout(layout(0), start.Add(time.Hour))
	ix.TrackLayout(layout(MaxKeys), start.Add(time.Hour))
	known := func() []int {
		var got []int
		for i := range MaxKeys + 1 {
			l := layout(i)
			if ix.layouts[l.id()] != nil {
				got = append(got, i)
			}
		}
		return got
	}
	if diff := cmp.Diff([]int{0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, known()); diff != "" {
		t.Errorf("layouts (-want +got):\n%s", diff)
	}
	ix.Expire(start.Add(time.Minute))
	if diff := cmp.Diff([]int{0, 16}, known()); diff != "" {
		t.Errorf("layouts that were asked for lately (-want +got):\n%s", diff)
	}
	if infos, ok := ix.Spread(nil, []Empty{{layout(0), 1}}); !ok || len(infos) != 1 {
		t.Errorf("%d nodes stand for the only domain, known: %v", len(infos), ok)
	}
}

// TestLayoutsDiffer by every part of them.
func TestLayoutsDiffer(t *testing.T) {
	ids := map[string]Layout{}
	for _, l := range []Layout{
		{Domain: "a"}, {Domain: "b"}, {Domain: "a", Required: []string{"b"}}, {Domain: "a", Pool: []string{"b"}}, {Domain: "a", Taints: true},
		{Domain: "a", Required: []string{"b", "c"}}, {Domain: "a", Required: []string{"b"}, Pool: []string{"c"}}, {Domain: "a", Pool: []string{"b", "c"}},
	} {
		if other, ok := ids[l.id()]; ok {
			t.Errorf("%+v and %+v are taken for the same", l, other)
		}
		ids[l.id()] = l
	}
}
