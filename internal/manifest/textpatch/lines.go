// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package textpatch

import (
	"bytes"
	"sort"
)

// lines is a text with the places of its lines.
type lines struct {
	text   []byte
	starts []int
}

func newLines(text []byte) lines {
	l := lines{text: text, starts: []int{0}}
	for i, c := range text {
		if c == '\n' {
			l.starts = append(l.starts, i+1)
		}
	}
	return l
}

// count returns the number of lines. A text that ends with a line break has an
// empty last line.
func (l *lines) count() int { return len(l.starts) }

// line returns the number, from 0, of the line in which offset is.
func (l *lines) line(offset int) int {
	return sort.SearchInts(l.starts, offset+1) - 1
}

func (l *lines) lineStart(line int) int { return l.starts[line] }

// lineEnd returns the offset of the line break that ends the line, or of the end
// of the text.
func (l *lines) lineEnd(line int) int {
	if line+1 >= len(l.starts) {
		return len(l.text)
	}
	end := l.starts[line+1] - 1
	if end > l.starts[line] && l.text[end-1] == '\r' {
		end--
	}
	return end
}

// column returns how many bytes stand before offset in its line.
func (l *lines) column(offset int) int { return offset - l.lineStart(l.line(offset)) }

// indent returns the number of spaces at the beginning of a line.
func (l *lines) indent(line int) int {
	content := l.text[l.lineStart(line):l.lineEnd(line)]
	return len(content) - len(bytes.TrimLeft(content, " "))
}

func (l *lines) blank(line int) bool {
	return len(bytes.TrimSpace(l.text[l.lineStart(line):l.lineEnd(line)])) == 0
}

func (l *lines) blankOrComment(line int) bool {
	content := bytes.TrimSpace(l.text[l.lineStart(line):l.lineEnd(line)])
	return len(content) == 0 || content[0] == '#'
}

// newline returns the line break that the text uses.
func (l *lines) newline() string {
	if bytes.Contains(l.text, []byte("\r\n")) {
		return "\r\n"
	}
	return "\n"
}
