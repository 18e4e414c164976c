// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// formatTable writes an explanation for a person.
func formatTable(d *Document) []byte {
	t := &table{}
	if d.Assumptions != "" {
		t.line(0, "Using %s.", d.Assumptions)
	}
	for i, p := range d.Pods {
		if i > 0 || d.Assumptions != "" {
			t.out.WriteByte('\n')
		}
		t.pod(d, p)
	}
	return t.out.Bytes()
}

// table writes lines, indented by steps of two spaces.
type table struct{ out bytes.Buffer }

func (t *table) line(indent int, format string, args ...any) {
	text := strings.Repeat("  ", indent) + fmt.Sprintf(format, args...)
	t.out.WriteString(strings.TrimRight(text, " ") + "\n")
}

func (t *table) pod(d *Document, p *Pod) {
	t.line(0, "%s: %s", p.Source, p.Object)
	if p.Record != nil {
		t.line(1, "admitted by Evenkeel %s under the configuration %s%s", p.Record.Version, p.Record.Config, named(d, p))
	}
	if p.Note != "" {
		t.line(1, "%s", p.Note)
	}
	t.explanation(&p.Explanation, p.Limits, nil)
	for _, u := range p.Unknown {
		t.line(1, "not known: %s", u)
	}
	if p.Now != nil {
		t.now(d, p)
	}
}

// named says that the configuration of a record is the one that is at hand.
func named(d *Document, p *Pod) string {
	if p.Record.Config == d.Configuration.Hash {
		return ", which is " + d.Configuration.Name
	}
	return ""
}

// now writes what would come out otherwise, and explains the features that would.
func (t *table) now(d *Document, p *Pod) {
	by := fmt.Sprintf("Evenkeel %s under %s (%s)", p.Now.Version, d.Configuration.Name, d.Configuration.Hash)
	t.out.WriteByte('\n')
	if p.Record != nil && len(p.Now.Differences) == 0 {
		far := ""
		if p.Record.Truncated {
			far = ", as far as the record tells"
		}
		t.line(1, "%s would do the same today%s.", by, far)
		return
	}
	t.line(1, "%s would today do this:", by)
	var rows [][]string
	for _, f := range p.Now.Differences {
		rows = append(rows, []string{cmp.Or(f.Container, "pod"), f.Feature, label(f.What), cmp.Or(f.Recorded, "none"), "->", cmp.Or(f.Now, "none")})
	}
	t.columns(2, rows)
	show := func(container, feature string) bool {
		return p.Record == nil || slices.ContainsFunc(p.Now.Differences, func(f Difference) bool {
			return f.Container == container && f.Feature == feature
		})
	}
	t.explanation(&p.Now.Explanation, p.Limits, show)
}

// columns writes rows with their cells, but for the last, padded to the widest.
func (t *table) columns(indent int, rows [][]string) {
	widths := map[int]int{}
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(pad(cell, widths[i]+2))
		}
		t.line(indent, "%s", line.String())
	}
}

// explanation writes what features do. show says which are written, of a container
// or, without a name, of the pod; nil writes all.
func (t *table) explanation(e *Explanation, limits map[string]string, show func(container, feature string) bool) {
	switch {
	case !e.Selected && e.Selection != nil:
		t.line(1, "left alone: %s", e.Selection)
	case e.Selection != nil:
		t.line(1, "%s%s", warning(*e.Selection), e.Selection)
	}
	if e.Refused != "" {
		t.line(1, "refused: %s", e.Refused)
	}
	t.block("pod"+limitText(", with the limits ", limits), "", e.Features, show)
	for _, c := range e.Containers {
		role := c.Role
		if c.Own {
			role += " of Evenkeel's"
		}
		text := limitText(", limits ", c.Limits)
		if text == "" && !c.Own {
			text = ", without limits"
		}
		t.block(fmt.Sprintf("%s %s%s", role, c.Name, text), c.Name, c.Features, show)
	}
}

func limitText(before string, limits map[string]string) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(limits)) {
		out = append(out, name+" "+limits[name])
	}
	if len(out) == 0 {
		return ""
	}
	return before + strings.Join(out, ", ")
}

func (t *table) block(title, container string, features []Feature, show func(container, feature string) bool) {
	features = slices.DeleteFunc(slices.Clone(features), func(f Feature) bool { return show != nil && !show(container, f.Name) })
	if len(features) == 0 {
		return
	}
	width := 0
	for _, f := range features {
		width = max(width, len(f.Name))
	}
	t.line(1, "%s", title)
	for _, f := range features {
		outcome := string(f.Outcome)
		if outcome == "" {
			outcome = "nothing: not for this container, or nobody asks for it"
		}
		t.line(2, "%s  %s", pad(f.Name, width), outcome)
		t.feature(&f)
	}
}

// feature writes what there is to say of a feature besides its outcome.
func (t *table) feature(f *Feature) {
	for _, r := range together(f.Reasons) {
		t.line(3, "%s%s", warning(r), r)
	}
	var rows [][]string
	for _, name := range factsInOrder(f.Facts) {
		rows = append(rows, []string{label(name), f.Facts[name]})
	}
	if len(f.Environment) > 0 {
		rows = append(rows, []string{"variables", strings.Join(f.Environment, ", ")})
	}
	t.columns(3, rows)
	t.budget(f.Budget)
	switch {
	case f.FlagsGone:
		t.line(3, "the flags are no longer in %s", f.Variable)
	case len(f.Flags) > 0:
		t.line(3, "flags in %s", f.Variable)
		for _, flag := range f.Flags {
			t.line(4, "%s", flag)
		}
	}
}

// together returns reasons with one for all subjects that share a code, but for those
// with a detail of their own.
func together(reasons []Reason) []Reason {
	var out []Reason
	for _, r := range reasons {
		i := slices.IndexFunc(out, func(o Reason) bool {
			return o.Code == r.Code && r.Subject != "" && r.Detail == ""
		})
		if i < 0 {
			out = append(out, r)
			continue
		}
		same := &out[i]
		// What a feature says first tells of all by "name" or "name: what was found".
		told := strings.Split(same.Detail, "; ")
		switch named := func(text string) bool { name, _, _ := strings.Cut(text, ": "); return name == r.Subject }; {
		case slices.Contains(strings.Split(same.Subject, ", "), r.Subject):
		case !slices.ContainsFunc(told, named):
			same.Subject = strings.TrimPrefix(same.Subject+", "+r.Subject, ", ")
		case !strings.Contains(strings.Join(told, ""), " "):
			same.Subject, same.Detail = strings.Join(told, ", "), ""
		}
	}
	return out
}

func warning(r Reason) string {
	if r.Warning {
		return "warning: "
	}
	return ""
}

// String returns the reason on one line.
func (r Reason) String() string {
	text := r.Sentence
	if r.Subject != "" {
		text = r.Subject + ": " + text
	}
	if r.Detail != "" {
		text += " (" + r.Detail + ")"
	}
	return text + " [" + string(r.Code) + "]"
}

// inputs are the facts that others come of. They are written first; the rest
// follows by name.
var inputs = []string{mutate.FactProfile, mutate.FactMemoryLimit, mutate.FactMemoryShare, mutate.FactCPULimit, mutate.FactTier}

func factsInOrder(facts map[string]string) []string {
	rank := func(name string) int {
		if i := slices.Index(inputs, name); i >= 0 {
			return i
		}
		return len(inputs)
	}
	return slices.SortedFunc(maps.Keys(facts), func(a, b string) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
	})
}

// label writes the name of a fact as words: memoryLimit as memory limit.
func label(name string) string {
	var out strings.Builder
	for _, r := range name {
		if unicode.IsUpper(r) {
			out.WriteByte(' ')
		}
		out.WriteRune(unicode.ToLower(r))
	}
	return out.String()
}

// pad fills a text up to a width in characters.
func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(width-utf8.RuneCountInString(text), 0))
}
