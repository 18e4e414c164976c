// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package textpatch

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
	kyaml "sigs.k8s.io/yaml"
)

// writer writes values that came with the patch, in the manner of the text
// around them.
type writer struct {
	// json says that the document is JSON.
	json bool
	// compact says that a JSON document has no spaces behind colons and commas.
	compact bool
	// step is the number of spaces by which the members of a mapping are indented
	// under their key, dashes that of the dashes of a sequence.
	step, dashes int
	// tab says that a JSON document is indented with tabs.
	tab bool
}

// tall reports whether a value takes lines of its own in a block collection.
func (n *node) tall() bool {
	return (n.kind == mapping || n.kind == sequence) && len(n.entries) > 0
}

// childColumn returns the column of the entries of v under a key at column.
func (w *writer) childColumn(v *node, column int) int {
	if v.kind == sequence {
		return column + w.dashes
	}
	return column + w.step
}

// block0 returns the lines of a value that is tall, its entries at column.
func (w *writer) block0(n *node, column int) []string {
	var out []string
	for _, e := range n.entries {
		out = append(out, w.blockEntry(n.kind, e, column)...)
	}
	return out
}

// blockEntry returns the lines of an entry of a block collection.
func (w *writer) blockEntry(k kind, e *entry, column int) []string {
	indent := strings.Repeat(" ", column)
	switch {
	case k == mapping && e.value.tall():
		return append([]string{indent + w.key(e.key) + ":"}, w.block0(e.value, w.childColumn(e.value, column))...)
	case k == mapping:
		return []string{indent + w.key(e.key) + ": " + w.inline(e.value)}
	case e.value.tall():
		out := w.block0(e.value, column+2)
		out[0] = indent + "- " + strings.TrimLeft(out[0], " ")
		return out
	default:
		return []string{indent + "- " + w.inline(e.value)}
	}
}

// inline returns a value on one line.
func (w *writer) inline(n *node) string {
	switch n.kind {
	case scalar:
		return w.scalar(n.raw)
	case mapping, sequence:
	}
	parts := make([]string, len(n.entries))
	for i, e := range n.entries {
		parts[i] = w.inline(e.value)
		if n.kind == mapping {
			parts[i] = w.key(e.key) + w.colon() + parts[i]
		}
	}
	separator := ", "
	if w.compact {
		separator = ","
	}
	if n.kind == mapping {
		return "{" + strings.Join(parts, separator) + "}"
	}
	return "[" + strings.Join(parts, separator) + "]"
}

// scalar returns a scalar whose JSON text is raw.
func (w *writer) scalar(raw string) string {
	if w.json || raw[0] != '"' {
		return raw
	}
	var s string
	// It is a JSON string of our own making.
	_ = json.Unmarshal([]byte(raw), &s)
	return quote(s)
}

func (w *writer) key(key string) string {
	if w.json {
		return jsonString(key)
	}
	return quote(key)
}

func (w *writer) colon() string {
	if w.compact {
		return ":"
	}
	return ": "
}

// plain matches the strings that may go without quotes if they do not read as
// anything but a string. It leaves out much that YAML would allow.
var plain = regexp.MustCompile(`^[A-Za-z0-9/._-]([A-Za-z0-9 /._+=@%-]|:[A-Za-z0-9/._+=@%-])*$`)

// quote returns a string as a YAML scalar on one line. Long ones are not folded.
func quote(s string) string {
	if plain.MatchString(s) && !strings.HasSuffix(s, " ") && readsAs(s, s) {
		return s
	}
	if single := "'" + strings.ReplaceAll(s, "'", "''") + "'"; !strings.ContainsFunc(s, unprintable) && readsAs(single, s) {
		return single
	}
	return jsonString(s)
}

// readsAs reports whether both YAML 1.1, which kubectl reads, and YAML 1.2 take
// the text for the string.
func readsAs(text, s string) bool {
	var old, current any
	return kyaml.Unmarshal([]byte(text), &old) == nil && old == s &&
		yaml.Unmarshal([]byte(text), &current) == nil && current == s
}

func unprintable(r rune) bool {
	return r < ' ' || r >= 0x7F && r <= 0xA0 || r == 0x2028 || r == 0x2029 || r == 0xFEFF
}

// jsonString returns a string as JSON, without the escapes that only HTML needs.
func jsonString(s string) string {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	// A string always encodes.
	_ = e.Encode(s)
	return strings.TrimSuffix(out.String(), "\n")
}
