// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// TestTableSaysASentenceOnce holds that a sentence about several agents stands once
// for all, with what was found of each.
func TestTableSaysASentenceOnce(t *testing.T) {
	present, jobs, command := mutate.CodeAgentPresent.Sentence(), mutate.CodeAgentJobs.Sentence(), mutate.CodeOptionsInCommand.Sentence()
	for name, tc := range map[string]struct {
		result mutate.Result
		more   []Reason
		want   []string
	}{
		"the agents alone": {
			result: mutate.Result{Code: mutate.CodeAgentJobs, Detail: "otel; uav; apm", Facts: map[string]string{mutate.FactLeftOut: "otel:AgentJobs,uav:AgentJobs,apm:AgentJobs"}},
			want:   []string{"warning: otel, uav, apm: " + jobs + " [AgentJobs]"},
		},
		"one agent": {
			result: mutate.Result{Code: mutate.CodeAgentJobs, Detail: "otel", Facts: map[string]string{mutate.FactLeftOut: "otel:AgentJobs"}},
			want:   []string{"warning: " + jobs + " (otel) [AgentJobs]"},
		},
		"what was found of each": {
			result: mutate.Result{Code: mutate.CodeAgentPresent, Detail: "otel: -javaagent:/a.jar in command; uav: -javaagent:/b.jar in args",
				Facts: map[string]string{mutate.FactLeftOut: "otel:AgentPresent,uav:AgentPresent"}},
			want: []string{"warning: " + present + " (otel: -javaagent:/a.jar in command; uav: -javaagent:/b.jar in args) [AgentPresent]"},
		},
		"a detail that is not about an agent": {
			result: mutate.Result{Code: mutate.CodeOptionsInCommand, Detail: "JAVA_TOOL_OPTIONS", Facts: map[string]string{mutate.FactLeftOut: "otel:OptionsInCommand,uav:OptionsInCommand"}},
			want:   []string{"warning: otel, uav: " + command + " (JAVA_TOOL_OPTIONS) [OptionsInCommand]"},
		},
		"another code, of which there is no detail": {
			result: mutate.Result{Code: mutate.CodeAgentPresent, Detail: "apm: -javaagent:/a.jar in command; also AgentJobs",
				Facts: map[string]string{mutate.FactLeftOut: "apm:AgentPresent,otel:AgentJobs,uav:AgentJobs"}},
			want: []string{
				"warning: " + present + " (apm: -javaagent:/a.jar in command; also AgentJobs) [AgentPresent]",
				"warning: otel, uav: " + jobs + " [AgentJobs]",
			},
		},
		"a detail of its own": {
			result: mutate.Result{Code: mutate.CodeAgentJobs, Detail: "otel"},
			more:   []Reason{{Code: mutate.CodeAgentJobs, Subject: "uav", Sentence: jobs, Detail: "of its own", Warning: true}},
			want:   []string{"warning: " + jobs + " (otel) [AgentJobs]", "warning: uav: " + jobs + " (of its own) [AgentJobs]"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			tc.result.Outcome = mutate.Skipped
			f := newFeature("agent", tc.result)
			f.Reasons = append(f.Reasons, tc.more...)
			before := slices.Clone(f.Reasons)
			tab := &table{}
			tab.feature(&f)
			var got []string
			for line := range strings.Lines(tab.out.String()) {
				got = append(got, strings.TrimSpace(line))
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(before, f.Reasons); diff != "" {
				t.Errorf("the reasons for -o json changed (-before +after):\n%s", diff)
			}
		})
	}
}

// The same through the whole chain: a Job that asks for two agents which are not for
// Jobs.
func TestExplainSaysOfSeveralAgentsOnce(t *testing.T) {
	content, err := os.ReadFile(configFile)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, regexp.MustCompile(`( +)(order: \d)\n`).ReplaceAll(content, []byte("${1}${2}\n${1}jobs: Never\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := execute(t, `{apiVersion: batch/v1, kind: Job, metadata: {name: nightly}, spec: {template: {metadata: {annotations: {agent.evenkeel.io/inject: "first,second"}},
		spec: {restartPolicy: Never, containers: [{name: app, image: registry.example.com/nightly}]}}}}`, "-f", "-", "--config", file)
	if err != nil {
		t.Fatal(err)
	}
	if want := "warning: first, second: " + mutate.CodeAgentJobs.Sentence() + " [AgentJobs]\n"; strings.Count(out, want) != 1 || strings.Count(out, mutate.CodeAgentJobs.Sentence()) != 1 {
		t.Errorf("it does not say once %q:\n%s", want, out)
	}
}
