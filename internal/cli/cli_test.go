// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/evenkeel/evenkeel/internal/cli/exit"
	"github.com/evenkeel/evenkeel/internal/golden"
)

// run runs the command line as evenkeel.
func run(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errOut bytes.Buffer
	code = Run(t.Context(), append([]string{"/usr/bin/evenkeel"}, args...), strings.NewReader(stdin), &out, &errOut)
	return code, out.String(), errOut.String()
}

const (
	goodPod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c}]}\n"
	badPod  = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - name: c\n    ports: [{containerPort: web}]\n"
)

// TestRunBadInput goes through everything a user can get wrong. Each gets one
// sentence, exit code 2 and nothing on standard output.
func TestRunBadInput(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"no-kind.yaml": "features: {}\n",
		"unknown.yaml": "apiVersion: config.evenkeel.io/v1alpha1\nkind: AdmissionConfiguration\nfeatures: {jvm: {mod: Off}}\n",
		"wrong.yaml":   "apiVersion: config.evenkeel.io/v1alpha1\nkind: AdmissionConfiguration\nfeatures: {satoken: {mode: On}}\n",
		"good.yaml":    goodPod,
		"empty/x.txt":  "",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	tests := map[string]struct {
		args  []string
		stdin string
		want  string
	}{
		"unknown command":         {args: []string{"fly"}, want: `evenkeel: there is no command "fly"; see evenkeel --help`},
		"misspelt command":        {args: []string{"rendr"}, want: `evenkeel: there is no command "rendr"; did you mean "render"?`},
		"unknown flag":            {args: []string{"--fly"}, want: `evenkeel: unknown flag: --fly; see evenkeel --help`},
		"help of no command":      {args: []string{"help", "fly"}, want: `evenkeel help: there is no command "fly"; see evenkeel --help`},
		"unknown shell":           {args: []string{"completion", "dos"}, want: `evenkeel completion: there is no command "dos"; see evenkeel completion --help`},
		"version of something":    {args: []string{"version", "x"}, want: `evenkeel version: unexpected argument "x"`},
		"version as YAML":         {args: []string{"version", "-o", "yaml"}, want: `evenkeel version: -o "yaml" is not known; leave it out or use -o json`},
		"no file":                 {args: []string{"render"}, want: `evenkeel render: no input; name a file with -f FILE, or -f - for standard input`},
		"a file without -f":       {args: []string{"render", "a.yaml"}, want: `evenkeel render: unexpected argument "a.yaml"; name files with -f, such as -f a.yaml`},
		"unknown flag of render":  {args: []string{"render", "--fly"}, want: `evenkeel render: unknown flag: --fly; see evenkeel render --help`},
		"a flag without value":    {args: []string{"render", "-f"}, want: `evenkeel render: flag needs an argument: 'f' in -f; see evenkeel render --help`},
		"a file that is not":      {args: []string{"render", "-f", "none.yaml"}, want: `evenkeel render: -f none.yaml: no such file`},
		"an empty file name":      {args: []string{"render", "-f", ""}, want: `evenkeel render: -f needs a file name, or - for standard input`},
		"a folder without files":  {args: []string{"render", "-f", "empty"}, want: `evenkeel render: -f empty: the folder has no .yaml, .yml or .json file`},
		"an address":              {args: []string{"render", "-f", "https://example.com/a.yaml"}, want: `evenkeel render: -f https://example.com/a.yaml: addresses are not read; fetch the file and pass it with -f -`},
		"standard input twice":    {args: []string{"render", "-f", "-", "-f", "-"}, want: `evenkeel render: -f - is given twice; standard input can be read only once`},
		"unknown output":          {args: []string{"render", "-f", "-", "-o", "xml"}, want: `evenkeel render: -o "xml" is not known; use yaml, json or diff`},
		"no label":                {args: []string{"render", "-f", "-", "--namespace-labels", "a"}, want: `evenkeel render: --namespace-labels: "a" is not a label; write key=value, several with commas between them`},
		"a label's key":           {args: []string{"render", "-f", "-", "--namespace-labels", "a b=c"}, want: `evenkeel render: --namespace-labels: "a b" is not a label's key: name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character`},
		"a label's value":         {args: []string{"render", "-f", "-", "--namespace-labels", "a=b c"}, want: `evenkeel render: --namespace-labels: "b c" is not a value for the label a: a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character`},
		"a label twice":           {args: []string{"render", "-f", "-", "--namespace-labels", "a=b,a=c"}, want: `evenkeel render: --namespace-labels: the label a is there twice`},
		"a namespace":             {args: []string{"render", "-f", "-", "-n", "A"}, want: `evenkeel render: --namespace "A" is not a namespace's name: a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character`},
		"a version":               {args: []string{"render", "-f", "-", "--kubernetes-version", "new"}, want: `evenkeel render: --kubernetes-version "new" is not a version; write it as 1.37`},
		"no configuration":        {args: []string{"render", "-f", "-", "--config", "none.yaml"}, want: `evenkeel render: --config none.yaml: no such file`},
		"a folder of them":        {args: []string{"render", "-f", "-", "--config", "empty"}, want: `evenkeel render: --config empty: cannot be read: is a directory`},
		"another file":            {args: []string{"render", "-f", "-", "--config", "no-kind.yaml"}, want: `evenkeel render: no-kind.yaml: is apiVersion "", kind ""; want apiVersion: config.evenkeel.io/v1alpha1 and kind: AdmissionConfiguration`},
		"unknown field":           {args: []string{"render", "-f", "-", "--config", "unknown.yaml"}, want: `evenkeel render: unknown.yaml: unknown field "features.jvm.mod"`},
		"wrong value":             {args: []string{"render", "-f", "-", "--config", "wrong.yaml"}, want: `evenkeel render: wrong.yaml: features.satoken.mode: Unsupported value: "true": supported values: "Off", "Observe", "Enforce"`},
		"not YAML":                {args: []string{"render", "-f", "-"}, stdin: goodPod + "---\na: b: c\n", want: `evenkeel render: stdin, document 2, line 6: is not YAML: mapping values are not allowed in this context`},
		"not an object":           {args: []string{"render", "-f", "-"}, stdin: goodPod + "---\n- a\n", want: `evenkeel render: stdin, document 2, line 6: is a list; want an object, with apiVersion and kind`},
		"a wrong type":            {args: []string{"render", "-f", "good.yaml", "-f", "-"}, stdin: badPod, want: `evenkeel render: stdin, document 1 (Pod p), line 7: spec.containers[0].ports[0].containerPort is the string "web"; want a whole number within the field's range`},
		"a wrong type, as a diff": {args: []string{"render", "-f", "good.yaml", "-f", "-", "-o", "diff"}, stdin: badPod, want: `evenkeel render: stdin, document 1 (Pod p), line 7: spec.containers[0].ports[0].containerPort is the string "web"; want a whole number within the field's range`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := run(t, tc.stdin, tc.args...)
			if code != exit.BadInput || stdout != "" {
				t.Errorf("exit code %d, standard output %q; want 2 and nothing", code, stdout)
			}
			if diff := cmp.Diff(tc.want+"\n", stderr); diff != "" {
				t.Errorf("standard error (-want +got):\n%s", diff)
			}
		})
	}
}

// TestRenderShipped renders a file with the real mutators under the shipped
// configuration, and then once more what came of it.
func TestRenderShipped(t *testing.T) {
	const input = "testdata/shop.input.yaml"
	code, out, report := run(t, "", "render", "-f", input)
	if code != exit.OK {
		t.Fatalf("exit code %d: %s", code, report)
	}
	golden.Check(t, "testdata/shop.output.yaml", []byte(out))
	golden.Check(t, "testdata/shop.report.txt", []byte(report))
	code, again, report := run(t, out, "render", "-f", "-", "-q")
	if code != exit.OK {
		t.Fatalf("second pass: exit code %d: %s", code, report)
	}
	if diff := cmp.Diff(out, again); diff != "" {
		t.Errorf("the second pass changed something (-first +second):\n%s", diff)
	}
	if !strings.Contains(out, "plantedField: kept") {
		t.Error("the unknown field is lost")
	}
}

func TestRunVersion(t *testing.T) {
	if code, out, _ := run(t, "", "version"); code != exit.OK || !strings.HasPrefix(out, "evenkeel v") {
		t.Errorf("exit code %d, output %q", code, out)
	}
	if code, out, _ := run(t, "", "version", "-o", "json"); code != exit.OK || !strings.Contains(out, `"kubernetesVersion": "v1.`) {
		t.Errorf("exit code %d, output %q", code, out)
	}
}

// TestRunHelp holds that help is what was asked for: on standard output, exit
// code 0, under the name by which the program was started.
func TestRunHelp(t *testing.T) {
	tests := map[string]struct {
		args []string
		want string
	}{
		"no command":    {[]string{"evenkeel"}, "evenkeel [command]"},
		"a verb":        {[]string{"evenkeel", "help", "render"}, "evenkeel render -f FILE"},
		"kubectl":       {[]string{"/opt/kubectl-evenkeel", "render", "--help"}, "kubectl evenkeel render -f FILE"},
		"on Windows":    {[]string{"kubectl-evenkeel.exe"}, "kubectl evenkeel [command]"},
		"another name":  {[]string{"ek", "version", "-h"}, "evenkeel version [-o json]"},
		"of completion": {[]string{"evenkeel", "completion"}, "evenkeel completion [command]"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var out, errOut bytes.Buffer
			code := Run(t.Context(), tc.args, nil, &out, &errOut)
			if code != exit.OK || errOut.Len() > 0 || !strings.Contains(out.String(), tc.want) {
				t.Errorf("exit code %d, standard error %q; the output lacks %q:\n%s", code, errOut.String(), tc.want, out.String())
			}
		})
	}
}

// brokenWriter is a standard output that has gone.
type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestRunCannotWrite(t *testing.T) {
	for name, args := range map[string][]string{"render": {"render", "-f", "-"}, "version": {"version"}} {
		t.Run(name, func(t *testing.T) {
			var errOut bytes.Buffer
			code := Run(t.Context(), append([]string{"evenkeel"}, args...), strings.NewReader(goodPod), brokenWriter{}, &errOut)
			want := fmt.Sprintf("evenkeel %s: writing the ", name)
			if code != exit.Failure || !strings.HasPrefix(errOut.String(), want) || strings.Count(errOut.String(), "\n") != 1 {
				t.Errorf("exit code %d, standard error %q; want 1 and %q", code, errOut.String(), want)
			}
		})
	}
}

// TestRunInterrupted interrupts a render that waits for standard input.
func TestRunInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	in, writer := io.Pipe()
	defer writer.Close()
	cancel()
	var out, errOut bytes.Buffer
	code := Run(ctx, []string{"evenkeel", "render", "-f", "-"}, in, &out, &errOut)
	if code != exit.Interrupted || out.Len() > 0 {
		t.Errorf("exit code %d, output %q; want %d and nothing", code, out.String(), exit.Interrupted)
	}
}
