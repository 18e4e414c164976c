// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package index

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
	fwk "k8s.io/kube-scheduler/framework"
)

// class is all declared terms with the same namespaces, namespace selector and
// label selector: they match the same pods.
type class struct {
	key  string
	term fwk.AffinityTerm
	// terms counts, per kind, the terms of declarations.
	terms [kinds]int
	kinds Kinds
	// declarations are those that have a term of the class.
	declarations map[*declaration]struct{}
	// anchors are the keys under which the class is posted.
	anchors []anchor
}

// anchor leads from an incoming pod to the classes that may match it. Every pod
// that a class matches is in one of the class's namespaces and has one of its
// label values.
//
// An empty namespace stands for any. A class whose selector compares no label
// for equality is posted under its namespaces alone, with an empty key.
type anchor struct {
	namespace  string
	key, value string
}

// maxAnchors bounds the keys that one class is posted under, save that a label
// with more values than that is posted under each. Above it, the class is found
// by pods of any namespace, and compared in vain with most.
const maxAnchors = 64

// classOf returns the class by the key, which it makes of term if need be.
func (ix *Index) classOf(key []byte, term *fwk.AffinityTerm) *class {
	c := ix.classes[string(key)]
	if c == nil {
		c = &class{key: string(key), term: *term, declarations: map[*declaration]struct{}{}}
		c.anchors = ix.anchorsOf(term)
		for _, a := range c.anchors {
			ix.postings[a] = append(ix.postings[a], c)
		}
		ix.classes[c.key] = c
	}
	return c
}

// drop removes a class that no declaration has any more.
func (ix *Index) drop(c *class) {
	delete(ix.classes, c.key)
	for _, a := range c.anchors {
		posted := ix.postings[a]
		if i := slices.Index(posted, c); i >= 0 {
			posted = slices.Delete(posted, i, i+1)
		}
		if len(posted) == 0 {
			delete(ix.postings, a)
			continue
		}
		ix.postings[a] = posted
	}
}

// add counts n more terms of a kind.
func (c *class) add(kind kind, n int) {
	c.terms[kind] += n
	if c.terms[kind] > 0 {
		c.kinds |= 1 << kind
	} else {
		c.kinds &^= 1 << kind
	}
}

// anchorsOf chooses the keys to post a term under: those of the requirement
// under which the fewest other classes are posted so far. Services tend to share
// a label such as tier=backend and differ in another.
func (ix *Index) anchorsOf(term *fwk.AffinityTerm) []anchor {
	namespaces := []string{""}
	if matchesNoLabels(term.NamespaceSelector) {
		namespaces = slices.Sorted(maps.Keys(term.Namespaces))
	}
	best, fewest := crossed(namespaces, "", []string{""}), -1
	requirements, _ := term.Selector.Requirements()
	for i := range requirements {
		r := &requirements[i]
		if op := r.Operator(); op != selection.Equals && op != selection.DoubleEquals && op != selection.In {
			continue
		}
		// Values may be listed twice.
		values := slices.Compact(slices.Sorted(slices.Values(r.ValuesUnsorted())))
		candidate := crossed(namespaces, r.Key(), values)
		posted := 0
		for _, a := range candidate {
			posted += len(ix.postings[a])
		}
		if fewest < 0 || posted < fewest {
			best, fewest = candidate, posted
		}
	}
	return best
}

// crossed returns an anchor for every namespace and value, or, if those are too
// many, one for every value in any namespace.
func crossed(namespaces []string, key string, values []string) []anchor {
	if len(namespaces)*len(values) > maxAnchors {
		namespaces = []string{""}
	}
	anchors := make([]anchor, 0, len(namespaces)*len(values))
	for _, namespace := range namespaces {
		for _, value := range values {
			anchors = append(anchors, anchor{namespace: namespace, key: key, value: value})
		}
	}
	return anchors
}

// matchesNothing reports whether a term matches no pod in any namespace. An
// absent label selector is one that matches nothing; an empty one matches all.
func matchesNothing(term *fwk.AffinityTerm) bool {
	return matchesNoLabels(term.Selector) || len(term.Namespaces) == 0 && matchesNoLabels(term.NamespaceSelector)
}

func matchesNoLabels(s labels.Selector) bool {
	_, selectable := s.Requirements()
	return !selectable
}
