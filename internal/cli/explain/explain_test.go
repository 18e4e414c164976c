// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel/evenkeel/internal/cli/exit"
	"github.com/evenkeel/evenkeel/internal/cli/standin"
	"github.com/evenkeel/evenkeel/internal/golden"
	"github.com/evenkeel/evenkeel/internal/manifest"
	"github.com/evenkeel/evenkeel/webhooks"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// The configuration of the tests.
const configFile = "testdata/config.yaml"

// execute runs the verb.
func execute(t *testing.T, stdin string, args ...string) (stdout string, err error) {
	t.Helper()
	cmd := NewCommand()
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	var out bytes.Buffer
	cmd.SetIn(strings.NewReader(stdin))
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(append([]string{}, args...))
	err = cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func mustExplain(t *testing.T, args ...string) string {
	t.Helper()
	out, err := execute(t, "", args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestExplainGolden(t *testing.T) {
	strict := []string{"-f", "testdata/problems.input.yaml", "--namespace-labels", "evenkeel.io/injection=enabled,strictness=strict"}
	for name, args := range map[string][]string{
		"containers.table":      {"-f", "testdata/containers.input.yaml"},
		"containers-1.34.table": {"-f", "testdata/containers.input.yaml", "--kubernetes-version", "1.34"},
		"shared.table":          {"-f", "testdata/shared.input.yaml"},
		"shared.yaml":           {"-f", "testdata/shared.input.yaml", "-o", "yaml"},
		"kinds.table":           {"-f", "testdata/kinds.input.yaml", "-n", "shop"},
		"problems.table":        {"-f", "testdata/problems.input.yaml"},
		"refused.table":         strict,
		"refused.json":          append(strict, "-o", "json"),
		"observed.table":        {"-f", "testdata/shared.input.yaml", "--namespace-labels", "evenkeel.io/injection=enabled,strictness=watched"},
		"not-enabled.table":     {"-f", "testdata/shared.input.yaml", "--namespace-labels", ""},
	} {
		t.Run(name, func(t *testing.T) {
			golden.Check(t, "testdata/golden/"+name+".txt", []byte(mustExplain(t, append(args, "--config", configFile)...)))
		})
	}
}

// budgetLine is a line of a budget in the table.
var budgetLine = regexp.MustCompile(`^ {8}(\S.*?) +(-?[0-9.]+) MiB +(-?[0-9.]+) %`)

// TestExplainBudgetsAddUp explains the shipped example pods and those of the tests:
// the parts of every budget add up to the limit, in bytes and as they are shown.
func TestExplainBudgetsAddUp(t *testing.T) {
	inputs, err := filepath.Glob("testdata/*.input.yaml")
	if err != nil || len(inputs) == 0 {
		t.Fatalf("no inputs: %v", err)
	}
	budgets, shown := 0, 0
	for _, input := range append(inputs, "../testdata/shop.input.yaml") {
		var d Document
		if err := json.Unmarshal([]byte(mustExplain(t, "-f", input, "-o", "json")), &d); err != nil {
			t.Fatal(err)
		}
		for _, p := range d.Pods {
			for _, c := range p.Containers {
				for _, f := range c.Features {
					if f.Budget == nil {
						continue
					}
					budgets++
					sum := int64(0)
					for _, part := range f.Budget.Parts {
						sum += part.Bytes
					}
					if sum != f.Budget.Limit {
						t.Errorf("%s, %s, %s: the parts are %d, the limit %d", input, p.Object, c.Name, sum, f.Budget.Limit)
					}
				}
			}
		}
		sum := 0.0
		for line := range strings.Lines(mustExplain(t, "-f", input)) {
			m := budgetLine.FindStringSubmatch(line)
			if m == nil {
				continue
			}
			n, err := strconv.ParseFloat(m[2], 64)
			if err != nil {
				t.Fatal(err)
			}
			if m[1] != "memory limit" {
				sum += n
				continue
			}
			shown++
			if diff := sum - n; diff > 0.01 || diff < -0.01 {
				t.Errorf("%s: the parts shown are %.1f, the limit %.1f", input, sum, n)
			}
			sum = 0
		}
	}
	if budgets < 10 || shown != budgets {
		t.Errorf("%d budgets, of which %d are shown", budgets, shown)
	}
}

// TestExplainIsTheWebhooks holds that the chain which is observed does what the
// webhook's does: explain says what render prints.
func TestExplainIsTheWebhooks(t *testing.T) {
	flags := standin.Options{Config: configFile, Namespace: "shop", KubernetesVersion: standin.DefaultKubernetesVersion}
	seen := &observer{}
	observed, err := standin.New(&flags, seen.chain)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := standin.New(&flags, webhooks.NewChain)
	if err != nil {
		t.Fatal(err)
	}
	inputs, err := filepath.Glob("testdata/*.input.yaml")
	if err != nil || len(inputs) == 0 {
		t.Fatalf("no inputs: %v", err)
	}
	for _, input := range inputs {
		eachTemplate(t, input, func(o *manifest.Object, template *manifest.Template) {
			want, got := plain.Admit(o, template), observed.Admit(o, template)
			if diff := cmp.Diff(want.Code, got.Code); diff != "" || want.Outcomes == nil {
				if diff != "" || got.Outcomes != nil {
					t.Errorf("%s, %s: selection (-want +got):\n%s", input, o, diff)
				}
				return
			}
			if diff := cmp.Diff(want.Outcomes.Operations, got.Outcomes.Operations); diff != "" {
				t.Errorf("%s, %s: operations (-webhook +explain):\n%s", input, o, diff)
			}
		})
	}
}

// eachTemplate calls use with every pod of a file.
func eachTemplate(t *testing.T, file string, use func(*manifest.Object, *manifest.Template)) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	documents, err := manifest.Parse(file, content)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range documents {
		objects, err := d.Objects()
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range objects {
			template, err := o.Template()
			if err != nil {
				t.Fatal(err)
			}
			if template != nil {
				use(o, template)
			}
		}
	}
}

func TestExplainOutputsSayTheSame(t *testing.T) {
	args := []string{"-f", "testdata/containers.input.yaml", "--config", configFile, "-o"}
	fromYAML, err := yaml.YAMLToJSON([]byte(mustExplain(t, append(args, "yaml")...)))
	if err != nil {
		t.Fatal(err)
	}
	var a, b Document
	for text, d := range map[string]*Document{string(fromYAML): &a, mustExplain(t, append(args, "json")...): &b} {
		if err := json.Unmarshal([]byte(text), d); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("(-yaml +json):\n%s", diff)
	}
}

func TestExplainBadInput(t *testing.T) {
	const badPod = "a: 1\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - name: c\n    ports: [{containerPort: web}]\n"
	for name, tc := range map[string]struct {
		args  []string
		stdin string
		want  string
	}{
		"nothing":            {want: "nothing to explain; name a file with -f FILE, -f - for standard input, or a pod of the cluster"},
		"two pods":           {args: []string{"a", "b"}, want: `unexpected argument "b"; one pod is explained at a time`},
		"a file and a pod":   {args: []string{"a", "-f", "b"}, want: `-f names files and "a" a pod of a cluster; use one or the other`},
		"a file without -f":  {args: []string{"a.yaml"}, want: `"a.yaml" looks like a file; name it with -f, such as -f a.yaml`},
		"another kind":       {args: []string{"deployment/a"}, want: `"deployment/a" is not a pod; name one, such as my-pod -n my-namespace, or a file with -f`},
		"not a name":         {args: []string{"A b"}, want: `"A b" is not a pod's name; name one, such as my-pod -n my-namespace, or a file with -f`},
		"a cluster for -f":   {args: []string{"-f", "-", "--context", "x"}, want: "-f reads files and --kubeconfig and --context name a cluster; use one or the other"},
		"labels for a pod":   {args: []string{"a", "--namespace-labels", "x=y"}, want: "--namespace-labels stands in for a cluster beside -f; of a pod of a cluster it is asked there"},
		"no namespace":       {args: []string{"a", "-n", "A"}, want: `--namespace "A" is not a namespace's name: a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character`},
		"unknown output":     {args: []string{"-f", "-", "-o", "diff"}, want: `-o "diff" is not known; use table, yaml or json`},
		"no such file":       {args: []string{"-f", "none.yaml"}, want: "-f none.yaml: no such file"},
		"no configuration":   {args: []string{"a", "--config", "none.yaml"}, want: "--config none.yaml: no such file"},
		"no kubeconfig":      {args: []string{"a", "--kubeconfig", "none"}, want: "--kubeconfig none: stat none: no such file or directory"},
		"a field is wrong":   {args: []string{"-f", "-"}, stdin: badPod, want: `stdin, document 2 (Pod p), line 9: spec.containers[0].ports[0].containerPort is the string "web"; want a whole number within the field's range`},
		"nothing with a pod": {args: []string{"-f", "-"}, stdin: "kind: Service\n", want: "stdin: there is no pod and no workload with a pod template in it"},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := execute(t, tc.stdin, tc.args...)
			if err == nil || exit.CodeOf(err) != exit.BadInput || out != "" {
				t.Fatalf("error %v, exit code %d, output %q; want 2 and none", err, exit.CodeOf(err), out)
			}
			if diff := cmp.Diff(tc.want, err.Error()); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

// brokenWriter is a standard output that has gone.
type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestExplainCannotWrite(t *testing.T) {
	cmd := NewCommand()
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetOut(brokenWriter{})
	cmd.SetArgs([]string{"-f", "testdata/shared.input.yaml"})
	if err := cmd.ExecuteContext(t.Context()); exit.CodeOf(err) != exit.Failure {
		t.Errorf("error %v, exit code %d; want 1", err, exit.CodeOf(err))
	}
}

// TestNewFeature holds that what features report is told without knowing them.
func TestNewFeature(t *testing.T) {
	for name, tc := range map[string]struct {
		result mutate.Result
		want   Feature
	}{
		"facts of a feature nobody knows": {
			mutate.Result{Outcome: mutate.Done, Facts: map[string]string{"speed": "fast", "empty": ""}},
			Feature{Outcome: mutate.Done, Facts: map[string]string{"speed": "fast"}},
		},
		"a code nobody knows": {
			mutate.Result{Outcome: mutate.Skipped, Code: "Novel", Detail: "so it is"},
			Feature{Outcome: mutate.Skipped, Reasons: []Reason{{Code: "Novel", Sentence: "Novel", Detail: "so it is"}}},
		},
		"a failure is its own sentence": {
			mutate.Result{Outcome: mutate.Failed, Code: mutate.CodeError, Detail: "annotation x: is wrong; use y"},
			Feature{Outcome: mutate.Failed, Reasons: []Reason{{Code: mutate.CodeError, Sentence: "annotation x: is wrong; use y", Warning: true}}},
		},
		"lists of codes are reasons": {
			mutate.Result{Outcome: mutate.Done, Code: mutate.CodeAgentPresent, Detail: "uav: -javaagent:/x.jar in command", Facts: map[string]string{
				mutate.FactLeftOut: "uav:AgentPresent,otel:AgentJobs", mutate.FactAlso: "AbsoluteHeap", mutate.FactRule: "AgentPresent"}},
			Feature{Outcome: mutate.Done, Reasons: []Reason{
				{Code: mutate.CodeAgentPresent, Sentence: mutate.CodeAgentPresent.Sentence(), Detail: "uav: -javaagent:/x.jar in command", Warning: true},
				{Code: mutate.CodeAbsoluteHeap, Sentence: mutate.CodeAbsoluteHeap.Sentence()},
				{Code: mutate.CodeAgentJobs, Subject: "otel", Sentence: mutate.CodeAgentJobs.Sentence(), Warning: true},
			}},
		},
		"options and variables": {
			mutate.Result{Outcome: mutate.Done, Facts: map[string]string{
				mutate.FactOptions: `-Da="x  y" -Db`, mutate.FactChannel: "JAVA_OPTS", mutate.FactEnv: "A#1:x,B#2:y"}},
			Feature{Outcome: mutate.Done, Variable: "JAVA_OPTS", Flags: []string{`-Da="x  y"`, "-Db"}, Environment: []string{"A", "B"}},
		},
		"options that are gone": {
			mutate.Result{Outcome: mutate.Done, Facts: map[string]string{mutate.FactOptions: "#12:abc", mutate.FactChannel: "JAVA_OPTS"}},
			Feature{Outcome: mutate.Done, Variable: "JAVA_OPTS", FlagsGone: true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, newFeature("", tc.result)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestDocumentedBudget holds that the budget in the documentation is one that the
// goldens have.
func TestDocumentedBudget(t *testing.T) {
	page, err := os.ReadFile("../../../docs/explain.md")
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/golden/containers.table.txt")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```text\n( +budget by .*?)```").FindSubmatch(page)
	if block == nil || !bytes.Contains(want, block[1]) {
		t.Errorf("the budget in docs/explain.md is not in containers.table.txt: %s", block)
	}
}
