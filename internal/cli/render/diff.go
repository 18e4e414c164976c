// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/pmezard/go-difflib/difflib"
)

// diffContext is the number of unchanged lines around a change.
const diffContext = 3

// equal is the tag of lines that are the same, as difflib has it.
const equal = 'e'

// formatDiff returns a unified diff of each file that changes, with the prefixes
// a/ and b/ that git gives the names: git apply and patch -p1 understand it, in the
// folder that the names are relative to.
func formatDiff(files []*renderedFile) []byte {
	var out bytes.Buffer
	for _, f := range files {
		d := fileDiff{}
		for _, doc := range f.documents {
			d.add(doc)
		}
		hunks := d.hunks()
		if len(hunks) == 0 {
			continue
		}
		fmt.Fprintf(&out, "--- %s\n+++ %s\n", diffName("a/", f.name), diffName("b/", f.name))
		for _, h := range hunks {
			d.write(&out, h)
		}
	}
	return out.Bytes()
}

// diffName returns a file's name for a header. A patch says nothing about files
// outside of a tree, so an absolute name loses its root as in git diff --no-index.
// A name with a space is followed by a tab, by which its end is known; one that
// the header cannot hold is quoted.
func diffName(prefix, name string) string {
	name = prefix + strings.TrimPrefix(filepath.ToSlash(filepath.Clean(name)), "/")
	switch {
	case strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == '"' || r == '\\' }):
		return strconv.Quote(name)
	case strings.Contains(name, " "):
		return name + "\t"
	}
	return name
}

// fileDiff is the comparison of a file with what became of it. Objects are
// compared one by one: the cost of a comparison grows faster than its length.
type fileDiff struct {
	before, after []string
	// codes are stretches of lines, those that are equal merged.
	codes []difflib.OpCode
	// titles names the document of each line of before.
	titles []string
}

func (f *fileDiff) add(d *renderedDocument) {
	before, after := splitLines(d.before.Raw), splitLines(d.after.Raw)
	for range before {
		f.titles = append(f.titles, d.title())
	}
	if d.changed() {
		i, j := 0, 0
		for _, s := range sections(d) {
			f.compare(before[i:s[0]], after[j:s[1]])
			i, j = s[0], s[1]
		}
		f.compare(before[i:], after[j:])
		return
	}
	f.append([]difflib.OpCode{{Tag: equal, I2: len(before), J2: len(after)}}, before, after)
}

// sections returns the lines in which the objects of a document begin, before and
// after, as far as they tell the objects apart.
func sections(d *renderedDocument) [][2]int {
	before, after := d.before.ObjectLines(), d.after.ObjectLines()
	if len(before) != len(after) {
		return nil
	}
	var out [][2]int
	last := [2]int{0, 0}
	for k := range before {
		if s := [2]int{before[k], after[k]}; s[0] > last[0] && s[1] > last[1] {
			out = append(out, s)
			last = s
		}
	}
	return out
}

func (f *fileDiff) compare(before, after []string) {
	f.append(difflib.NewMatcherWithJunk(before, after, false, nil).GetOpCodes(), before, after)
}

// append adds the comparison of the lines that follow.
func (f *fileDiff) append(codes []difflib.OpCode, before, after []string) {
	i, j := len(f.before), len(f.after)
	for _, c := range codes {
		c.I1, c.I2, c.J1, c.J2 = c.I1+i, c.I2+i, c.J1+j, c.J2+j
		if n := len(f.codes); n > 0 && c.Tag == equal && f.codes[n-1].Tag == equal {
			f.codes[n-1].I2, f.codes[n-1].J2 = c.I2, c.J2
			continue
		}
		f.codes = append(f.codes, c)
	}
	f.before = append(f.before, before...)
	f.after = append(f.after, after...)
}

// title names a document in the header of its hunks.
func (d *renderedDocument) title() string {
	if len(d.workloads) == 1 {
		return d.workloads[0].object.String()
	}
	return fmt.Sprintf("document %d", d.before.Number)
}

// hunks returns the changes with the lines around them; changes whose
// surroundings meet are one hunk.
func (f *fileDiff) hunks() [][]difflib.OpCode {
	var out [][]difflib.OpCode
	open := false
	for k, c := range f.codes {
		if c.Tag != equal {
			if !open {
				out = append(out, nil)
				open = true
				if k > 0 {
					lead := f.codes[k-1]
					n := min(diffContext, lead.I2-lead.I1)
					lead.I1, lead.J1 = lead.I2-n, lead.J2-n
					out[len(out)-1] = append(out[len(out)-1], lead)
				}
			}
			out[len(out)-1] = append(out[len(out)-1], c)
			continue
		}
		if !open {
			continue
		}
		if last := k == len(f.codes)-1; last || c.I2-c.I1 > 2*diffContext {
			n := min(diffContext, c.I2-c.I1)
			c.I2, c.J2 = c.I1+n, c.J1+n
			open = false
		}
		out[len(out)-1] = append(out[len(out)-1], c)
	}
	return out
}

func (f *fileDiff) write(out *bytes.Buffer, hunk []difflib.OpCode) {
	first, last := hunk[0], hunk[len(hunk)-1]
	title := ""
	for _, c := range hunk {
		if c.Tag != equal {
			title = f.titles[min(c.I1, len(f.titles)-1)]
			break
		}
	}
	fmt.Fprintf(out, "@@ -%s +%s @@ %s\n", span(first.I1, last.I2), span(first.J1, last.J2), title)
	for _, c := range hunk {
		if c.Tag == equal {
			writeLines(out, " ", f.before[c.I1:c.I2])
			continue
		}
		writeLines(out, "-", f.before[c.I1:c.I2])
		writeLines(out, "+", f.after[c.J1:c.J2])
	}
}

// span writes a range of lines, counted from 0, as a hunk's header has it: the
// first line, counted from 1, and their number. An empty range is named by the
// line before it.
func span(from, to int) string {
	if from == to {
		return fmt.Sprintf("%d,0", from)
	}
	return fmt.Sprintf("%d,%d", from+1, to-from)
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
