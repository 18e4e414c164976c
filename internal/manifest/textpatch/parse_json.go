// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package textpatch

import (
	"encoding/json"
	"fmt"
)

// parseJSON returns the tree of a JSON document. When a key is there twice the
// last one counts, as in encoding/json.
func parseJSON(text []byte) (*node, error) {
	if !json.Valid(text) {
		return nil, fmt.Errorf("not valid JSON")
	}
	p := &jsonParser{text: text}
	return p.value(), nil
}

// jsonParser walks over valid JSON.
type jsonParser struct {
	text []byte
	pos  int
}

func (p *jsonParser) value() *node {
	p.space()
	n := &node{flow: true, start: p.pos}
	switch p.text[p.pos] {
	case '{':
		n.kind = mapping
		p.collection('}', func() {
			e := &entry{start: p.pos}
			from := p.pos
			p.scalar()
			// A JSON string of a valid document always decodes.
			_ = json.Unmarshal(p.text[from:p.pos], &e.key)
			p.space()
			p.pos++ // The colon.
			e.after = p.pos
			e.value = p.value()
			e.old = e.value
			if i := n.find(e.key); i >= 0 {
				n.entries[i] = e
				return
			}
			n.entries = append(n.entries, e)
		})
	case '[':
		n.kind = sequence
		p.collection(']', func() {
			e := &entry{start: p.pos, after: p.pos}
			e.value = p.value()
			e.old = e.value
			n.entries = append(n.entries, e)
		})
	default:
		n.flow = false
		p.scalar()
	}
	n.end = p.pos
	return n.close()
}

// collection walks over a bracketed list of members, each read by member.
func (p *jsonParser) collection(closing byte, member func()) {
	p.pos++
	for {
		p.space()
		switch p.text[p.pos] {
		case closing:
			p.pos++
			return
		case ',':
			p.pos++
		default:
			member()
		}
	}
}

// scalar walks over a string, number or word.
func (p *jsonParser) scalar() {
	if p.text[p.pos] == '"' {
		p.pos = doubleQuotedEnd(p.text, p.pos)
		return
	}
	for p.pos < len(p.text) {
		switch p.text[p.pos] {
		case ' ', '\t', '\r', '\n', ',', ':', ']', '}':
			return
		}
		p.pos++
	}
}

func (p *jsonParser) space() {
	for p.pos < len(p.text) {
		switch p.text[p.pos] {
		case ' ', '\t', '\r', '\n':
			p.pos++
		default:
			return
		}
	}
}

// doubleQuotedEnd returns the offset behind the double-quoted scalar at start.
func doubleQuotedEnd(text []byte, start int) int {
	for i := start + 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}
