// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package textpatch

import (
	"bytes"

	"go.yaml.in/yaml/v3"
)

// scalarEnd returns the offset behind a scalar whose content begins at start, in
// a block collection at column parent.
func (p *yamlParser) scalarEnd(y *yaml.Node, start, parent int, inFlow bool) int {
	switch {
	case y.Style&yaml.DoubleQuotedStyle != 0:
		return doubleQuotedEnd(p.text, start)
	case y.Style&yaml.SingleQuotedStyle != 0:
		return singleQuotedEnd(p.text, start)
	case y.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return p.blockScalarEnd(start, parent)
	case y.Value == "":
		return start
	case inFlow:
		return p.flowPlainEnd(start)
	default:
		return p.plainEnd(start, parent)
	}
}

// plainEnd returns the end of an unquoted scalar outside brackets. It goes on
// over lines that are indented deeper than its collection.
func (p *yamlParser) plainEnd(start, parent int) int {
	line := p.line(start)
	end, comment := p.plainLineEnd(start, p.lineEnd(line))
	for next := line + 1; next < p.count() && !comment; next++ {
		if p.blank(next) {
			continue
		}
		if p.indent(next) <= parent || p.blankOrComment(next) {
			break
		}
		end, comment = p.plainLineEnd(p.lineStart(next), p.lineEnd(next))
	}
	return end
}

// plainLineEnd returns where the text between from and to ends without a
// comment and trailing white space, and whether there is a comment.
func (p *yamlParser) plainLineEnd(from, to int) (end int, comment bool) {
	content := p.text[from:to]
	for i := 1; i < len(content); i++ {
		if content[i] == '#' && (content[i-1] == ' ' || content[i-1] == '\t') {
			content, comment = content[:i], true
			break
		}
	}
	return from + len(bytes.TrimRight(content, " \t")), comment
}

// flowPlainEnd returns the end of an unquoted scalar within brackets.
func (p *yamlParser) flowPlainEnd(start int) int {
	end, _ := p.plainLineEnd(start, p.lineEnd(p.line(start)))
	if i := bytes.IndexAny(p.text[start:end], ",[]{}"); i >= 0 {
		end = start + i
	}
	return start + len(bytes.TrimRight(p.text[start:end], " \t"))
}

// blockScalarEnd returns the end of the literal or folded scalar whose header is
// at start: of its last line that is not blank, or where the header says to keep
// them, of the last blank one.
func (p *yamlParser) blockScalarEnd(start, parent int) int {
	header := p.line(start)
	end, _ := p.plainLineEnd(start, p.lineEnd(header))
	keep := bytes.IndexByte(p.text[start:end], '+') >= 0
	indent := -1
	if i := bytes.IndexAny(p.text[start:end], "123456789"); i >= 0 {
		indent = max(parent, 0) + int(p.text[start+i]-'0')
	}
	for line := header + 1; line < p.count(); line++ {
		if p.blank(line) {
			// Behind the last line break there is no line of the scalar.
			if keep && line < p.count()-1 {
				end = p.lineEnd(line)
			}
			continue
		}
		if indent < 0 {
			indent = max(p.indent(line), parent+1)
		}
		if p.indent(line) < indent {
			break
		}
		end = p.lineEnd(line)
	}
	return end
}

// singleQuotedEnd returns the offset behind the single-quoted scalar at start.
func singleQuotedEnd(text []byte, start int) int {
	for i := start + 1; i < len(text); i++ {
		if text[i] != '\'' {
			continue
		}
		if i+1 < len(text) && text[i+1] == '\'' {
			i++
			continue
		}
		return i + 1
	}
	return len(text)
}
