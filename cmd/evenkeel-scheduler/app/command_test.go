// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/evenkeel/evenkeel/internal/version"
)

// mainEnv makes the test binary be evenkeel-scheduler, so that exit codes and
// output are those of the program.
const mainEnv = "EVENKEEL_TEST_RUN_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(mainEnv) != "" {
		os.Exit(Main())
	}
	m.Run()
}

// run runs evenkeel-scheduler until it ends.
func run(t *testing.T, args ...string) (stdout, stderr string, exitCode int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), mainEnv+"=1")
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), errOut.String(), cmd.ProcessState.ExitCode()
}

func TestVersionFlagPrintsBothVersions(t *testing.T) {
	stdout, stderr, code := run(t, "--version")
	if want := version.String("evenkeel-scheduler") + "\n"; stdout != want || stderr != "" || code != 0 {
		t.Errorf("got %q, stderr %q, exit code %d, want %q", stdout, stderr, code, want)
	}
}

// TestEveryFlagOfKubeSchedulerIsTaken spot-checks one flag of each group in
// the help text.
func TestEveryFlagOfKubeSchedulerIsTaken(t *testing.T) {
	stdout, _, code := run(t, "--help")
	if code != 0 {
		t.Errorf("exit code %d", code)
	}
	for _, want := range []string{"Usage:\n  evenkeel-scheduler [flags]", "help for evenkeel-scheduler", "--config string", "--secure-port",
		"--authentication-kubeconfig", "--authorization-kubeconfig", "--leader-elect ", "--feature-gates", "--show-hidden-metrics-for-version", "--logging-format", "--emulated-version"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("the help text lacks %q", want)
		}
	}
	if strings.Contains(stdout, "kube-scheduler [flags]") {
		t.Error("the help text has upstream's name")
	}
}

func TestWrongInputIsRefused(t *testing.T) {
	const head = "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n"
	argsOf := func(plugin, args string) string {
		return head + "profiles:\n- schedulerName: x\n  pluginConfig:\n  - name: " + plugin + "\n    args: " + args + "\n"
	}
	profile := func(args string) string { return argsOf("ReplicaSpread", args) }
	const spread, affinity = "GuardedPodTopologySpread", "GuardedInterPodAffinity"
	dir := t.TempDir()
	for name, tc := range map[string]struct {
		config string
		args   []string
		want   string
	}{
		"an unknown flag":                 {args: []string{"--confg", "x"}, want: "Error: unknown flag: --confg; evenkeel-scheduler --help lists the flags"},
		"a wrong value":                   {args: []string{"--leader-elect=maybe"}, want: `Error: invalid argument "maybe" for "--leader-elect" flag`},
		"an argument":                     {args: []string{"start"}, want: `Error: "evenkeel-scheduler" does not take any arguments, got ["start"]`},
		"a file that is not":              {args: []string{"--config", dir + "/none"}, want: "configuration file " + dir + "/none: open "},
		"an empty file":                   {config: "\n", want: "it must begin with apiVersion: kubescheduler.config.k8s.io/v1 and kind: KubeSchedulerConfiguration"},
		"another kind":                    {config: "apiVersion: v1\nkind: Pod\n", want: "it must begin with apiVersion: kubescheduler.config.k8s.io/v1"},
		"no YAML":                         {config: "{", want: "json parse error"},
		"an unknown field":                {config: head + "profile: []\n", want: `unknown field \"profile\"`},
		"an unknown arg":                  {config: profile("{levles: []}"), want: `decoding args for plugin ReplicaSpread: strict decoding error: unknown field \"levles\"`},
		"a negative weight":               {config: profile("{levels: [{name: host, weight: -1}]}"), want: "profiles[0].pluginConfig[0].args.levels[0].weight: Invalid value: -1: must be from 1 to 100"},
		"an empty level":                  {config: profile("{levels: [{}]}"), want: "profiles[0].pluginConfig[0].args.levels[0].name: Required value: must be one of host, rack and zone"},
		"a level twice":                   {config: profile("{levels: [{name: host}, {name: host}]}"), want: `profiles[0].pluginConfig[0].args.levels[1].name: Duplicate value: \"host\"`},
		"no candidates":                   {config: profile("{candidates: -1}"), want: "profiles[0].pluginConfig[0].args.candidates: Invalid value: -1: must be from 0, which leaves every cycle to kube-scheduler, to 1000"},
		"many candidates":                 {config: profile("{candidates: 1001}"), want: "profiles[0].pluginConfig[0].args.candidates: Invalid value: 1001: must be from 0"},
		"candidates, said":                {config: profile("{candidates: many}"), want: "decoding args for plugin ReplicaSpread: json: cannot unmarshal string into Go struct field ReplicaSpreadArgs.candidates of type int32"},
		"arguments twice":                 {config: profile("{}\n  - name: ReplicaSpread\n    args: {candidates: 3}"), want: `profiles[0].pluginConfig[1]: Duplicate value: \"ReplicaSpread\"`},
		"guarded spread: an unknown arg":  {config: argsOf(spread, "{defaultTyp: List}"), want: `decoding args for plugin GuardedPodTopologySpread: strict decoding error: unknown field \"defaultTyp\"`},
		"guarded spread: an unknown type": {config: argsOf(spread, "{defaultingType: Some}"), want: `profiles[0].pluginConfig[0].args.defaultingType: Unsupported value: \"Some\": supported values: \"System\", \"List\"`},
		"guarded spread: a list beside System": {config: argsOf(spread, "{defaultingType: System, defaultConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway}]}"),
			want: `profiles[0].pluginConfig[0].args.defaultingType: Invalid value: \"System\": when .defaultConstraints are not empty`},
		"guarded spread: a wrong constraint": {config: argsOf(spread, "{defaultingType: List, defaultConstraints: [{maxSkew: 0, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway}]}"),
			want: "profiles[0].pluginConfig[0].args.defaultConstraints[0].maxSkew: Invalid value: 0: not in valid range (0, inf)"},
		"guarded spread: a selector": {config: argsOf(spread, "{defaultingType: List, defaultConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway, labelSelector: {}}]}"),
			want: "profiles[0].pluginConfig[0].args.defaultConstraints[0].labelSelector: Forbidden: constraint must not define a selector"},
		"guarded spread: another's arguments": {config: argsOf(spread, "{apiVersion: kubescheduler.config.k8s.io/v1, kind: ReplicaSpreadArgs}"),
			want: "args for plugin GuardedPodTopologySpread were not of type GuardedPodTopologySpreadArgs.kubescheduler.config.k8s.io, got ReplicaSpreadArgs"},
		"guarded affinity: an unknown arg":    {config: argsOf(affinity, "{hardWeight: 1}"), want: `decoding args for plugin GuardedInterPodAffinity: strict decoding error: unknown field \"hardWeight\"`},
		"guarded affinity: a negative weight": {config: argsOf(affinity, "{hardPodAffinityWeight: -1}"), want: "profiles[0].pluginConfig[0].args.hardPodAffinityWeight: Invalid value: -1: must be from 0 to 100"},
		"guarded affinity: a great weight":    {config: argsOf(affinity, "{hardPodAffinityWeight: 101}"), want: "profiles[0].pluginConfig[0].args.hardPodAffinityWeight: Invalid value: 101: must be from 0 to 100"},
		"arguments of no plugin":              {config: argsOf("ReplicaSprd", "{}"), want: `profiles[0].pluginConfig[0].name: Invalid value: \"ReplicaSprd\": there is no such plugin: correct the name, or remove it`},
		"a plugin that there is not": {config: head + "profiles: [{plugins: {multiPoint: {enabled: [{name: ReplicaSprd}]}}}]\n",
			want: `profiles[0].plugins.multiPoint.enabled: Invalid value: \"ReplicaSprd\": there is no such plugin: correct the name, or remove it`},
		"a plugin that there is not, at one point": {config: head + "profiles: [{plugins: {preFilter: {enabled: [{name: ReplicaSprd}]}}}]\n",
			want: `profiles[0].plugins.preFilter.enabled: Invalid value: \"ReplicaSprd\": there is no such plugin`},
		"arguments of the plugin that is guarded": {
			config: head + "profiles: [{plugins: {multiPoint: {disabled: [{name: PodTopologySpread}], enabled: [{name: GuardedPodTopologySpread}]}}, pluginConfig: [{name: PodTopologySpread, args: {defaultingType: List}}]}]\n",
			want:   `profiles[0].pluginConfig[0].name: Invalid value: \"PodTopologySpread\": the profile has GuardedPodTopologySpread in its place, which would not see these arguments: write them under that name`},
		"arguments of the affinity that is guarded": {
			config: head + "profiles: [{plugins: {multiPoint: {disabled: [{name: InterPodAffinity}], enabled: [{name: GuardedInterPodAffinity}]}}, pluginConfig: [{name: InterPodAffinity, args: {hardPodAffinityWeight: 5}}]}]\n",
			want:   `profiles[0].pluginConfig[0].name: Invalid value: \"InterPodAffinity\": the profile has GuardedInterPodAffinity in its place`},
		"events of no kind": {args: []string{"--scheduled-events=maybe"}, want: `Error: invalid argument "maybe" for "--scheduled-events" flag`},
		"events without =":  {args: []string{"--scheduled-events", "false"}, want: `Error: "evenkeel-scheduler" does not take any arguments, got ["false"]`},
		"upstream's own":    {config: head + "percentageOfNodesToScore: 101\n", want: "percentageOfNodesToScore: Invalid value: 101: not in valid range [0-100]"},
	} {
		t.Run(name, func(t *testing.T) {
			args := tc.args
			if tc.config != "" {
				file := filepath.Join(t.TempDir(), "config.yaml")
				if err := os.WriteFile(file, []byte(tc.config), 0o600); err != nil {
					t.Fatal(err)
				}
				args = []string{"--config", file}
			}
			stdout, stderr, code := run(t, args...)
			if code != 1 || stdout != "" {
				t.Errorf("exit code %d and output %q, want 1 and none", code, stdout)
			}
			if !strings.Contains(stderr, tc.want) {
				t.Errorf("got %q, want %q", stderr, tc.want)
			}
			if tc.config != "" && !strings.Contains(stderr, "configuration file "+args[1]+": ") {
				t.Errorf("the file is not named: %q", stderr)
			}
			if n := strings.Count(strings.TrimRight(stderr, "\n"), "\n"); n != 0 || strings.Contains(stderr, "goroutine") {
				t.Errorf("more than one line:\n%s", stderr)
			}
		})
	}
}
