// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package playground

import (
	"testing"

	"github.com/evenkeel/evenkeel/internal/cli/exit"
	"github.com/evenkeel/evenkeel/internal/cli/playground/report"
)

// The exit status of --once hangs on it.
func TestJudgement(t *testing.T) {
	pending := report.Problem{Code: report.PodPending}
	tests := map[string]struct {
		doc  report.Document
		want string
	}{
		"all is well":             {doc: report.Document{OK: true}},
		"a warning is no problem": {doc: report.Document{OK: true, Warnings: []report.Warning{{Reason: "OptionsByEnvFrom"}}}},
		"a problem":               {doc: report.Document{Problems: []report.Problem{pending}}, want: "not all is well: 1 x PodPending"},
		"problems of several kinds": {
			doc:  report.Document{Problems: []report.Problem{pending, {Code: report.RecordMissing}, pending}},
			want: "not all is well: 2 x PodPending, 1 x RecordMissing",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			err := judgement(&tc.doc)
			got, code := "", exit.OK
			if err != nil {
				got = err.Error()
			}
			if tc.want != "" {
				code = exit.Failure
			}
			if got != tc.want || exit.CodeOf(err) != code {
				t.Errorf("judgement() = %q with exit code %d, want %q with %d", got, exit.CodeOf(err), tc.want, code)
			}
		})
	}
}
