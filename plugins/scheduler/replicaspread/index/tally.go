// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package index

import (
	"iter"
	"slices"
)

// tally counts pods per domain. Most workloads are in a handful of domains, for
// which a short list takes a fraction of the memory of a map and is as fast; a
// large one becomes a map, and a list again when it has shrunk.
type tally struct {
	few  []entry
	many map[Domain]int32
}

type entry struct {
	domain Domain
	pods   int32
}

const (
	// manyFrom is the number of domains from which a tally is a map, and fewFrom
	// the one from which it is a list again. They are apart so that a workload
	// that hovers about one size is not converted each time.
	manyFrom = 17
	fewFrom  = 8
)

// get returns the count of a domain.
func (t *tally) get(d Domain) int32 {
	if t.many != nil {
		return t.many[d]
	}
	for _, e := range t.few {
		if e.domain == d {
			return e.pods
		}
	}
	return 0
}

// add changes the count of a domain. Zeros are not kept.
func (t *tally) add(d Domain, n int32) {
	if t.many != nil {
		t.addToMany(d, n)
		return
	}
	for i := range t.few {
		e := &t.few[i]
		if e.domain != d {
			continue
		}
		if e.pods += n; e.pods == 0 {
			last := len(t.few) - 1
			t.few[i] = t.few[last]
			t.few = t.few[:last]
		}
		return
	}
	t.few = append(t.few, entry{d, n})
	if len(t.few) == manyFrom {
		t.many = make(map[Domain]int32, manyFrom)
		for _, e := range t.few {
			t.many[e.domain] = e.pods
		}
		t.few = nil
	}
}

func (t *tally) addToMany(d Domain, n int32) {
	if n += t.many[d]; n != 0 {
		t.many[d] = n
		return
	}
	delete(t.many, d)
	if len(t.many) == fewFrom {
		for d, pods := range t.many {
			t.few = append(t.few, entry{d, pods})
		}
		t.many = nil
	}
}

// all yields each domain with its count, in no order.
func (t *tally) all() iter.Seq2[Domain, int32] {
	return func(yield func(Domain, int32) bool) {
		for _, e := range t.few {
			if !yield(e.domain, e.pods) {
				return
			}
		}
		for d, pods := range t.many {
			if !yield(d, pods) {
				return
			}
		}
	}
}

// len returns the number of domains.
func (t *tally) len() int { return len(t.few) + len(t.many) }

// most returns the greatest count.
func (t *tally) most() int32 {
	most := int32(0)
	for _, e := range t.few {
		most = max(most, e.pods)
	}
	for _, pods := range t.many {
		most = max(most, pods)
	}
	return most
}

// clone returns a copy that does not change with the original.
func (t *tally) clone() tally {
	c := tally{few: slices.Clone(t.few)}
	if t.many != nil {
		c.many = make(map[Domain]int32, len(t.many))
		for d, pods := range t.many {
			c.many[d] = pods
		}
	}
	return c
}
