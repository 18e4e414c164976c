// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package textpatch

import (
	"bytes"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// parseYAML returns the tree of a YAML document.
//
// The library tells where a node begins and not where it ends, so the ends are
// found in the text by the rules of each style.
func parseYAML(text []byte) (*node, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("parsing the document: %w", err)
	}
	if len(doc.Content) != 1 {
		return nil, fmt.Errorf("an empty document: %w", ErrUnsupported)
	}
	p := &yamlParser{lines: newLines(text)}
	root := p.node(doc.Content[0], -1, false)
	if p.err != nil {
		return nil, p.err
	}
	return root, nil
}

type yamlParser struct {
	lines
	err error
}

// node returns the tree of y. parent is the column of the block collection that
// it stands in, or -1; inFlow says that it stands within brackets.
func (p *yamlParser) node(y *yaml.Node, parent int, inFlow bool) *node {
	n := &node{start: p.offset(y)}
	switch y.Kind {
	case yaml.MappingNode, yaml.SequenceNode:
		n.kind = mapping
		if y.Kind == yaml.SequenceNode {
			n.kind = sequence
		}
		n.flow = inFlow || y.Style&yaml.FlowStyle != 0
		p.members(n, y)
	case yaml.AliasNode:
		n.kind = opaque
		n.end = p.wordEnd(n.start)
	default:
		n.end = p.scalarEnd(y, p.skipProperties(n.start), parent, inFlow)
	}
	return n.close()
}

func (p *yamlParser) members(n *node, y *yaml.Node) {
	step := 1
	if n.kind == mapping {
		step = 2
	}
	for i := 0; i+step <= len(y.Content); i += step {
		first, value := y.Content[i], y.Content[i+step-1]
		e := &entry{start: p.offset(first)}
		switch {
		case n.kind == mapping:
			e.key = first.Value
			e.after = p.colon(e.start, p.offset(value))
		case !n.flow:
			e.start = p.dash(e.start)
			e.after = e.start + 1
		default:
			e.after = e.start
		}
		column := p.column(e.start)
		if i == 0 && !n.flow {
			// The library's position may be that of an anchor.
			n.start = e.start
		}
		e.value = p.node(value, column, n.flow)
		e.old = e.value
		n.end = e.value.end
		n.entries = append(n.entries, e)
	}
	if n.flow {
		p.closeFlow(n)
	}
}

// closeFlow finds the closing bracket of a flow collection.
func (p *yamlParser) closeFlow(n *node) {
	at := n.end
	if len(n.entries) == 0 {
		n.start = p.skipProperties(n.start)
		at = n.start + 1
	}
	for at < len(p.text) {
		switch p.text[at] {
		case ' ', '\t', '\r', '\n', ',':
			at++
		case '#':
			at = p.lineEnd(p.line(at))
		case ']', '}':
			n.end = at + 1
			return
		default:
			// A single pair within a sequence, {[a: b]}, has no bracket of its own.
			n.kind, n.entries = opaque, nil
			return
		}
	}
	p.err = fmt.Errorf("a bracket without its match: %w", ErrUnsupported)
}

// offset returns the byte at which the library says that y begins.
func (p *yamlParser) offset(y *yaml.Node) int {
	if y.Line < 1 || y.Line > p.count() {
		p.err = fmt.Errorf("line %d of a document with %d lines: %w", y.Line, p.count(), ErrUnsupported)
		return 0
	}
	// The library counts characters.
	at, end := p.lineStart(y.Line-1), len(p.text)
	for i := 1; i < y.Column && at < end; i++ {
		at++
		for at < end && p.text[at]&0xC0 == 0x80 {
			at++
		}
	}
	return at
}

// colon returns the offset behind the colon of the key that begins at start and
// whose value begins at value.
func (p *yamlParser) colon(start, value int) int {
	at := p.skipProperties(start)
	switch p.text[at] {
	case '"':
		at = doubleQuotedEnd(p.text, at)
	case '\'':
		at = singleQuotedEnd(p.text, at)
	}
	for ; at < value && at < len(p.text); at++ {
		quoted := at > start && (p.text[at-1] == '"' || p.text[at-1] == '\'')
		if p.text[at] == ':' && (quoted || at+1 == len(p.text) || bytes.IndexByte([]byte(" \t\r\n,]}"), p.text[at+1]) >= 0) {
			return at + 1
		}
	}
	return value
}

// dash returns the offset of the dash before the item that begins at start.
func (p *yamlParser) dash(start int) int {
	for line := p.line(start); line >= 0; line-- {
		content := bytes.TrimRight(p.text[p.lineStart(line):min(start, p.lineEnd(line))], " \t")
		if i := bytes.Index(content, []byte(" #")); i >= 0 {
			content = bytes.TrimRight(content[:i], " \t")
		}
		if len(content) > 0 && content[len(content)-1] == '-' {
			return p.lineStart(line) + len(content) - 1
		}
		if line < p.line(start) && !p.blankOrComment(line) {
			break
		}
	}
	p.err = fmt.Errorf("an item without its dash: %w", ErrUnsupported)
	return start
}

// skipProperties returns where the content of a node begins whose tag or anchor
// may begin at start.
func (p *yamlParser) skipProperties(start int) int {
	for start < len(p.text) && (p.text[start] == '&' || p.text[start] == '!') {
		start = p.wordEnd(start)
		for start < len(p.text) && bytes.IndexByte([]byte(" \t\r\n"), p.text[start]) >= 0 {
			start++
		}
	}
	return start
}

// wordEnd returns the end of the anchor, alias or tag at start.
func (p *yamlParser) wordEnd(start int) int {
	if i := bytes.IndexAny(p.text[start:], " \t\r\n,]}"); i >= 0 {
		return start + i
	}
	return len(p.text)
}
