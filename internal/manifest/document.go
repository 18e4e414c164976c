// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	yamlnode "go.yaml.in/yaml/v3"
	kjson "sigs.k8s.io/json"

	"github.com/evenkeel/evenkeel/internal/manifest/textpatch"
)

// Document is one document of a file.
type Document struct {
	// File as the user named it.
	File string
	// Number of the document in the file, from 1.
	Number int
	// Line of the file in which the document begins, from 1.
	Line int
	// Raw is the document as it stands in the file, its "---" included.
	Raw []byte

	// head is what stands before a JSON document or before YAML that begins with a
	// byte order mark; body is the rest.
	head, body []byte
	isJSON     bool
	// content is the document as JSON; nil when there is nothing in it.
	content []byte
}

// Parse splits a file and reads its documents. An error is an *Error.
func Parse(file string, content []byte) ([]*Document, error) {
	if bytes.HasPrefix(content, []byte{0xFF, 0xFE}) || bytes.HasPrefix(content, []byte{0xFE, 0xFF}) {
		return nil, &Error{File: file, Message: "is written in UTF-16; save it as UTF-8"}
	}
	var out []*Document
	line := 1
	for i, raw := range Split(content) {
		d := &Document{File: file, Number: i + 1, Line: line, Raw: raw}
		if err := d.read(); err != nil {
			return nil, err
		}
		out = append(out, d)
		line += bytes.Count(raw, []byte("\n"))
	}
	return out, nil
}

// Empty reports whether there is nothing in the document but comments.
func (d *Document) Empty() bool { return d.content == nil }

// JSON returns the document's object as JSON. Callers must only read it.
func (d *Document) JSON() json.RawMessage { return d.content }

// Marked reports whether the document begins with a line "---", but for comments,
// and whether a directive stands before it.
func (d *Document) Marked() (marker, directive bool) {
	for line := range bytes.Lines(bytes.TrimPrefix(d.Raw, byteOrderMark)) {
		if isMarker(line, "---") {
			return true, directive
		}
		if !isPreamble(line) {
			break
		}
		directive = directive || line[0] == '%'
	}
	return false, directive
}

// with returns the document with another text.
func (d *Document) with(raw []byte) (*Document, error) {
	out := &Document{File: d.File, Number: d.Number, Line: d.Line, Raw: raw}
	return out, out.read()
}

func (d *Document) read() error {
	d.body = bytes.TrimPrefix(d.Raw, byteOrderMark)
	d.head = d.Raw[:len(d.Raw)-len(d.body)]
	start := bodyStart(d.body)
	if start == len(d.body) {
		return nil
	}
	if d.body[start] == '{' && json.Valid(d.body[start:]) {
		d.isJSON = true
		d.head, d.body = d.Raw[:len(d.head)+start], d.body[start:]
		return d.readJSON()
	}
	return d.readYAML()
}

// bodyStart returns where the first line begins that is neither preamble nor a
// bare "---", behind its white space.
func bodyStart(text []byte) int {
	pos := 0
	for pos < len(text) {
		end := len(text)
		if i := bytes.IndexByte(text[pos:], '\n'); i >= 0 {
			end = pos + i + 1
		}
		line := text[pos:end]
		if isMarker(line, "---") {
			line = line[3:]
		}
		if !isPreamble(line) {
			break
		}
		pos = end
	}
	return pos + len(text[pos:]) - len(bytes.TrimLeft(text[pos:], " \t"))
}

func (d *Document) readJSON() error {
	var value any
	strict, err := kjson.UnmarshalStrict(d.body, &value, kjson.DisallowDuplicateFields)
	if err == nil && len(strict) > 0 {
		err = strict[0]
	}
	if err != nil {
		return d.fault("", err.Error())
	}
	d.content = bytes.TrimSpace(d.body)
	return nil
}

func (d *Document) readYAML() error {
	content, err := d.yamlToJSON()
	if err != nil {
		return err
	}
	// The library above reads the first document and is silent about another.
	decoder := yamlnode.NewDecoder(bytes.NewReader(d.body))
	for i := 0; ; i++ {
		var n yamlnode.Node
		if err := decoder.Decode(&n); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return d.syntaxError(err)
		}
		if i > 0 {
			return d.faultAt(d.Line+n.Line-1, "", `has a second document that does not begin with a line "---"`)
		}
	}
	switch content[0] {
	case 'n':
		return nil
	case '{':
		d.content = content
		return nil
	default:
		return d.fault("", fmt.Sprintf("is %s; want an object, with apiVersion and kind", describeJSON(content)))
	}
}

var (
	lineNumber = regexp.MustCompile(`line (\d+): `)
	doubleKey  = regexp.MustCompile(`^key (".*") already set in map$`)
)

// syntaxError returns the error of a YAML library as one of the file: the
// library counts lines from the beginning of the document.
func (d *Document) syntaxError(err error) error {
	text := strings.TrimPrefix(err.Error(), "error converting YAML to JSON: ")
	text = strings.TrimPrefix(text, "yaml: ")
	text = strings.TrimSpace(strings.TrimPrefix(text, "unmarshal errors:"))
	// Of several errors the first: the others often follow from it.
	text, _, _ = strings.Cut(text, "\n")
	line := d.Line
	if m := lineNumber.FindStringSubmatchIndex(text); m != nil {
		n, _ := strconv.Atoi(text[m[2]:m[3]])
		line = d.Line + n - 1
		text = text[:m[0]] + text[m[1]:]
	}
	if m := doubleKey.FindStringSubmatch(text); m != nil {
		return d.faultAt(line, "", "the key "+m[1]+" is there twice")
	}
	if i := bytes.Index(d.body, []byte("{{")); i >= 0 {
		if line == d.Line {
			line += bytes.Count(d.body[:i], []byte("\n"))
		}
		return d.faultAt(line, "", "is not YAML; it looks like a template: let its tool, such as helm template, fill it in first")
	}
	return d.faultAt(line, "", "is not YAML: "+text)
}

// fault returns an error about a field of the document, given as a JSON Pointer.
func (d *Document) fault(pointer, message string) *Error {
	line := d.Line + bytes.Count(d.head, []byte("\n"))
	if pointer == "" {
		line += bytes.Count(d.body[:bodyStart(d.body)], []byte("\n"))
	} else {
		if n, err := textpatch.Lines(d.body, d.isJSON, pointer); err == nil {
			line += n[0]
		}
	}
	return d.faultAt(line, pointer, message)
}

func (d *Document) faultAt(line int, pointer, message string) *Error {
	return &Error{File: d.File, Document: d.Number, Line: line, Field: fieldPath(pointer), Message: message}
}
