// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/pmezard/go-difflib/difflib"
)

// diffContext is the number of unchanged lines around a change.
const diffContext = 3

// formatDiff returns a unified diff of each file that changes. Documents are
// compared one by one, so that a hunk is about one document, which its header
// names; the line numbers are the file's, so that patch can apply it.
func formatDiff(files []*renderedFile) []byte {
	var out bytes.Buffer
	for _, f := range files {
		var hunks bytes.Buffer
		beforeLine, afterLine := 1, 1
		for _, d := range f.documents {
			before, after := splitLines(d.before.Raw), splitLines(d.after.Raw)
			if d.changed() {
				writeHunks(&hunks, before, after, beforeLine, afterLine, d.title())
			}
			beforeLine += len(before)
			afterLine += len(after)
		}
		if hunks.Len() > 0 {
			fmt.Fprintf(&out, "--- %s\n+++ %s\n", f.name, f.name)
			out.Write(hunks.Bytes())
		}
	}
	return out.Bytes()
}

// title names a document in the header of its hunks.
func (d *renderedDocument) title() string {
	if len(d.workloads) == 1 {
		return d.workloads[0].object.String()
	}
	return fmt.Sprintf("document %d", d.before.Number)
}

func writeHunks(out *bytes.Buffer, before, after []string, beforeLine, afterLine int, title string) {
	for _, group := range difflib.NewMatcher(before, after).GetGroupedOpCodes(diffContext) {
		first, last := group[0], group[len(group)-1]
		fmt.Fprintf(out, "@@ -%s +%s @@ %s\n",
			span(beforeLine+first.I1, last.I2-first.I1), span(afterLine+first.J1, last.J2-first.J1), title)
		for _, c := range group {
			if c.Tag == 'e' {
				writeLines(out, " ", before[c.I1:c.I2])
				continue
			}
			writeLines(out, "-", before[c.I1:c.I2])
			writeLines(out, "+", after[c.J1:c.J2])
		}
	}
}

// span writes a range of lines as a hunk's header has it. An empty range is named
// by the line before it.
func span(line, count int) string {
	if count == 0 {
		line--
	}
	return fmt.Sprintf("%d,%d", line, count)
}

func writeLines(out *bytes.Buffer, sign string, lines []string) {
	for _, l := range lines {
		out.WriteString(sign + l)
		if !strings.HasSuffix(l, "\n") {
			out.WriteString("\n\\ No newline at end of file\n")
		}
	}
}

// splitLines returns the lines, each with its line break.
func splitLines(text []byte) []string {
	var out []string
	for line := range bytes.Lines(text) {
		out = append(out, string(line))
	}
	return out
}
