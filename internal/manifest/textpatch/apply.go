// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package textpatch

import (
	"bytes"
	"fmt"
	"slices"

	"gomodules.xyz/jsonpatch/v2"
)

// ApplyYAML returns the text of a YAML document with the operations applied. The
// text holds one document; it may begin with its "---".
func ApplyYAML(text []byte, ops []jsonpatch.Operation) ([]byte, error) {
	return apply(text, ops, parseYAML, writer{})
}

// ApplyJSON returns the text of a JSON document with the operations applied.
func ApplyJSON(text []byte, ops []jsonpatch.Operation) ([]byte, error) {
	return apply(text, ops, parseJSON, writer{json: true})
}

func apply(text []byte, ops []jsonpatch.Operation, parse func([]byte) (*node, error), w writer) ([]byte, error) {
	// Every line has a line break while the edits are planned.
	newline := ""
	if l := newLines(text); !bytes.HasSuffix(text, []byte("\n")) {
		newline = l.newline()
		text = slices.Concat(text, []byte(newline))
	}
	root, err := parse(text)
	if err != nil {
		return nil, err
	}
	for _, op := range ops {
		if err := operate(root, op); err != nil {
			return nil, err
		}
	}
	p := &plan{lines: newLines(text), writer: w}
	p.observe(root)
	if err := p.collection(root); err != nil {
		return nil, err
	}
	out, err := p.write()
	return bytes.TrimSuffix(out, []byte(newline)), err
}

// plan is a list of edits of a text.
type plan struct {
	lines
	writer
	edits []edit
}

// edit puts text in place of what stands from start to end.
type edit struct {
	start, end int
	text       string
}

func (p *plan) edit(start, end int, text string) {
	p.edits = append(p.edits, edit{start, end, text})
}

// collection plans the edits of a collection that stays.
func (p *plan) collection(n *node) error {
	if n.kind != mapping && n.kind != sequence || !n.changed() {
		return nil
	}
	if len(n.kept()) == 0 {
		// Callers write such a collection anew, but the document itself has none.
		return fmt.Errorf("a document of which nothing stays: %w", ErrUnsupported)
	}
	if n.flow {
		return p.flow(n)
	}
	return p.block(n)
}

// write returns the text with the edits made.
func (p *plan) write() ([]byte, error) {
	// What is put in before a place comes before what takes that place.
	slices.SortStableFunc(p.edits, func(a, b edit) int {
		if a.start == b.start {
			return min(a.end-a.start, 1) - min(b.end-b.start, 1)
		}
		return a.start - b.start
	})
	var out bytes.Buffer
	pos := 0
	for _, e := range p.edits {
		if e.start < pos {
			return nil, fmt.Errorf("two edits of the same text: %w", ErrUnsupported)
		}
		out.Write(p.text[pos:e.start])
		out.WriteString(e.text)
		pos = max(pos, e.end)
	}
	out.Write(p.text[pos:])
	return out.Bytes(), nil
}
