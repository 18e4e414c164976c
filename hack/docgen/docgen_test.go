// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/evenkeel/evenkeel/webhooks/pod"
)

const root = "../.."

func TestReferenceIsFresh(t *testing.T) {
	out := t.TempDir()
	if err := run(root, out); err != nil {
		t.Fatal(err)
	}
	want, got := filesIn(t, out), filesIn(t, filepath.Join(root, "docs/reference"))
	if len(want) < 8 {
		t.Errorf("docgen made only %d pages", len(want))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("docs/reference is stale: run make generate (-docgen +docs/reference):\n%s", diff)
	}
}

// TestMetricsAreThoseThatAreRegistered holds what docgen reads in the source to
// what the handler registers when it runs.
func TestMetricsAreThoseThatAreRegistered(t *testing.T) {
	src, err := readSource(root, "webhooks/pod")
	if err != nil {
		t.Fatal(err)
	}
	found, err := src.metrics()
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for _, m := range found {
		got = append(got, prometheus.NewDesc(m.name, m.help, m.labels, nil).String())
	}
	registered := descs{}
	pod.NewMetrics(&registered)
	for _, d := range registered {
		want = append(want, d.String())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-registered +docgen):\n%s", diff)
	}
}

// descs is a registry that only notes what is registered.
type descs []*prometheus.Desc

func (d *descs) MustRegister(collectors ...prometheus.Collector) {
	for _, c := range collectors {
		ch := make(chan *prometheus.Desc)
		go func() { c.Describe(ch); close(ch) }()
		for desc := range ch {
			*d = append(*d, desc)
		}
	}
}

func (d *descs) Register(c prometheus.Collector) error { d.MustRegister(c); return nil }
func (d *descs) Unregister(prometheus.Collector) bool  { return false }

func TestNothingIsLeftOutInSilence(t *testing.T) {
	for name, tc := range map[string]struct {
		dir, content string
		page         func(string) (string, error)
		want         string
	}{
		"a name without a comment": {
			dir: "api/wellknown", page: names, want: "api/wellknown: B has no comment",
			content: "package p\n// Labels of a kind.\nconst (\n// A is one.\nA = \"a\"\nB = A + \"/b\"\n)\n",
		},
		"names without a title": {
			dir: "api/wellknown", page: names, want: "api/wellknown: the const declaration of A has no comment",
			content: "package p\nconst (\n// A is one.\nA = \"a\"\n)\n",
		},
		"a field without a comment": {
			dir: "api/config/v1", page: replicaSpreadArgs, want: "api/config/v1: ReplicaSpreadArgs.A has no comment",
			content: "package p\n// ReplicaSpreadArgs are it.\ntype ReplicaSpreadArgs struct {\nA string `json:\"a\"`\n}\n",
		},
		"a field without a name": {
			dir: "api/config/v1", page: replicaSpreadArgs, want: "api/config/v1: ReplicaSpreadArgs.A has no json tag",
			content: "package p\n// ReplicaSpreadArgs are it.\ntype ReplicaSpreadArgs struct {\n// A is one.\nA string\n}\n",
		},
		"a field of an unknown type": {
			dir: "api/config/v1", page: replicaSpreadArgs, want: "api/config/v1: ReplicaSpreadArgs.A: docgen does not know the type x.Y",
			content: "package p\n// ReplicaSpreadArgs are it.\ntype ReplicaSpreadArgs struct {\n// A is one.\nA []x.Y `json:\"a\"`\n}\n",
		},
		"a metric whose name is computed": {
			dir: "webhooks/pod", page: metrics, want: "webhooks/pod/p.go: the call of prometheus.NewGauge: Name must be a string",
			content: "package p\nimport \"github.com/prometheus/client_golang/prometheus\"\nvar g = prometheus.NewGauge(prometheus.GaugeOpts{Name: f(), Help: \"h\"})\n",
		},
		"a metric with an option that docgen does not know": {
			dir: "webhooks/pod", page: metrics, want: "webhooks/pod/p.go: the call of prometheus.NewGauge: option ConstLabels is not one that docgen knows",
			content: "package p\nimport \"github.com/prometheus/client_golang/prometheus\"\nvar g = prometheus.NewGauge(prometheus.GaugeOpts{ConstLabels: nil})\n",
		},
		"a package that is gone": {
			dir: "api/other", page: names, want: "run docgen in the root of the repository", content: "package p\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			dir := filepath.Join(root, tc.dir)
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "p.go"), []byte(tc.content), 0o644); err != nil {
				t.Fatal(err)
			}
			if _, err := tc.page(root); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %s", err, tc.want)
			}
		})
	}
}

func TestWriteRemovesOnlyItsOwnOldPages(t *testing.T) {
	out := t.TempDir()
	for name, content := range map[string]string{"old.md": header + "x", "by-hand.md": "# By hand\n", "picture.svg": "<svg/>"} {
		if err := os.WriteFile(filepath.Join(out, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := write(out, map[string]string{"cli/new.md": header + "y"}); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"cli/new.md": header + "y", "by-hand.md": "# By hand\n", "picture.svg": "<svg/>"}
	if diff := cmp.Diff(want, filesIn(t, out)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// filesIn returns the files of a folder by their paths in it.
func filesIn(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, file)
		files[filepath.ToSlash(name)] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestExcerptsOfTheExampleAreReal holds the record that docs/admission.md shows
// to the real one.
func TestExcerptsOfTheExampleAreReal(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs/admission.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(page), "```json\n")
	excerpt, _, ok := strings.Cut(after, "```")
	if !ok {
		t.Fatal("docs/admission.md has no json block")
	}
	status, err := exampleStatus()
	if err != nil {
		t.Fatal(err)
	}
	var want, got map[string]any
	if err := json.Unmarshal([]byte(excerpt), &want); err != nil {
		t.Fatalf("the json block of docs/admission.md: %v", err)
	}
	if err := json.Unmarshal([]byte(status), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, within(want, got)); diff != "" {
		t.Errorf("docs/admission.md shows what is not so (-docs +real):\n%s", diff)
	}
}

// within returns of the whole what the excerpt shows too.
func within(excerpt, whole map[string]any) map[string]any {
	out := map[string]any{}
	for key, value := range excerpt {
		below, ok := value.(map[string]any)
		wholeBelow, okWhole := whole[key].(map[string]any)
		if ok && okWhole {
			out[key] = within(below, wholeBelow)
		} else {
			out[key] = whole[key]
		}
	}
	return out
}
