// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/evenkeel/evenkeel/internal/cli/exit"
	"github.com/evenkeel/evenkeel/internal/golden"
)

// execute runs the verb with the stamp in place of the real mutators.
func execute(t *testing.T, stdin string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	cmd := newCommand(stampChain)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	var out, errOut bytes.Buffer
	cmd.SetIn(strings.NewReader(stdin))
	cmd.SetOut(&out)
	cmd.SetErr(&errOut)
	cmd.SetArgs(args)
	err = cmd.ExecuteContext(t.Context())
	return out.String(), errOut.String(), err
}

// TestRenderGolden renders each file under testdata. The result, rendered again,
// stays as it is, and a field that no Go type knows is in every input and must
// survive.
func TestRenderGolden(t *testing.T) {
	inputs, err := filepath.Glob("testdata/*.input.*")
	if err != nil || len(inputs) == 0 {
		t.Fatalf("no inputs: %v", err)
	}
	for _, input := range inputs {
		name := strings.TrimPrefix(input, "testdata/")
		t.Run(name, func(t *testing.T) {
			out, report, err := execute(t, "", "-f", input)
			if err != nil {
				t.Fatal(err)
			}
			golden.Check(t, strings.Replace(input, ".input.", ".output.", 1), []byte(out))
			golden.Check(t, strings.Replace(input, ".input.", ".report.", 1)+".txt", []byte(report))

			again, _, err := execute(t, out, "-f", "-")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(out, again); diff != "" {
				t.Errorf("the second pass changed something (-first +second):\n%s", diff)
			}
			content, err := os.ReadFile(input)
			if err != nil {
				t.Fatal(err)
			}
			planted := strings.Count(string(content), "plantedField")
			if planted == 0 || strings.Count(out, "plantedField") != planted {
				t.Errorf("%d unknown fields of %d are left", strings.Count(out, "plantedField"), planted)
			}
		})
	}
}

func TestRenderOutputs(t *testing.T) {
	const several = "testdata/several.input.yaml"
	tests := map[string][]string{
		"json-one":        {"-f", "testdata/pod.input.yaml", "-o", "json"},
		"json-several":    {"-f", several, "-f", "testdata/list.input.yaml", "-o", "json"},
		"diff":            {"-f", several, "-f", "testdata/pod.input.yaml", "-o", "diff"},
		"diff-of-nothing": {"-f", several, "-o", "diff", "--namespace-labels", ""},
		"yaml-several":    {"-f", "testdata/pod.input.yaml", "-f", "testdata/job.input.json", "-f", several},
		"quiet":           {"-f", several, "-q"},
		"other-cluster":   {"-f", "testdata/pod.input.yaml", "-n", "shop", "--kubernetes-version", "v1.34.9", "--namespace-labels", "evenkeel.io/injection=enabled,tier=gold", "--config", "testdata/config/deny.yaml"},
		"off":             {"-f", "testdata/pod.input.yaml", "--namespace-labels", "tier=off", "-o", "diff"},
	}
	for name, args := range tests {
		t.Run(name, func(t *testing.T) {
			out, report, err := execute(t, "", args...)
			if err != nil {
				t.Fatal(err)
			}
			golden.Check(t, "testdata/outputs/"+name+".stdout.txt", []byte(out))
			if again, _, err := execute(t, out, "-f", "-"); name == "yaml-several" && (err != nil || again != out) {
				t.Errorf("the result, rendered again, has error %v and is:\n%s", err, again)
			}
			golden.Check(t, "testdata/outputs/"+name+".stderr.txt", []byte(report))
		})
	}
}

func TestRenderSelection(t *testing.T) {
	podIn := func(namespace, labels string) string {
		return fmt.Sprintf("apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: '%s', labels: {%s}}\nspec: {containers: [{name: c}]}\n", namespace, labels)
	}
	tests := map[string]struct {
		in         string
		args       []string
		wantChange bool
		wantReport string
	}{
		"enabled by default":   {in: podIn("", ""), wantChange: true},
		"kube-system never":    {in: podIn("kube-system", "evenkeel.io/injection: enabled"), wantReport: "left alone: the namespace is excluded"},
		"kube-system by flag":  {in: podIn("", ""), args: []string{"-n", "kube-system"}, wantReport: "left alone: the namespace is excluded"},
		"excluded by the file": {in: podIn("vault", ""), args: []string{"--config", "testdata/config/deny.yaml"}, wantReport: "left alone: the namespace is excluded"},
		"the namespace has no label": {in: podIn("", ""), args: []string{"--namespace-labels", ""},
			wantReport: "left alone: the namespace does not have the label evenkeel.io/injection: enabled"},
		"the pod switches off": {in: podIn("", "evenkeel.io/injection: disabled"), wantReport: "left alone: the pod's label evenkeel.io/injection is disabled"},
		"the pod says nonsense": {in: podIn("", "evenkeel.io/injection: sure"), wantChange: true,
			wantReport: "Warning: the pod's label evenkeel.io/injection is ignored: it must be enabled or disabled"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			out, report, err := execute(t, tc.in, append(tc.args, "-f", "-")...)
			if err != nil {
				t.Fatal(err)
			}
			if changed := out != tc.in; changed != tc.wantChange {
				t.Errorf("changed is %t, want %t:\n%s", changed, tc.wantChange, out)
			}
			if !strings.Contains(report, tc.wantReport) {
				t.Errorf("the report lacks %q:\n%s", tc.wantReport, report)
			}
		})
	}
}

func TestRenderFailingFeature(t *testing.T) {
	failing := func(how string) string {
		return "apiVersion: v1\nkind: Pod\nmetadata: {name: p, annotations: {" + stampFailAnnotation + ": " + how + "}}\nspec: {containers: [{name: c}]}\n"
	}
	t.Run("denied", func(t *testing.T) {
		out, _, err := execute(t, "a: 1\n---\n"+failing("error"), "-f", "-", "--config", "testdata/config/deny.yaml")
		want := "stdin, document 2 (Pod p): admission refuses the pod: stamp: annotation stamp.test/fail says so; take it away"
		if err == nil || err.Error() != want || exit.CodeOf(err) != exit.BadInput || out != "" {
			t.Errorf("got %q, code %d, error %v; want %q", out, exit.CodeOf(err), err, want)
		}
	})
	for how, want := range map[string]string{
		"error": "Warning: evenkeel stamp: annotation stamp.test/fail says so; take it away",
		"panic": "Warning: internal error: panic in stamp: as the annotation says",
	} {
		t.Run("admitted after "+how, func(t *testing.T) {
			_, report, err := execute(t, failing(how), "-f", "-")
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(report, want) {
				t.Errorf("the report lacks %q:\n%s", want, report)
			}
		})
	}
}

// TestRenderPassesThrough holds that a file without a pod comes out byte for
// byte, however it is written.
func TestRenderPassesThrough(t *testing.T) {
	fragments := []string{
		"apiVersion: v1\nkind: Service\nmetadata: {name: a}   # keep\n", "kind: ConfigMap\ndata:\n  x: |+\n    ---x\n\n\n", "",
		"# only a comment", "\n\n", "   \n", "a: [1,\n 2]\n", "{\"kind\": \"Secret\",\n\t\"data\": {}}\n", "on: yes\n'0o7': 1e3\n",
		"apiVersion: apps/v1\nkind: Deployment\nspec: {replicas: 2}\n", "apiVersion: v1\nkind: List\nitems: []\n", "x: &a {b: c}\ny: *a\n",
		"a: \"\u00fc\u2028\"\r\n", "b: >-\n  folded\n   more\n...\n",
	}
	markers := []string{"---\n", "--- # next\n", "---\r\n", "---   \n"}
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 2))
		var in strings.Builder
		if r.IntN(4) == 0 {
			in.WriteString("\ufeff")
		}
		for i := range r.IntN(6) {
			if i > 0 || r.IntN(2) == 0 {
				in.WriteString(markers[r.IntN(len(markers))])
			}
			text := fragments[r.IntN(len(fragments))]
			in.WriteString(text)
			if !strings.HasSuffix(text, "\n") {
				in.WriteString("\n")
			}
		}
		text := in.String()
		switch r.IntN(4) {
		case 0:
			text = strings.TrimSuffix(text, "\n")
		case 1:
			text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n", "\r\n")
		}
		out, _, err := execute(t, text, "-f", "-")
		if err != nil {
			t.Fatalf("seed %d: %v\n%q", seed, err, text)
		}
		if diff := cmp.Diff(text, out); diff != "" {
			t.Fatalf("seed %d: the file changed (-want +got):\n%s", seed, diff)
		}
	}
}

// TestRenderKeepsWindowsLineBreaks renders a file as an editor on Windows would
// save it.
func TestRenderKeepsWindowsLineBreaks(t *testing.T) {
	content, err := os.ReadFile("testdata/several.input.yaml")
	if err != nil {
		t.Fatal(err)
	}
	unix, _, err := execute(t, string(content), "-f", "-")
	if err != nil {
		t.Fatal(err)
	}
	windows, _, err := execute(t, "\ufeff"+strings.ReplaceAll(string(content), "\n", "\r\n"), "-f", "-")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("\ufeff"+strings.ReplaceAll(unix, "\n", "\r\n"), windows); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
}

func TestRenderReadsFolders(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"b.yml": "b: 1\n", "a.yaml": "a: 1", "c.json": "{\"c\": 1}", "d.txt": "not read: [", "e/f.yaml": "not read: [", "g.yaml": "--- # g\ng: 1\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, _, err := execute(t, "", "-f", dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("a: 1\n---\nb: 1\n---\n{\"c\": 1}\n--- # g\ng: 1\n", out); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
}
