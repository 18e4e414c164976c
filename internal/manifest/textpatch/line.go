// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package textpatch

import "fmt"

// Lines returns for each JSON Pointer the line, from 0, in which the member or
// item begins that it names, or the nearest one above it that is in the text.
func Lines(text []byte, isJSON bool, pointers ...string) ([]int, error) {
	parse := parseYAML
	if isJSON {
		parse = parseJSON
	}
	root, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("finding the lines of a document: %w", err)
	}
	l := newLines(text)
	out := make([]int, len(pointers))
	for i, pointer := range pointers {
		tokens, err := split(pointer)
		if err != nil {
			return nil, err
		}
		n, offset := root, root.start
		for _, token := range tokens {
			k := n.find(token)
			if k < 0 {
				break
			}
			offset, n = n.entries[k].start, n.entries[k].value
		}
		out[i] = l.line(offset)
	}
	return out, nil
}
