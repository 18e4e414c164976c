// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package index

import (
	"encoding/binary"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	fwk "k8s.io/kube-scheduler/framework"
)

// Kinds is a set of kinds of terms. They differ in what a match of one means for
// an incoming pod.
type Kinds uint8

const (
	// AntiAffinity are required anti-affinity terms over domains other than
	// kubernetes.io/hostname: the pod may not join the domain.
	AntiAffinity Kinds = 1 << antiAffinity
	// HostAntiAffinity are those over kubernetes.io/hostname. They are told
	// apart because the in-tree plugin treats them apart with the feature gate
	// InterPodAffinityHostnameFastPath.
	HostAntiAffinity Kinds = 1 << hostAntiAffinity
	// Affinity are required affinity terms: the pod may be drawn to the domain.
	Affinity Kinds = 1 << affinity
	// Preferred are preferred terms of both signs: the pod is drawn to the
	// domain, or pushed away from it.
	Preferred Kinds = 1 << preferred
)

// kind is one kind of terms.
type kind int

const (
	antiAffinity kind = iota
	hostAntiAffinity
	affinity
	preferred
	// kinds is the number of kinds.
	kinds
)

// declaration is a set of terms that at least one placed pod declares. Topology
// keys other than the host name and weights are left out: they do not bear on
// whether a term matches.
type declaration struct {
	key   string
	terms []declaredTerm
	// kinds has every kind that is declared, also by terms that match no pod.
	kinds Kinds
	// pods counts the placed pods that declare it, and nodes them on each node.
	pods  int
	nodes map[*node]int32
}

type declaredTerm struct {
	class *class
	kind  kind
}

// keyBuffer collects a declaration's key and where in it the keys of the classes
// are.
type keyBuffer struct {
	bytes []byte
	terms []keyedTerm
}

type keyedTerm struct {
	term       *fwk.AffinityTerm
	kind       kind
	start, end int
}

// acquire counts one more pod with the terms of info on a node.
func (ix *Index) acquire(n *node, info fwk.PodInfo) *declaration {
	ix.buffer.encode(info)
	d := ix.declarations[string(ix.buffer.bytes)]
	if d == nil {
		d = ix.declare()
	}
	d.pods++
	d.nodes[n]++
	ix.pods++
	return d
}

// declare adds the declaration that is in the buffer.
func (ix *Index) declare() *declaration {
	d := &declaration{key: string(ix.buffer.bytes), nodes: map[*node]int32{}}
	for _, t := range ix.buffer.terms {
		d.kinds |= 1 << t.kind
		if matchesNothing(t.term) {
			continue
		}
		c := ix.classOf(ix.buffer.bytes[t.start:t.end], t.term)
		c.add(t.kind, 1)
		c.declarations[d] = struct{}{}
		d.terms = append(d.terms, declaredTerm{class: c, kind: t.kind})
	}
	ix.count(d.kinds, 1)
	ix.declarations[d.key] = d
	return d
}

// release counts one pod on a node less, and forgets what no pod declares any
// more.
func (ix *Index) release(n *node, d *declaration) {
	ix.pods--
	if d.nodes[n]--; d.nodes[n] == 0 {
		delete(d.nodes, n)
	}
	if d.pods--; d.pods > 0 {
		return
	}
	delete(ix.declarations, d.key)
	ix.count(d.kinds, -1)
	for _, t := range d.terms {
		t.class.add(t.kind, -1)
		delete(t.class.declarations, d)
		if t.class.terms == [kinds]int{} {
			ix.drop(t.class)
		}
	}
}

// count adds n declarations of each of the kinds.
func (ix *Index) count(of Kinds, n int) {
	for k := range kinds {
		if of&(1<<k) != 0 {
			ix.declared[k] += n
		}
	}
}

// encode fills the buffer with the terms of a pod. Two pods have the same key if
// and only if they list the same terms in the same order; the keys of terms that
// only mean the same may differ, which costs an entry and nothing else.
func (b *keyBuffer) encode(info fwk.PodInfo) {
	b.bytes, b.terms = b.bytes[:0], b.terms[:0]
	for terms, i := info.GetRequiredAntiAffinityTerms(), 0; i < len(terms); i++ {
		if terms[i].TopologyKey == corev1.LabelHostname {
			b.term(hostAntiAffinity, &terms[i])
		} else {
			b.term(antiAffinity, &terms[i])
		}
	}
	for terms, i := info.GetRequiredAffinityTerms(), 0; i < len(terms); i++ {
		b.term(affinity, &terms[i])
	}
	for _, terms := range [][]fwk.WeightedAffinityTerm{info.GetPreferredAffinityTerms(), info.GetPreferredAntiAffinityTerms()} {
		for i := range terms {
			b.term(preferred, &terms[i].AffinityTerm)
		}
	}
}

func (b *keyBuffer) term(kind kind, term *fwk.AffinityTerm) {
	b.bytes = append(b.bytes, byte(kind))
	start := len(b.bytes)
	b.number(len(term.Namespaces))
	if len(term.Namespaces) == 1 { // The common case, without allocating.
		for name := range term.Namespaces {
			b.text(name)
		}
	} else {
		for _, name := range slices.Sorted(maps.Keys(term.Namespaces)) {
			b.text(name)
		}
	}
	b.selector(term.NamespaceSelector)
	b.selector(term.Selector)
	b.terms = append(b.terms, keyedTerm{term: term, kind: kind, start: start, end: len(b.bytes)})
}

// selector writes a selector. Its requirements are sorted by key already.
func (b *keyBuffer) selector(s labels.Selector) {
	requirements, selectable := s.Requirements()
	if !selectable {
		b.number(0)
		return
	}
	b.number(1 + len(requirements))
	for i := range requirements {
		r := &requirements[i]
		b.text(r.Key())
		b.text(string(r.Operator()))
		values := r.ValuesUnsorted()
		b.number(len(values))
		for _, v := range values {
			b.text(v)
		}
	}
}

// text writes a string so that no two sequences of strings look the same.
func (b *keyBuffer) text(s string) {
	b.number(len(s))
	b.bytes = append(b.bytes, s...)
}

func (b *keyBuffer) number(n int) {
	b.bytes = binary.AppendUvarint(b.bytes, uint64(n))
}
