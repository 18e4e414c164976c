// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"bytes"
	"encoding/json"
)

var byteOrderMark = []byte("\xef\xbb\xbf")

// Split takes a file apart into its documents. Put together again they are the
// file, byte for byte: the line "---" that begins a document belongs to it, and
// so do the comments and directives above the first such line of the file or
// behind a line "...".
//
// JSON values that follow one another without such a line, as kubectl accepts
// them, are documents of their own.
func Split(content []byte) [][]byte {
	var out [][]byte
	for _, chunk := range splitYAML(content) {
		out = append(out, splitJSON(chunk)...)
	}
	return out
}

func splitYAML(content []byte) [][]byte {
	var out [][]byte
	start, marker, body := 0, false, false
	for pos := 0; pos < len(content); {
		end := len(content)
		if i := bytes.IndexByte(content[pos:], '\n'); i >= 0 {
			end = pos + i + 1
		}
		line := content[pos:end]
		if pos == 0 {
			line = bytes.TrimPrefix(line, byteOrderMark)
		}
		switch {
		case isMarker(line, "---"):
			if marker || body {
				out = append(out, content[start:pos])
				start, body = pos, false
			}
			marker = true
		case isMarker(line, "..."):
			out = append(out, content[start:end])
			start, marker, body = end, false, false
		case !isPreamble(line):
			body = true
		}
		pos = end
	}
	if start < len(content) || len(out) == 0 {
		out = append(out, content[start:])
	}
	return out
}

// isMarker reports whether a line begins or ends a YAML document: the three
// characters at its beginning with white space or nothing behind them.
func isMarker(line []byte, marker string) bool {
	rest, ok := bytes.CutPrefix(line, []byte(marker))
	return ok && (len(rest) == 0 || bytes.IndexByte([]byte(" \t\r\n"), rest[0]) >= 0)
}

// isPreamble reports whether a line is one that may stand before "---": blank, a
// comment or a directive.
func isPreamble(line []byte) bool {
	trimmed := bytes.TrimSpace(line)
	return len(trimmed) == 0 || trimmed[0] == '#' || line[0] == '%'
}

// splitJSON takes apart JSON objects that follow one another. Anything else comes
// back whole.
func splitJSON(chunk []byte) [][]byte {
	body := bytes.TrimPrefix(chunk, byteOrderMark)
	if trimmed := bytes.TrimLeft(body, " \t\r\n"); len(trimmed) == 0 || trimmed[0] != '{' {
		return [][]byte{chunk}
	}
	var ends []int
	decoder := json.NewDecoder(bytes.NewReader(body))
	for {
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			break
		}
		ends = append(ends, len(chunk)-len(body)+int(decoder.InputOffset()))
	}
	if len(ends) < 2 || len(bytes.TrimSpace(chunk[ends[len(ends)-1]:])) > 0 {
		return [][]byte{chunk}
	}
	var out [][]byte
	start := 0
	for i, end := range ends {
		// The white space behind a value belongs to it.
		for end < len(chunk) && bytes.IndexByte([]byte(" \t\r\n"), chunk[end]) >= 0 {
			end++
		}
		if i == len(ends)-1 {
			end = len(chunk)
		}
		out = append(out, chunk[start:end])
		start = end
	}
	return out
}
