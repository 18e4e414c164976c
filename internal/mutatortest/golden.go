// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package mutatortest

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/version"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/internal/golden"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// DefaultRequest is for a pod in namespace "shop" on a server of v1.37.2.
func DefaultRequest() mutate.Request {
	return mutate.Request{Namespace: "shop", ServerVersion: version.MustParseSemantic("1.37.2")}
}

// NewChain returns a chain of the mutators, each with the mode Enforce and this
// outcome of errors, and with a version and hash that do not vary.
func NewChain(onError v1alpha1.OnError, mutators ...mutate.Mutator) *mutate.Chain {
	c := &mutate.Chain{Version: "v0.0.0-test", ConfigHash: "test"}
	for _, m := range mutators {
		c.Links = append(c.Links, mutate.Link{
			Mutator: m,
			Policy:  &v1alpha1.Policy{Mode: v1alpha1.ModeEnforce, OnError: onError},
		})
	}
	return c
}

// RunGoldens runs the mutators, in order and as one chain, over each pod in
// testdata/<name>.input.yaml and compares the outcome with
// testdata/<name>.output.yaml: the pod, and in a second document the report
// with its warnings. Each pod is also held to what Check promises.
//
// requestFor returns the request for the case of that name; nil stands for
// DefaultRequest. An empty workload is the one that the pod's owner reference
// tells.
func RunGoldens(t *testing.T, requestFor func(name string) mutate.Request, mutators ...mutate.Mutator) {
	t.Helper()
	inputs, err := filepath.Glob("testdata/*.input.yaml")
	if err != nil || len(inputs) == 0 {
		t.Fatalf("no cases in testdata/*.input.yaml (error: %v)", err)
	}
	outputs := map[string]bool{}
	for _, input := range inputs {
		name := strings.TrimSuffix(filepath.Base(input), ".input.yaml")
		output := filepath.Join("testdata", name+".output.yaml")
		outputs[output] = true
		t.Run(name, func(t *testing.T) {
			req := DefaultRequest()
			if requestFor != nil {
				req = requestFor(name)
			}
			content, err := os.ReadFile(input)
			if err != nil {
				t.Fatalf("reading the case: %v", err)
			}
			raw, err := yaml.YAMLToJSONStrict(content)
			if err != nil {
				t.Fatalf("%s: %v", input, err)
			}
			var pod corev1.Pod
			if err := yaml.UnmarshalStrict(content, &pod); err != nil {
				t.Fatalf("%s is not a pod: %v", input, err)
			}
			if errs := Validate(&pod); len(errs) > 0 {
				t.Fatalf("%s: the API server would refuse this pod: %v", input, errs.ToAggregate())
			}
			chain := NewChain(v1alpha1.OnErrorAdmit, mutators...)
			out := Check(t, chain, req, raw)
			golden.Check(t, output, render(t, raw, out))
		})
	}
	removeStale(t, outputs)
}

// report is the second document of an output file.
type report struct {
	Warnings []string        `json:"warnings"`
	Features []featureReport `json:"features"`
}

type featureReport struct {
	Feature    string                  `json:"feature"`
	Changes    int                     `json:"changes"`
	Pod        resultReport            `json:"pod"`
	Containers map[string]resultReport `json:"containers,omitempty"`
}

type resultReport struct {
	Outcome mutate.Outcome    `json:"outcome"`
	Code    mutate.Code       `json:"code,omitempty"`
	Means   string            `json:"means,omitempty"`
	Detail  string            `json:"detail,omitempty"`
	Facts   map[string]string `json:"facts,omitempty"`
}

// render writes the patched document and the report as YAML.
func render(tb testing.TB, raw []byte, out *mutate.Outcomes) []byte {
	tb.Helper()
	pod, err := yaml.JSONToYAML(applyOperations(tb, raw, out.Operations))
	if err != nil {
		tb.Fatalf("writing the pod as YAML: %v", err)
	}
	rep := report{Warnings: append([]string{}, out.Warnings()...)}
	for _, f := range out.Features {
		fr := featureReport{Feature: f.Name, Changes: f.Changes, Pod: resultOf(f.Report.Pod)}
		for c, r := range f.Report.Containers {
			if fr.Containers == nil {
				fr.Containers = map[string]resultReport{}
			}
			fr.Containers[c] = resultOf(r)
		}
		rep.Features = append(rep.Features, fr)
	}
	second, err := yaml.Marshal(rep)
	if err != nil {
		tb.Fatalf("writing the report as YAML: %v", err)
	}
	return bytes.Join([][]byte{pod, second}, []byte("---\n"))
}

func resultOf(r mutate.Result) resultReport {
	out := resultReport{Outcome: r.Outcome, Code: r.Code, Detail: r.Detail, Facts: r.Facts}
	if r.Code != "" {
		out.Means = r.Code.Sentence()
	}
	return out
}

// removeStale fails the test for an output file without its input, or removes
// it when the goldens are being rewritten.
func removeStale(t *testing.T, wanted map[string]bool) {
	t.Helper()
	outputs, err := filepath.Glob("testdata/*.output.yaml")
	if err != nil {
		t.Fatalf("listing the golden files: %v", err)
	}
	for _, o := range outputs {
		switch {
		case wanted[o]:
		case golden.Updating():
			if err := os.Remove(o); err != nil {
				t.Errorf("removing a stale golden file: %v", err)
			}
		default:
			t.Errorf("%s has no input file: remove it", o)
		}
	}
}
