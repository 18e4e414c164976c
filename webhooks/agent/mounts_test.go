// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"testing"

	"github.com/evenkeel/evenkeel/internal/mutatortest"
	"github.com/evenkeel/evenkeel/webhooks/agent"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// TestMutatorYieldsToMounts mounts a volume of the user's at a path. The agent
// has its image at /evenkeel/apm and writes to /evenkeel/apm-tmp.
func TestMutatorYieldsToMounts(t *testing.T) {
	for path, taken := range map[string]bool{
		"/evenkeel/apm":           true,
		"/evenkeel/apm/":          true,
		"/evenkeel//apm//":        true,
		"evenkeel/apm":            true,
		"/evenkeel/./apm":         true,
		"/evenkeel":               true,
		"/evenkeel/":              true,
		"/":                       true,
		"/evenkeel/apm/lib":       true,
		"/evenkeel/apm/lib/x.jar": true,
		"/evenkeel/apm-tmp":       true,
		"/evenkeel/apm-tmp/":      true,
		// A folder that the agent writes to takes mounts.
		"/evenkeel/apm-tmp/dump": false,
		"/evenkeel/ap":           false,
		"/evenkeel/apms":         false,
		"/evenkeel/log":          false,
		"/even":                  false,
		"/app/evenkeel/apm":      false,
	} {
		t.Run(path, func(t *testing.T) {
			pod := asking("apm")
			pod.Spec.Containers[0].VolumeMounts[0].MountPath = path
			out := check(t, mutatortest.DefaultRequest(), pod, agent.New(small(t, "")))
			got := out.Features[0].Report.Containers["app"]
			want := mutate.Result{Outcome: mutate.Done}
			if taken {
				want = mutate.Result{Outcome: mutate.Skipped, Code: mutate.CodeAgentPathTaken, Detail: "apm: " + path}
			}
			if got.Outcome != want.Outcome || got.Code != want.Code || got.Detail != want.Detail {
				t.Errorf("%s %s (%s); want %s %s (%s)", got.Outcome, got.Code, got.Detail, want.Outcome, want.Code, want.Detail)
			}
		})
	}
}
