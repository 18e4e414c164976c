// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package playground

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/evenkeel/evenkeel/internal/cli/exit"
)

const (
	goodPod       = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: app, image: app}]}\n"
	goodScheduler = "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n"
)

// run runs the command with the arguments as far as it comes; nothing is started
// in these tests, as each has something wrong.
func run(t *testing.T, stdin string, args ...string) (string, error) {
	t.Helper()
	cmd := NewCommand()
	cmd.SetArgs(args)
	var out bytes.Buffer
	cmd.SetIn(strings.NewReader(stdin))
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func TestCommandRefusesBadInput(t *testing.T) {
	tests := map[string]struct {
		args  []string
		files map[string]string
		stdin string
		want  string
	}{
		"an argument":            {args: []string{"a.yaml"}, want: `unexpected argument "a.yaml": files are given with -f`},
		"output":                 {args: []string{"-o", "yaml"}, want: `--output must be table or json, not "yaml"`},
		"timeout":                {args: []string{"--timeout", "0s"}, want: "--timeout must be more than 0, not 0s"},
		"zones":                  {args: []string{"--zones", "0"}, want: "--zones must be at least 1, not 0"},
		"racks":                  {args: []string{"--racks-per-zone=-1"}, want: "--racks-per-zone must be at least 1, not -1"},
		"no number":              {args: []string{"--zones", "many"}, want: `--zones must be a whole number, not "many"; see playground --help`},
		"no duration":            {args: []string{"--timeout", "soon"}, want: `--timeout must be a duration such as 90s or 5m, not "soon"; see`},
		"neither true nor false": {args: []string{"--once=never"}, want: `--once must be true or false, not "never"; see`},
		"a flag that is none":    {args: []string{"--zone", "3"}, want: "unknown flag: --zone; see playground --help"},
		"two wrong numbers":      {args: []string{"--zones", "0", "--hosts-per-rack", "0"}, want: "--zones must be at least 1, not 0; --hosts-per-rack must be at least 1, not 0"},
		"too many nodes":         {args: []string{"--zones", "1000", "--racks-per-zone", "1000"}, want: "--zones 1000 x --racks-per-zone 1000 x --hosts-per-rack 5 x --vms-per-host 1 are more than 20000 nodes: make one of them smaller"},
		"node CPU":               {args: []string{"--node-cpu", "many"}, want: `--node-cpu "many" is not a quantity: write it like 32`},
		"run directory that is in use": {
			args:  []string{"--dir", "d"},
			files: map[string]string{"d/file": ""},
			want:  "--dir d is not empty: name an empty folder or a new one",
		},
		"run directory that is a file": {
			args:  []string{"--dir", "d"},
			files: map[string]string{"d": ""},
			want:  "--dir d cannot be used: not a directory: name an empty folder or a new one",
		},
		"folder of programs that is a file": {
			args:  []string{"--bin-dir", "d"},
			files: map[string]string{"d": ""},
			want:  "--bin-dir d is not a folder",
		},
		"no such file": {args: []string{"-f", "a.yaml"}, want: "-f a.yaml: no such file or directory"},
		"a file with a wrong field": {
			args:  []string{"-f", "a.yaml"},
			files: map[string]string{"a.yaml": goodPod + "---\n" + strings.Replace(goodPod, "image", "imag", 1)},
			want:  `-f a.yaml, document 2 (Pod a): unknown field "spec.containers[0].imag"`,
		},
		"a wrong field on the standard input": {
			args:  []string{"-f", "-"},
			stdin: strings.Replace(goodPod, "name: app", "nam: app", 1),
			want:  `-f standard input, document 1 (Pod a): unknown field "spec.containers[0].nam"`,
		},
		"no such configuration": {args: []string{"--config", "c.yaml"}, want: "--config c.yaml cannot be read: no such file or directory"},
		"a configuration with an unknown field": {
			args:  []string{"--config", "c.yaml"},
			files: map[string]string{"c.yaml": "apiVersion: config.evenkeel.io/v1alpha1\nkind: AdmissionConfiguration\nfeatures: {jvn: {}}\n"},
			want:  `--config c.yaml: unknown field "features.jvn"`,
		},
		"no such scheduler configuration": {args: []string{"--scheduler-config", "s.yaml"}, want: "--scheduler-config s.yaml cannot be read: no such file or directory"},
		"a scheduler configuration of another kind": {
			args:  []string{"--scheduler-config", "s.yaml"},
			files: map[string]string{"s.yaml": "apiVersion: v1\nkind: ConfigMap\n"},
			want:  "--scheduler-config s.yaml: is apiVersion v1, kind ConfigMap; want apiVersion: kubescheduler.config.k8s.io/v1 and kind: KubeSchedulerConfiguration",
		},
		"a scheduler configuration with an unknown field": {
			args:  []string{"--scheduler-config", "s.yaml"},
			files: map[string]string{"s.yaml": goodScheduler + "profiles: [{plugin: {}}]\n"},
			want:  `--scheduler-config s.yaml: unknown field "profiles[0].plugin"`,
		},
		"a scheduler configuration that is no YAML": {
			args:  []string{"--scheduler-config", "s.yaml"},
			files: map[string]string{"s.yaml": "kind: [\n"},
			want:  "--scheduler-config s.yaml: not valid YAML: ",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			for path, content := range tc.files {
				if dir, _, nested := strings.Cut(path, "/"); nested {
					if err := os.Mkdir(dir, 0o755); err != nil {
						t.Fatal(err)
					}
				}
				if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			out, err := run(t, tc.stdin, tc.args...)
			if err == nil {
				t.Fatal("no error")
			}
			if got := err.Error(); !strings.HasPrefix(got, tc.want) || strings.Contains(got, "\n") {
				t.Errorf("error is\n%q, want\n%q", got, tc.want)
			}
			if code := exit.CodeOf(err); code != exit.BadInput {
				t.Errorf("exit code is %d, want %d", code, exit.BadInput)
			}
			if out != "" {
				t.Errorf("printed %q", out)
			}
		})
	}
}

func TestPlanOfNoFlagsIsTheShippedOne(t *testing.T) {
	p, err := newOptions().plan(nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.nodes) != 60 {
		t.Errorf("%d nodes, want 60", len(p.nodes))
	}
	kinds := map[string]int{}
	for i := range p.objects {
		kinds[p.objects[i].GetKind()]++
	}
	// What the tables are to show: one kind of each that people run.
	for _, kind := range []string{"Namespace", "LimitRange", "Deployment", "StatefulSet", "Job"} {
		if kinds[kind] == 0 {
			t.Errorf("the examples have no %s: %v", kind, kinds)
		}
	}
	if p.admission.config == nil || p.scheduler.fields == nil {
		t.Error("a shipped configuration is not read")
	}
}
