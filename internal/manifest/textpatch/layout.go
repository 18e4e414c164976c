// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package textpatch

import (
	"strings"
)

// defaultStep is the number of spaces of indentation where the text shows none.
const defaultStep = 2

// observe takes over how the author lays out the document.
func (p *plan) observe(root *node) {
	p.step, p.dashes = -1, -1
	if p.json {
		p.observeJSON(root)
	} else {
		p.observeBlock(root)
	}
	if p.step <= 0 {
		p.step = defaultStep
	}
	// Where there is no sequence yet, dashes go under the key, as kubectl prints.
	p.dashes = max(p.dashes, 0)
}

// observeBlock finds the first nested mapping and the first sequence under a key.
func (p *plan) observeBlock(n *node) {
	for _, e := range n.original {
		v := e.old
		if n.kind == mapping && !v.flow && len(v.original) > 0 && p.line(v.start) > p.line(e.start) {
			deeper := p.column(v.original[0].start) - p.column(e.start)
			if v.kind == mapping && p.step < 0 {
				p.step = deeper
			}
			if v.kind == sequence && p.dashes < 0 {
				p.dashes = deeper
			}
		}
		if p.step >= 0 && p.dashes >= 0 {
			return
		}
		p.observeBlock(v)
	}
}

func (p *plan) observeJSON(root *node) {
	if len(root.original) == 0 {
		return
	}
	first := root.original[0]
	p.compact = p.text[first.after] != ' '
	if p.multiline(root) {
		p.step = p.lineIndent(first.start) - p.lineIndent(root.start)
		p.tab = p.text[p.lineStart(p.line(first.start))] == '\t'
	}
}

// lineIndent returns how many spaces or tabs begin the line in which offset is.
func (p *plan) lineIndent(offset int) int {
	content := string(p.text[p.lineStart(p.line(offset)):offset])
	return len(content) - len(strings.TrimLeft(content, " \t"))
}

// indentation returns the white space that indents a line by width.
func (p *plan) indentation(width int) string {
	if p.tab {
		return strings.Repeat("\t", width)
	}
	return strings.Repeat(" ", width)
}

// flowValue returns a value for a place within brackets, in a line that is
// indented by indent. In JSON whose members have lines of their own, so do those
// of the value.
func (p *plan) flowValue(n *node, indent int, multiline bool) string {
	if !p.json || !multiline || !n.tall() {
		return p.inline(n)
	}
	parts := make([]string, len(n.entries))
	for i, e := range n.entries {
		parts[i] = p.newline() + p.indentation(indent+p.step)
		if n.kind == mapping {
			parts[i] += p.key(e.key) + p.colon()
		}
		parts[i] += p.flowValue(e.value, indent+p.step, true)
	}
	open, closing := "{", "}"
	if n.kind == sequence {
		open, closing = "[", "]"
	}
	return open + strings.Join(parts, ",") + p.newline() + p.indentation(indent) + closing
}
