// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package textpatch

import (
	"fmt"
	"slices"
	"strings"
)

// block plans the edits of a block collection of which some entries stay.
func (p *plan) block(n *node) error {
	for _, e := range n.kept() {
		if e.rewritten() {
			p.replaceInBlock(n, e)
		} else if err := p.collection(e.value); err != nil {
			return err
		}
	}
	if err := p.removeFromBlock(n); err != nil {
		return err
	}
	return p.addToBlock(n)
}

// addToBlock plans the new entries: each run of them goes behind the entry that
// it follows, or before the first one.
func (p *plan) addToBlock(n *node) error {
	column := p.column(n.original[0].start)
	for i := 0; i < len(n.entries); {
		from := i
		for i < len(n.entries) && n.entries[i].start < 0 {
			i++
		}
		if from == i {
			i++
			continue
		}
		var out []string
		for _, e := range n.entries[from:i] {
			out = append(out, p.blockEntry(n.kind, e, column)...)
		}
		text := strings.Join(out, p.newline())
		if from > 0 {
			at := p.lineStart(p.line(n.entries[from-1].old.end) + 1)
			p.edit(at, at, text+p.newline())
			continue
		}
		line := p.line(n.original[0].start)
		if p.indent(line) != column {
			return fmt.Errorf("an item before one that does not begin its line: %w", ErrUnsupported)
		}
		// The comments above the first entry are about it.
		for line > 0 && p.blankOrComment(line-1) && !p.blank(line-1) {
			line--
		}
		at := p.lineStart(line)
		p.edit(at, at, text+p.newline())
	}
	return nil
}

// removeFromBlock plans the removal of the lines of the entries that go.
func (p *plan) removeFromBlock(n *node) error {
	gone := func(e *entry) bool { return !slices.Contains(n.entries, e) }
	first := n.original[0]
	if line := p.line(first.start); gone(first) && p.indent(line) != p.column(first.start) {
		// The first key stands behind a dash: the next one moves up to it.
		next := slices.IndexFunc(n.original, func(e *entry) bool { return !gone(e) })
		p.edit(first.start, n.original[next].start, "")
		gone = func(e *entry) bool {
			return !slices.Contains(n.entries, e) && e.start > n.original[next].start
		}
	}
	for _, e := range n.original {
		if !gone(e) {
			continue
		}
		p.edit(p.lineStart(p.line(e.start)), p.lineStart(p.line(e.old.end)+1), "")
	}
	return nil
}

// replaceInBlock plans a new value for an entry.
func (p *plan) replaceInBlock(n *node, e *entry) {
	old := e.old
	oldBlock := (old.kind == mapping || old.kind == sequence) && !old.flow
	from := old.start
	if oldBlock || old.start == old.end || e.value.tall() {
		from = e.after
	}
	switch {
	case !e.value.tall():
		text := p.inline(e.value)
		if from == e.after {
			text = " " + text
		}
		p.edit(from, old.end, text)
	case n.kind == sequence:
		out := p.block0(e.value, p.column(e.start)+2)
		// A comment behind the old value stays behind the first line of the new one.
		p.edit(from, old.end, " "+strings.TrimLeft(out[0], " "))
		if len(out) > 1 {
			at := p.lineEnd(p.line(old.end))
			p.edit(at, at, p.newline()+strings.Join(out[1:], p.newline()))
		}
	default:
		out := p.newline() + strings.Join(p.block0(e.value, p.childColumn(e.value, p.column(e.start))), p.newline())
		keyEnd := p.lineEnd(p.line(e.after))
		if oldBlock {
			p.edit(keyEnd, p.lineEnd(p.line(old.end)), out)
			return
		}
		p.edit(from, old.end, "")
		at := p.lineEnd(p.line(old.end))
		p.edit(at, at, out)
	}
}
