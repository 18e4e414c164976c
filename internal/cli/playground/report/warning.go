// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"io"

	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// warn adds what the record of a pod says that its author can mend. Pods of a
// workload that have the same are one entry. What has failed is a problem instead.
func (d *Document) warn(w *workload, status *mutate.Status) {
	if status == nil {
		return
	}
	add := func(feature, container string, outcome mutate.Outcome, code mutate.Code, detail string) {
		if outcome == mutate.Failed || !code.Warn() {
			return
		}
		message := code.Sentence()
		if detail != "" {
			message += " (" + detail + ")"
		}
		warning := Warning{Namespace: w.namespace, Workload: w.WorkloadRef, Pods: 1, Feature: feature, Container: container,
			Outcome: string(outcome), Reason: string(code), Message: message}
		for i := range d.Warnings {
			same := d.Warnings[i]
			same.Pods = 1
			if same == warning {
				d.Warnings[i].Pods++
				return
			}
		}
		d.Warnings = append(d.Warnings, warning)
	}
	for _, f := range features(status) {
		record := status.Features[f.Name]
		add(f.Name, "", record.Outcome, record.Reason, record.Detail)
		for _, c := range f.Containers {
			result := record.Containers[c.Container]
			add(f.Name, c.Container, result.Outcome, result.Reason, result.Detail)
		}
	}
}

// String is the warning in one line.
func (w Warning) String() string {
	text := "Warning: "
	if w.Outcome == string(mutate.Skipped) {
		text = "Skipped: "
	}
	text += w.Feature
	if w.Container != "" {
		text += " for container " + w.Container
	}
	return fmt.Sprintf("%s in %s of %s %s/%s: %s (%s)", text, count(w.Pods, "pod"), w.Workload.Kind, w.Namespace, w.Workload.Name, w.Message, w.Reason)
}

// maxWarnings bounds how many warnings are for a person.
const maxWarnings = 20

// writeWarnings writes the warnings behind an empty line, or nothing.
func (d *Document) writeWarnings(w io.Writer) error {
	text := ""
	for _, warning := range d.Warnings[:min(len(d.Warnings), maxWarnings)] {
		text += "\n" + warning.String()
	}
	if text == "" {
		return nil
	}
	if more := len(d.Warnings) - maxWarnings; more > 0 {
		text += fmt.Sprintf("\n... and %d more: -o json has them all", more)
	}
	_, err := fmt.Fprintln(w, text)
	return err
}
