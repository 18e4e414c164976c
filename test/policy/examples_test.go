// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/evenkeel/evenkeel/internal/cli"
)

// notForUsers are the annotations that only the webhook writes.
var notForUsers = map[string]bool{"StatusAnnotation": true, "PidsLimitsAnnotation": true}

// Who looks for how to write something down finds it in an example.
func TestExamplesShowEveryAnnotation(t *testing.T) {
	var examples []byte
	walkManifests(t, func(file string, content []byte) {
		if strings.Contains(filepath.ToSlash(file), "manifests/examples/") {
			examples = append(examples, content...)
		}
	})
	file, err := parser.ParseFile(token.NewFileSet(), "../../api/wellknown/admission.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		name := spec.Names[0].Name
		sum, ok := spec.Values[0].(*ast.BinaryExpr)
		if !ok || !strings.HasSuffix(name, "Annotation") || notForUsers[name] {
			return true
		}
		checked++
		// "jvm." + Domain + "/mode": an annotation of a container has its name at the end.
		inner, ok := sum.X.(*ast.BinaryExpr)
		if !ok {
			t.Errorf("%s is not made of a feature, Domain and a name", name)
			return true
		}
		text := func(e ast.Expr) string { return strings.Trim(e.(*ast.BasicLit).Value, `"`) }
		key := text(inner.X) + "evenkeel.io" + text(sum.Y)
		if !regexp.MustCompile(`(?m)^ +` + regexp.QuoteMeta(key) + `(\.[a-z-]+)?: `).Match(examples) {
			t.Errorf("no manifest in manifests/examples sets %s", key)
		}
		return true
	})
	if checked < 15 {
		t.Errorf("only %d annotations were found in api/wellknown", checked)
	}
	for _, level := range []string{"host", "rack", "zone"} {
		if key := "spread.evenkeel.io/max-per-" + level; !bytes.Contains(examples, []byte(key)) {
			t.Errorf("no manifest in manifests/examples sets %s", key)
		}
	}
}

// An example with a slip in it would be copied: an annotation that means nothing, or
// that cannot be followed, is a warning or a failure.
func TestExamplesOfChoicesAreFollowed(t *testing.T) {
	var stdout, stderr bytes.Buffer
	args := []string{"evenkeel", "explain", "--config", "../../manifests/base/webhook/config.yaml", "-o", "json"}
	for _, name := range []string{"gateway", "search", "backoffice"} {
		args = append(args, "-f", "../../manifests/examples/choices/"+name+".yaml")
	}
	if code := cli.Run(t.Context(), args, strings.NewReader(""), &stdout, &stderr); code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr.String())
	}
	type feature struct {
		Name, Outcome string
		Reasons       []struct {
			Sentence string
			Warning  bool
		}
	}
	var explained struct {
		Pods []struct {
			Object     string
			Features   []feature
			Containers []struct {
				Name     string
				Features []feature
			}
		}
	}
	if err := json.Unmarshal(stdout.Bytes(), &explained); err != nil {
		t.Fatal(err)
	}
	if len(explained.Pods) != 3 {
		t.Fatalf("%d pods are explained, want 3", len(explained.Pods))
	}
	check := func(of string, features []feature) {
		if len(features) == 0 {
			t.Errorf("%s has no feature", of)
		}
		for _, f := range features {
			if f.Outcome == "failed" {
				t.Errorf("%s: %s failed", of, f.Name)
			}
			for _, r := range f.Reasons {
				if r.Warning {
					t.Errorf("%s: %s warns: %s", of, f.Name, r.Sentence)
				}
			}
		}
	}
	for _, pod := range explained.Pods {
		check(pod.Object, pod.Features)
		for _, c := range pod.Containers {
			check(pod.Object+" "+c.Name, c.Features)
		}
	}
}
