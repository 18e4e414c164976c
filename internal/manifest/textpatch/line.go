// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package textpatch

import "fmt"

// Line returns the line, from 0, in which the value begins that a JSON Pointer
// names, or the nearest one above it that is in the text.
func Line(text []byte, isJSON bool, pointer string) (int, error) {
	parse := parseYAML
	if isJSON {
		parse = parseJSON
	}
	n, err := parse(text)
	if err != nil {
		return 0, fmt.Errorf("finding %s: %w", pointer, err)
	}
	tokens, err := split(pointer)
	if err != nil {
		return 0, err
	}
	offset := n.start
	for _, token := range tokens {
		i := n.find(token)
		if i < 0 {
			break
		}
		offset, n = n.entries[i].start, n.entries[i].value
	}
	l := newLines(text)
	return l.line(offset), nil
}
