// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"go/doc/comment"
	"regexp"
	"strings"
)

// rename says what a Go name in a doc comment is called for the reader, as
// Markdown. false leaves the word as it is.
type rename func(word string) (string, bool)

var wordPattern = regexp.MustCompile(`[A-Za-z][A-Za-z0-9]*`)

// prose turns a doc comment into Markdown paragraphs.
func prose(doc string, names rename) string {
	var p comment.Parser
	printer := comment.Printer{HeadingLevel: 4, DocLinkURL: func(*comment.DocLink) string { return "" }}
	text := string(printer.Markdown(p.Parse(doc)))
	var out []string
	for line := range strings.Lines(text) {
		// Code stands as it is.
		if !strings.HasPrefix(line, "\t") {
			line = renameWords(line, names)
		}
		out = append(out, line)
	}
	return strings.TrimSpace(strings.Join(out, ""))
}

// cell is prose in one line, for a table.
func cell(doc string, names rename) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(prose(doc, names)), " "), "|", `\|`)
}

// renameWords renames the words of a line that are not part of a longer name,
// such as a path, an option or a label.
func renameWords(line string, names rename) string {
	var out strings.Builder
	last := 0
	for _, at := range wordPattern.FindAllStringIndex(line, -1) {
		name, ok := names(line[at[0]:at[1]])
		if !ok || strings.HasSuffix(line[:at[0]], "_") || strings.HasPrefix(line[at[1]:], `\_`) || strings.HasSuffix(line[:at[0]], "/") {
			continue
		}
		out.WriteString(line[last:at[0]] + name)
		last = at[1]
	}
	out.WriteString(line[last:])
	return out.String()
}

// about is cell for the comment of one Go name, with which it begins; the reader
// knows the thing by another name.
func about(doc, goName, name string, names rename) string {
	rest, ok := strings.CutPrefix(doc, goName)
	switch {
	case !ok || rest == "" || wordPattern.MatchString(rest[:1]):
		return cell(doc, names)
	case rest[0] == ' ' || rest[0] == '\n':
		return code(name) + " " + cell(rest, names)
	}
	return code(name) + cell(rest, names)
}

// table is a Markdown table.
type table struct{ out strings.Builder }

func newTable(columns ...string) *table {
	t := &table{}
	t.row(columns...)
	t.out.WriteString(strings.Repeat("|---", len(columns)) + "|\n")
	return t
}

// row adds a row of cells that are Markdown in one line.
func (t *table) row(cells ...string) {
	t.out.WriteString("| " + strings.Join(cells, " | ") + " |\n")
}

func (t *table) String() string { return t.out.String() }

func code(s string) string { return "`" + s + "`" }

// anchor is the id that GitHub and GitLab give a heading.
func anchor(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-', r == '_':
			return r
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		case r == ' ':
			return '-'
		}
		return -1
	}, heading)
}
