// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package textpatch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gomodules.xyz/jsonpatch/v2"
)

// ErrUnsupported is the error of a patch that Apply cannot make as edits of the
// text, such as one that reaches through a YAML alias or a merge key.
var ErrUnsupported = errors.New("cannot be edited in place")

// operate applies one operation to the tree. RFC 6902's move, copy and test are
// not supported.
func operate(root *node, op jsonpatch.Operation) error {
	tokens, err := split(op.Path)
	if err != nil {
		return err
	}
	if len(tokens) == 0 {
		return fmt.Errorf("%s of the whole document: %w", op.Operation, ErrUnsupported)
	}
	parent := root
	for _, t := range tokens[:len(tokens)-1] {
		i := parent.find(t)
		if i < 0 {
			return fmt.Errorf("%s %s: %q is not there: %w", op.Operation, op.Path, t, ErrUnsupported)
		}
		parent = parent.entries[i].value
	}
	if err := parent.operate(op, tokens[len(tokens)-1]); err != nil {
		return fmt.Errorf("%s %s: %w", op.Operation, op.Path, err)
	}
	return nil
}

func (n *node) operate(op jsonpatch.Operation, token string) error {
	if n.kind != mapping && n.kind != sequence {
		return ErrUnsupported
	}
	i := n.find(token)
	switch op.Operation {
	case "remove":
		if i < 0 {
			return ErrUnsupported
		}
		n.entries = slices.Delete(slices.Clone(n.entries), i, i+1)
		return nil
	case "add", "replace":
	default:
		return ErrUnsupported
	}
	value, err := fromValue(op.Value)
	if err != nil {
		return err
	}
	switch {
	case n.kind == mapping && i >= 0, op.Operation == "replace" && i >= 0:
		n.entries[i].value = value
	case op.Operation == "replace":
		return ErrUnsupported
	case n.kind == mapping:
		n.entries = append(n.entries, newEntry(token, value))
	case token == "-":
		n.entries = append(n.entries, newEntry("", value))
	default:
		at, err := strconv.Atoi(token)
		if err != nil || at < 0 || at > len(n.entries) {
			return ErrUnsupported
		}
		n.entries = slices.Insert(slices.Clone(n.entries), at, newEntry("", value))
	}
	return nil
}

// find returns the index of the entry that a JSON Pointer token names, or -1.
func (n *node) find(token string) int {
	switch n.kind {
	case mapping:
		return slices.IndexFunc(n.entries, func(e *entry) bool { return e.key == token })
	case sequence:
		if i, err := strconv.Atoi(token); err == nil && i >= 0 && i < len(n.entries) {
			return i
		}
	}
	return -1
}

// split takes a JSON Pointer (RFC 6901) apart.
func split(pointer string) ([]string, error) {
	if pointer == "" {
		return nil, nil
	}
	rest, ok := strings.CutPrefix(pointer, "/")
	if !ok {
		return nil, fmt.Errorf("the path %q does not begin with a slash", pointer)
	}
	tokens := strings.Split(rest, "/")
	for i, t := range tokens {
		tokens[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(t)
	}
	return tokens, nil
}

// fromValue returns the tree of an operation's value. Members keep the order in
// which their Go type declares them.
func fromValue(value any) (*node, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		return nil, fmt.Errorf("writing the value as JSON: %w", err)
	}
	content := out.Bytes()
	n, err := parseJSON(content)
	if err != nil {
		return nil, err
	}
	n.detach(content)
	return n, nil
}

// detach makes a tree one that came with the patch.
func (n *node) detach(text []byte) {
	if n.kind == scalar {
		n.raw = string(text[n.start:n.end])
	}
	n.start, n.end, n.original = -1, -1, nil
	for _, e := range n.entries {
		e.start, e.after, e.old = -1, -1, nil
		e.value.detach(text)
	}
}
