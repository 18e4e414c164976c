// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package dump

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/evenkeel/evenkeel/internal/manifest"
)

// yamlDocument is a document of a stream as far as it was read.
type yamlDocument struct {
	// fields is the text without the items, from line fieldsLine on. Lines of the
	// items are empty lines in it, so that it has the same numbers.
	fields     bytes.Buffer
	fieldsLine int
	list       bool

	// inItems says that the lines that follow are items, which begin at indent, or
	// at one that the first item will tell when that is negative.
	inItems  bool
	indent   int
	item     bytes.Buffer
	itemLine int
}

// readYAML reads a stream of documents. Where a document has a field items with
// a list of one item after another, as kubectl writes it, each item is parsed by
// itself: YAML cannot go on with an item's lines at or left of the dash that
// begins it.
func (c *collector) readYAML(r *bufio.Reader) error {
	doc := &yamlDocument{fieldsLine: c.line + 1}
	for {
		line, err := r.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if len(line) > 0 {
			c.line++
			if isSeparator(line) {
				if err := c.endYAML(doc); err != nil {
					return err
				}
				doc = &yamlDocument{fieldsLine: c.line + 1}
			} else if err := c.yamlLine(doc, line); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return c.endYAML(doc)
		}
	}
}

// isSeparator reports whether a line ends a document.
func isSeparator(line []byte) bool {
	text := string(bytes.TrimRight(line, " \t\r\n"))
	return text == "---" || text == "..."
}

var itemsField = regexp.MustCompile(`^items:\s*(#.*)?$`)

// yamlLine takes one line of a document.
func (c *collector) yamlLine(doc *yamlDocument, line []byte) error {
	trimmed := bytes.TrimLeft(line, " ")
	indent := len(line) - len(trimmed)
	blank := len(bytes.TrimSpace(line)) == 0
	dash := bytes.HasPrefix(trimmed, []byte("- ")) || string(bytes.TrimSpace(trimmed)) == "-"
	if doc.inItems && !blank {
		switch {
		case doc.indent < 0 && dash:
			doc.indent = indent
		case doc.indent < 0 && trimmed[0] == '#':
			return nil
		case doc.indent < 0, indent < doc.indent, indent == doc.indent && !dash && trimmed[0] != '#':
			doc.inItems = false
		}
	}
	if !doc.inItems {
		if !doc.list && itemsField.Match(bytes.TrimRight(line, "\r\n")) {
			doc.list, doc.inItems, doc.indent = true, true, -1
			doc.fields.WriteByte('\n')
			return nil
		}
		doc.fields.Write(line)
		return nil
	}
	doc.fields.WriteByte('\n')
	if dash && indent == doc.indent {
		if err := c.endYAMLItem(doc); err != nil {
			return err
		}
		doc.itemLine = c.line
	}
	if doc.itemLine > 0 {
		doc.item.Write(line)
	}
	return nil
}

// endYAMLItem takes the item that was collected, if there is one.
func (c *collector) endYAMLItem(doc *yamlDocument) error {
	if doc.itemLine == 0 {
		return nil
	}
	line := doc.itemLine
	content, err := yaml.YAMLToJSON(doc.item.Bytes())
	doc.item.Reset()
	doc.itemLine = 0
	if err != nil {
		return c.yamlError(err, line)
	}
	// A list of one item.
	content = bytes.TrimSuffix(bytes.TrimPrefix(bytes.TrimSpace(content), []byte("[")), []byte("]"))
	return c.item(bytes.Clone(content), line)
}

// endYAML takes the end of a document.
func (c *collector) endYAML(doc *yamlDocument) error {
	if err := c.endYAMLItem(doc); err != nil {
		return err
	}
	content, err := yaml.YAMLToJSON(doc.fields.Bytes())
	if err != nil {
		return c.yamlError(err, doc.fieldsLine)
	}
	switch {
	case doc.list:
		var head map[string]any
		if err := yaml.Unmarshal(content, &head); err != nil {
			return c.yamlError(err, doc.fieldsLine)
		}
		apiVersion, _ := head["apiVersion"].(string)
		kind, _ := head["kind"].(string)
		return c.end(apiVersion, kind, doc.fieldsLine)
	case string(content) == "null":
		return nil
	}
	return c.single(content, doc.fieldsLine)
}

var lineNumber = regexp.MustCompile(`line (\d+): `)

// yamlError is an error about text that begins in the given line.
func (c *collector) yamlError(err error, line int) error {
	text := strings.TrimPrefix(err.Error(), "error converting YAML to JSON: ")
	text = strings.TrimPrefix(text, "yaml: ")
	if m := lineNumber.FindStringSubmatchIndex(text); m != nil {
		n, _ := strconv.Atoi(text[m[2]:m[3]])
		line += n - 1
		text = text[:m[0]] + text[m[1]:]
	}
	message := "is not YAML: " + text
	if strings.HasPrefix(text, "unknown anchor") {
		message = "refers to an anchor of another item; write the dump without anchors, as kubectl get does"
	}
	return &manifest.Error{File: c.name, Line: line, Message: message}
}
