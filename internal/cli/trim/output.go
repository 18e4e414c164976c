// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package trim

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"sigs.k8s.io/yaml"

	"github.com/evenkeel/evenkeel/internal/trim"
	"github.com/evenkeel/evenkeel/internal/version"
)

// Values of -o.
const (
	outputTable = "table"
	outputYAML  = "yaml"
	outputJSON  = "json"
)

// Document is what -o json writes. Its fields are described in docs/trim.md.
type Document struct {
	// Kubernetes is the release whose default profile is meant.
	Kubernetes string `json:"kubernetes"`
	// Source is the address of the API server, or the names of the files.
	Source string `json:"source"`

	*trim.Report

	// Changes are the differences between Configuration and the shipped one.
	Changes []trim.Change `json:"changes"`
	// Configuration is a KubeSchedulerConfiguration.
	Configuration json.RawMessage `json:"configuration"`
}

func formatJSON(source string, report *trim.Report, changes []trim.Change, configuration []byte) ([]byte, error) {
	asJSON, err := yaml.YAMLToJSON(configuration)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration that follows: %w", err)
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(Document{version.KubernetesVersion, source, report, changes, asJSON}); err != nil {
		return nil, fmt.Errorf("writing JSON: %w", err)
	}
	return out.Bytes(), nil
}

func formatTable(source string, report *trim.Report, changes []trim.Change) []byte {
	var out bytes.Buffer
	var objects []string
	for _, o := range report.Objects {
		if o.Count > 0 {
			objects = append(objects, fmt.Sprintf("%s %s", thousands(o.Count), plural(o.Kind, o.Count)))
		}
	}
	fmt.Fprintf(&out, "%s: %s\n\n", source, strings.Join(objects, ", "))

	table := tabwriter.NewWriter(&out, 0, 8, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "PLUGIN\tVERDICT\tCOSTS A POD\tWHY")
	for _, f := range report.Plugins {
		lines := why(f)
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", f.Name(), verdict(f), cost(f), lines[0])
		for _, line := range lines[1:] {
			_, _ = fmt.Fprintf(table, "\t\t\t%s\n", line)
		}
	}
	_ = table.Flush()

	writeMissing(&out, report.Missing)
	for _, n := range report.Notes {
		fmt.Fprintf(&out, "\nNote: %s.\n", n)
	}
	if len(changes) == 0 {
		fmt.Fprint(&out, "\nThe configuration that follows is the shipped one; -o yaml prints it.\n")
	} else {
		fmt.Fprint(&out, "\nThe configuration that follows is the shipped one, but (-o yaml prints it):\n")
	}
	for _, c := range changes {
		fmt.Fprintf(&out, "- %s\n", c)
	}
	fmt.Fprint(&out, "\nCosts are figures of the project's own measurements at 5,000 nodes; docs/trim.md says how they were made.\n")
	return trimLines(out.Bytes())
}

// writeMissing tells which kinds are missing that a verdict would depend on, and
// why.
func writeMissing(out *bytes.Buffer, missing []trim.MissingKind) {
	byReason := map[string][]string{}
	for _, m := range missing {
		if m.Needed {
			byReason[m.Reason] = append(byReason[m.Reason], trim.Plural(m.Kind))
		}
	}
	if len(byReason) == 0 {
		return
	}
	fmt.Fprintf(out, "\nEvidence is missing, and what depends on it is kept:\n")
	for _, reason := range slices.Sorted(maps.Keys(byReason)) {
		fmt.Fprintf(out, "- %s: %s\n", reason, strings.Join(byReason[reason], ", "))
	}
	if _, ok := byReason[noneInDump]; ok {
		fmt.Fprintln(out, "Where there are none in the dump because there are none in the cluster, say so with --listed.")
	}
}

// trimLines takes away the spaces with which the table fills its lines.
func trimLines(text []byte) []byte {
	var out bytes.Buffer
	for line := range bytes.Lines(text) {
		out.Write(bytes.TrimRight(line, " \n"))
		out.WriteByte('\n')
	}
	return out.Bytes()
}

func verdict(f trim.Finding) string {
	switch f.Verdict {
	case trim.Replaced:
		return "replaced by " + f.ReplacedBy
	case trim.MayGo:
		return "may go: score only"
	case trim.Keep:
		return "keep"
	default:
		return "never: protects"
	}
}

// cost returns the figure of a finding; where there are several, the highest.
func cost(f trim.Finding) string {
	switch len(f.Costs) {
	case 0:
		return "not measured"
	case 1:
		return f.Costs[0].String()
	}
	highest := slices.MaxFunc(f.Costs, func(a, b trim.Cost) int { return cmp.Compare(a.CPUMillisecondsTo, b.CPUMillisecondsTo) })
	return fmt.Sprintf("up to %g ms CPU", highest.CPUMillisecondsTo)
}

// why returns the lines that stand for a finding's reason and evidence.
func why(f trim.Finding) []string {
	var out []string
	// That a plugin protects is in the verdict; what it protects, in its name.
	if f.Verdict != trim.Never {
		out = append(out, f.Reason)
	}
	for _, e := range f.Evidence {
		var counts []string
		if e.Count > 0 {
			counts = append(counts, thousands(e.Count))
		}
		if e.Templates > 0 {
			counts = append(counts, thousands(e.Templates)+" "+plural("template", e.Templates))
		}
		out = append(out, fmt.Sprintf("%s (%s): %s", e.What, strings.Join(counts, " and "), strings.Join(e.Examples, ", ")))
	}
	switch {
	case len(out) > 0:
	case f.Always:
		out = append(out, "every pod")
	case len(f.Missing) > 0:
		out = append(out, "not known: evidence is missing")
	default:
		out = append(out, "not used at present")
	}
	return out
}

// plural returns the word for n of a kind.
func plural(kind string, n int) string {
	if n == 1 {
		return kind
	}
	return trim.Plural(kind)
}

// thousands writes a number with commas.
func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return thousands(n/1000) + fmt.Sprintf(",%03d", n%1000)
}
