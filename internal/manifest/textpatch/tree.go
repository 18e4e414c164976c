// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package textpatch

import "slices"

// kind of a node.
type kind int

const (
	scalar kind = iota
	mapping
	sequence
	// opaque is what cannot be edited in place: an alias.
	opaque
)

// node is a value of the document.
type node struct {
	kind kind
	// flow says that a collection is written in brackets.
	flow bool
	// start and end (exclusive) are its place in the text; start is -1 for a value
	// that came with the patch.
	start, end int
	// raw is the JSON text of a scalar that came with the patch.
	raw string
	// entries are the members of a mapping or the items of a sequence as they are
	// to be; original, as they are in the text.
	entries, original []*entry
}

// entry is a member of a mapping or an item of a sequence.
type entry struct {
	key string
	// start is where the key or the dash begins, after where the text behind the
	// colon or the dash begins; -1 for an entry that came with the patch.
	start, after int
	// old is the value in the text, value the one that is to be.
	old, value *node
}

func newEntry(key string, value *node) *entry {
	return &entry{key: key, start: -1, after: -1, value: value}
}

// isNew reports whether the value came with the patch.
func (n *node) isNew() bool { return n.start < 0 }

// kept returns the entries of the text that stay.
func (n *node) kept() []*entry {
	return slices.DeleteFunc(slices.Clone(n.entries), func(e *entry) bool { return e.start < 0 })
}

// changed reports whether the text of the node has to change.
func (n *node) changed() bool {
	if n.isNew() || !slices.Equal(n.entries, n.original) {
		return true
	}
	return slices.ContainsFunc(n.entries, func(e *entry) bool { return e.value != e.old || e.value.changed() })
}

// rewritten reports whether an entry's value has to be written anew as a whole:
// it came with the patch, or nothing of what it held stays.
func (e *entry) rewritten() bool {
	v := e.value
	if v != e.old {
		return true
	}
	return (v.kind == mapping || v.kind == sequence) && v.changed() && len(v.kept()) == 0
}

// close ends the building of a node: what it holds is what the text holds.
func (n *node) close() *node {
	n.original = slices.Clone(n.entries)
	return n
}
