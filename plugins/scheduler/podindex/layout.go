// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package podindex

import (
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	fwk "k8s.io/kube-scheduler/framework"
)

// Layout is a way to tell nodes apart. Two nodes in the same domain of the same
// pool cannot be told apart by anything that only compares what the layout names.
type Layout struct {
	// Domain is the topology key whose values are the domains.
	Domain string
	// Required are the label keys that a node must have to be in the layout at all,
	// besides that of the domain.
	Required []string
	// Pool are the label keys by whose values, or absence, the pools are made.
	Pool []string
	// Taints says that the pools are made by the nodes' taints as well.
	Taints bool
}

// id tells layouts apart. A label key has no control characters.
func (l *Layout) id() string {
	var b strings.Builder
	b.WriteString(l.Domain)
	for _, keys := range [][]string{l.Required, l.Pool} {
		b.WriteByte('\n')
		for _, key := range keys {
			b.WriteString(key)
			b.WriteByte('\t')
		}
	}
	if l.Taints {
		b.WriteString("\ntaints")
	}
	return b.String()
}

// place returns the pool and the domain of a node, and false if it is not in the
// layout.
func (l *Layout) place(object *corev1.Node) (pool, domain string, ok bool) {
	if object == nil {
		return "", "", false
	}
	domain, ok = object.Labels[l.Domain]
	if !ok {
		return "", "", false
	}
	for _, key := range l.Required {
		if _, has := object.Labels[key]; !has {
			return "", "", false
		}
	}
	if len(l.Pool) == 0 && (!l.Taints || len(object.Spec.Taints) == 0) {
		return "", domain, true
	}
	var b strings.Builder
	for _, key := range l.Pool {
		if value, has := object.Labels[key]; has {
			b.WriteByte('=')
			b.WriteString(value)
		}
		b.WriteByte('\n')
	}
	if l.Taints {
		for _, taint := range object.Spec.Taints {
			b.WriteString(taint.Key)
			b.WriteByte('=')
			b.WriteString(taint.Value)
			b.WriteByte(':')
			b.WriteString(string(taint.Effect))
			b.WriteByte('\n')
		}
	}
	return b.String(), domain, true
}

// layout has the nodes of a Layout by pool and domain.
type layout struct {
	Layout
	pools map[string]map[string]map[*node]struct{}
	used  time.Time
}

// TrackLayout makes the index know a layout. Of too many, the one that was not
// asked for for the longest time is forgotten.
func (ix *Index) TrackLayout(l Layout, now time.Time) {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	id := l.id()
	if known := ix.layouts[id]; known != nil {
		known.used = now
		return
	}
	if len(ix.layouts) == MaxKeys {
		oldest := ""
		for id, l := range ix.layouts {
			if oldest == "" || l.used.Before(ix.layouts[oldest].used) {
				oldest = id
			}
		}
		delete(ix.layouts, oldest)
	}
	known := &layout{
		Layout: Layout{Domain: l.Domain, Required: slices.Clone(l.Required), Pool: slices.Clone(l.Pool), Taints: l.Taints},
		pools:  map[string]map[string]map[*node]struct{}{},
		used:   now,
	}
	for _, n := range ix.nodes {
		if pool, domain, ok := known.place(n.object); ok {
			known.add(n, pool, domain)
		}
	}
	ix.layouts[id] = known
}

// move puts a node where it belongs when its object becomes another one, nil if it
// is gone. Most changes of a node are of its status, and leave it where it is.
func (l *layout) move(n *node, object *corev1.Node) {
	pool, domain, was := l.place(n.object)
	newPool, newDomain, is := l.place(object)
	if was == is && pool == newPool && domain == newDomain {
		return
	}
	if was {
		l.remove(n, pool, domain)
	}
	if is {
		l.add(n, newPool, newDomain)
	}
}

func (l *layout) add(n *node, pool, domain string) {
	domains := l.pools[pool]
	if domains == nil {
		domains = map[string]map[*node]struct{}{}
		l.pools[pool] = domains
	}
	nodes := domains[domain]
	if nodes == nil {
		nodes = map[*node]struct{}{}
		domains[domain] = nodes
	}
	nodes[n] = struct{}{}
}

func (l *layout) remove(n *node, pool, domain string) {
	domains := l.pools[pool]
	delete(domains[domain], n)
	if len(domains[domain]) == 0 {
		delete(domains, domain)
	}
	if len(domains) == 0 {
		delete(l.pools, pool)
	}
}

// Empty asks for the empty domains of a layout.
type Empty struct {
	Layout Layout
	// AtLeast is how many empty domains of each pool must be known.
	AtLeast int
}

// Spread returns the nodes of the queries, as Nodes does, and others that stand for
// the domains without such a node: of each pool of each layout, one node of each of
// as many such domains as are asked for; and if the pool has fewer, one of each of
// its other domains as well, unless it was returned anyway. It returns false if the
// index does not know a layout.
func (ix *Index) Spread(queries []Query, of []Empty) ([]fwk.NodeInfo, bool) {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	nodes := ix.answer(queries)
	answer := nodes
	for i := range of {
		l := ix.layouts[of[i].Layout.id()]
		if l == nil {
			return nil, false
		}
		touched := make(map[string]struct{}, len(answer))
		for _, n := range answer {
			if value, ok := n.object.Labels[l.Domain]; ok {
				touched[value] = struct{}{}
			}
		}
		for _, domains := range l.pools {
			for _, n := range representatives(domains, touched, of[i].AtLeast) {
				if n.pass != ix.pass {
					n.pass = ix.pass
					nodes = append(nodes, n)
				}
			}
		}
	}
	return infosOf(nodes), true
}

// representatives returns a node of each of so many domains of a pool that are not
// touched, and, if there are not so many, a node of every domain.
func representatives(domains map[string]map[*node]struct{}, touched map[string]struct{}, atLeast int) []*node {
	some := make([]*node, 0, min(atLeast, len(domains)))
	for value, nodes := range domains {
		if _, ok := touched[value]; ok {
			continue
		}
		if len(some) == atLeast {
			return some
		}
		some = append(some, one(nodes))
	}
	if len(some) == atLeast {
		return some
	}
	for value := range touched {
		if nodes := domains[value]; nodes != nil {
			some = append(some, one(nodes))
		}
	}
	return some
}

// one returns any node of a domain, which has at least one.
func one(nodes map[*node]struct{}) *node {
	for n := range nodes {
		return n
	}
	return nil
}
