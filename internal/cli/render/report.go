// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/internal/cli/standin"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// writeReport tells what became of each workload, for a person. quiet leaves the
// warnings.
func writeReport(out io.Writer, c *standin.Cluster, files []*renderedFile, quiet bool) {
	if !quiet {
		_, _ = fmt.Fprintf(out, "Using %s.\n", c)
	}
	indent := "  "
	if quiet {
		indent = ""
	}
	changed, unchanged, others := 0, 0, 0
	for _, f := range files {
		for _, d := range f.documents {
			others += d.others
			for _, w := range d.workloads {
				if w.outcomes != nil && len(w.outcomes.Operations) > 0 {
					changed++
				} else {
					unchanged++
				}
				prefix := f.where(d) + ": " + w.object.String() + ": "
				if !quiet {
					_, _ = fmt.Fprintf(out, "\n%s: %s\n", f.where(d), w.object)
					w.report(out)
					prefix = ""
				}
				for _, text := range w.warnings() {
					_, _ = fmt.Fprintf(out, "%sWarning: %s%s\n", indent, prefix, text)
				}
			}
			if d.rewritten {
				_, _ = fmt.Fprintf(out, "%sWarning: %s: written anew without its comments and layout, because a YAML alias or merge key stands where a change goes\n", indent, f.where(d))
			}
		}
	}
	if !quiet {
		_, _ = fmt.Fprintf(out, "\n%s changed, %d unchanged; %s passed through.\n", count(changed, "workload"), unchanged, count(others, "other object"))
	}
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// report writes a line per feature and per container.
func (w *renderedWorkload) report(out io.Writer) {
	if w.outcomes == nil {
		_, _ = fmt.Fprintf(out, "  %s\n", w.note)
		return
	}
	table := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	for _, f := range w.outcomes.Features {
		_, _ = fmt.Fprintf(table, "  %s\t%s\n", f.Name, resultText(f.Report.Pod))
		for _, name := range containerNames(f.Report, w.outcomes.Pod) {
			_, _ = fmt.Fprintf(table, "    %s\t%s\n", name, resultText(f.Report.Containers[name]))
		}
	}
	_ = table.Flush()
	if len(w.outcomes.Operations) == 0 {
		_, _ = fmt.Fprintln(out, "  nothing to change")
	}
}

// forLaterPasses are the facts by which a mutator finds its own work again. They
// are long, and in the result to be read.
var forLaterPasses = []string{mutate.FactOptions, mutate.FactChannel, mutate.FactEnv}

// resultText returns a result on one line: outcome, reason, numbers.
func resultText(r mutate.Result) string {
	text := string(r.Outcome)
	switch {
	case r.Outcome == mutate.Failed && r.Detail != "":
		// The detail is the whole sentence.
		text += ": " + r.Detail
	case r.Code != "":
		text += ": " + r.Code.Sentence()
		if r.Detail != "" {
			text += " (" + r.Detail + ")"
		}
	case r.Detail != "":
		text += ": " + r.Detail
	}
	var facts []string
	for _, key := range slices.Sorted(maps.Keys(r.Facts)) {
		value := r.Facts[key]
		if value == "" || slices.Contains(forLaterPasses, key) || value == string(r.Code) {
			continue
		}
		if strings.ContainsAny(value, " \t\n\"") {
			value = fmt.Sprintf("%q", value)
		}
		facts = append(facts, key+"="+value)
	}
	if len(facts) > 0 {
		text += "; " + strings.Join(facts, " ")
	}
	return text
}

// containerNames returns the containers of a report in the order of the pod.
func containerNames(r *mutate.Report, pod *corev1.Pod) []string {
	var out []string
	for _, list := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for _, c := range list {
			if _, ok := r.Containers[c.Name]; ok {
				out = append(out, c.Name)
			}
		}
	}
	return out
}

// warnings returns what kubectl would print as warnings, and the cause of a
// fault inside Evenkeel, for which the webhook has its log.
func (w *renderedWorkload) warnings() []string {
	var out []string
	if w.code.Warn() {
		out = append(out, w.note)
	}
	if w.outcomes == nil {
		return out
	}
	out = append(out, w.outcomes.Warnings()...)
	for _, f := range w.outcomes.Features {
		if f.Report.Pod.Code == mutate.CodeInternal {
			out = append(out, f.Err.Error())
		}
	}
	return out
}
