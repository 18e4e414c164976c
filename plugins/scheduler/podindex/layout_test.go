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

// compareSpread checks what stands for the domains without a node of a query, in one
// layout or in two at once.
func (c *churn) compareSpread(ix *Index, tracked []string) {
	c.Helper()
	queries := []Query{{Key: tracked[0], Values: []Value{{Namespace: c.namespace(), Value: c.value()}}}}
	var of []Empty
	for _, i := range c.Perm(len(layouts))[:1+c.IntN(2)] {
		of = append(of, Empty{Layout: layouts[i], AtLeast: 1 + c.IntN(4)})
	}
	infos, ok := ix.Spread(queries, of)
	if !ok {
		c.Fatalf("layouts %+v are not known", of)
	}
	answers, shown := map[string]bool{}, map[string]bool{}
	for _, info := range c.list() {
		if slices.ContainsFunc(info.GetPods(), func(p fwk.PodInfo) bool { return asked(queries, p.GetPod()) }) {
			answers[info.Node().Name] = true
		}
	}
	for _, info := range infos {
		name := info.Node().Name
		if shown[name] {
			c.Fatalf("layouts %+v: %s is shown twice, so that its pods count twice", of, name)
		}
		shown[name] = true
	}
	for name := range answers {
		if !shown[name] {
			c.Fatalf("layouts %+v: %s, which answers the query, is left out", of, name)
		}
	}
	for _, empty := range of {
		c.compareLayout(empty, answers, shown, len(of) == 1)
	}
}

// compareLayout checks that of each pool as many empty domains are shown as are asked
// for, or, if there are fewer, every domain; and no more, if nothing else was asked.
func (c *churn) compareLayout(of Empty, answers, shown map[string]bool, alone bool) {
	c.Helper()
	l, atLeast := of.Layout, of.AtLeast
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
	type pool struct {
		// domains says of each whether it is shown, and empty which are not touched.
		domains map[string]bool
		empty   []string
		// others is the number of nodes that are shown and do not answer.
		others int
	}
	touched, pools := map[string]bool{}, map[string]*pool{}
	for _, info := range c.list() {
		if domain, ok := info.Node().Labels[l.Domain]; ok && answers[info.Node().Name] {
			touched[domain] = true
		}
	}
	for _, info := range c.list() {
		name, domain, ok := placeOf(info.Node())
		if !ok {
			continue
		}
		p := pools[name]
		if p == nil {
			p = &pool{domains: map[string]bool{}}
			pools[name] = p
		}
		if _, known := p.domains[domain]; !known && !touched[domain] {
			p.empty = append(p.empty, domain)
		}
		p.domains[domain] = p.domains[domain] || shown[info.Node().Name]
		if shown[info.Node().Name] && !answers[info.Node().Name] {
			p.others++
		}
	}
	for name, p := range pools {
		shownEmpty, shownDomains := 0, 0
		for domain, is := range p.domains {
			if is {
				shownDomains++
			}
			if is && !touched[domain] {
				shownEmpty++
			}
		}
		enough := len(p.empty) >= atLeast
		if shownEmpty < min(atLeast, len(p.empty)) {
			c.Fatalf("layout %+v, pool %q: %d empty domains are shown of %d, want %d", l, name, shownEmpty, len(p.empty), min(atLeast, len(p.empty)))
		}
		if !enough && shownDomains != len(p.domains) {
			c.Fatalf("layout %+v, pool %q: %d domains are shown of %d, of which %d are empty: want all", l, name, shownDomains, len(p.domains), len(p.empty))
		}
		if alone && enough && p.others != atLeast {
			c.Fatalf("layout %+v, pool %q: %d nodes stand for %d empty domains, want %d", l, name, p.others, len(p.empty), atLeast)
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

// TestLayoutForgetsPools relabels the only node of a pool and of a domain.
func TestLayoutForgetsPools(t *testing.T) {
	ix, now := New(), time.Unix(0, 0)
	l := Layout{Domain: "zone", Pool: []string{"pool"}}
	ix.Track("app", now)
	ix.TrackLayout(l, now)
	info := framework.NewNodeInfo()
	for i := range 3 {
		info.SetNode(st.MakeNode().Name("n").Label("zone", fmt.Sprint(i)).Label("pool", fmt.Sprint(i)).Obj())
		ix.Refresh([]fwk.NodeInfo{info}, false)
		if pools := ix.layouts[l.id()].pools; len(pools) != 1 {
			t.Errorf("%d pools are known of one node", len(pools))
		}
	}
	ix.Refresh(nil, false)
	if pools := ix.layouts[l.id()].pools; len(pools) != 0 {
		t.Errorf("%d pools are known without a node", len(pools))
	}
}
