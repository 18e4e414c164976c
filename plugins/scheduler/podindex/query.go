// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package podindex

import (
	"iter"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
)

// Query asks for the nodes of a label key's values.
type Query struct {
	Key    string
	Values []Value
}

const (
	// maxAlternatives bounds the label keys that are indexed for one selector.
	maxAlternatives = 3
	// few is the number of nodes that are few enough not to look for a better key, and
	// fewOf the part of all nodes.
	few, fewOf = 32, 8
)

// Ask returns a query for the pods of some namespaces that a selector may match, and
// makes the index know its key. It returns false for a selector without a
// comparison for equality.
//
// Of several such comparisons one will do. The index begins with that with the fewest
// values, and of those the last: selectors are sorted by key, and the general ones
// (app.kubernetes.io/instance) come before the particular (app.kubernetes.io/name).
// If that one has pods on many nodes, it tries another; later on it takes the best of
// those that it knows. Which one is taken makes no difference for who is found.
func (ix *Index) Ask(selector labels.Selector, namespaces iter.Seq[string], now time.Time) (Query, bool) {
	all := alternatives(selector, slices.Collect(namespaces))
	if len(all) == 0 {
		return Query{}, false
	}
	ix.mu.Lock()
	defer ix.mu.Unlock()
	best, size := -1, 0
	consider := func(i int) {
		if n := ix.size(all[i]); best < 0 || n < size {
			best, size = i, n
		}
	}
	for i := range all {
		if ix.keys[all[i].Key] != nil {
			consider(i)
		}
	}
	for i := range all {
		if best >= 0 && size <= max(few, len(ix.nodes)/fewOf) {
			break
		}
		if ix.keys[all[i].Key] == nil {
			ix.track(all[i].Key, now)
			consider(i)
		}
	}
	ix.track(all[best].Key, now)
	return all[best], true
}

// alternatives returns the queries that a selector can be answered by, the best ones
// first as far as that can be told from the selector.
func alternatives(selector labels.Selector, namespaces []string) []Query {
	requirements, _ := selector.Requirements()
	var of []*labels.Requirement
	for i := range requirements {
		switch requirements[i].Operator() {
		case selection.Equals, selection.DoubleEquals, selection.In:
			of = append(of, &requirements[i])
		}
	}
	slices.Reverse(of)
	slices.SortStableFunc(of, func(a, b *labels.Requirement) int { return len(a.ValuesUnsorted()) - len(b.ValuesUnsorted()) })
	of = of[:min(len(of), maxAlternatives)]
	queries := make([]Query, len(of))
	for i, r := range of {
		queries[i].Key = r.Key()
		for _, namespace := range namespaces {
			for _, value := range r.ValuesUnsorted() {
				queries[i].Values = append(queries[i].Values, Value{Namespace: namespace, Value: value})
			}
		}
	}
	return queries
}

// Size returns the number of nodes of some queries, as of the last Refresh; a node of
// several values counts for each.
func (ix *Index) Size(queries []Query) int {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	n := 0
	for _, q := range queries {
		n += ix.size(q)
	}
	return n
}

func (ix *Index) size(q Query) int {
	n := 0
	for _, value := range q.Values {
		n += len(ix.keys[q.Key][value])
	}
	return n
}
