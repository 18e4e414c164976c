// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package textpatch

import (
	"slices"
)

// flow plans the edits of a collection in brackets of which some entries stay.
func (p *plan) flow(n *node) error {
	for _, e := range n.kept() {
		if e.rewritten() {
			text := p.flowValue(e.value, p.lineIndent(e.start), p.multiline(n))
			if e.old.start == e.old.end {
				text = " " + text
			}
			p.edit(e.old.start, e.old.end, text)
		} else if err := p.collection(e.value); err != nil {
			return err
		}
	}
	p.removeFromFlow(n)
	p.addToFlow(n)
	return nil
}

func (p *plan) removeFromFlow(n *node) {
	firstKept := slices.IndexFunc(n.original, func(e *entry) bool { return slices.Contains(n.entries, e) })
	for i, e := range n.original {
		switch {
		case slices.Contains(n.entries, e):
		case i < firstKept:
			p.edit(e.start, n.original[i+1].start, "")
		default:
			p.edit(n.original[i-1].old.end, e.old.end, "")
		}
	}
}

// addToFlow plans the new entries, one a line where the others are.
func (p *plan) addToFlow(n *node) {
	multiline := p.multiline(n)
	indent := p.lineIndent(n.original[0].start)
	separator := " "
	if multiline {
		separator = p.newline() + p.indentation(indent)
	} else if p.compact {
		separator = ""
	}
	for i, e := range n.entries {
		if e.start >= 0 {
			continue
		}
		text := p.flowValue(e.value, indent, multiline)
		if n.kind == mapping {
			text = p.key(e.key) + p.colon() + text
		}
		// Behind the nearest entry before it that stays, or before the first.
		before := i - 1
		for before >= 0 && n.entries[before].start < 0 {
			before--
		}
		if before >= 0 {
			at := n.entries[before].old.end
			p.edit(at, at, ","+separator+text)
			continue
		}
		at := n.original[0].start
		p.edit(at, at, text+","+separator)
	}
}

// multiline reports whether the entries of a flow collection stand on lines of
// their own.
func (p *plan) multiline(n *node) bool {
	return len(n.original) > 0 && p.line(n.start) != p.line(n.original[0].start)
}
