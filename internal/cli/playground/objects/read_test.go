// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package objects

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/evenkeel/evenkeel/internal/manifest"
)

// listed returns the objects as "file#document kind name".
func listed(list []Object) []string {
	var out []string
	for i := range list {
		out = append(out, fmt.Sprintf("%s#%d %s", filepath.Base(list[i].File), list[i].Document, &list[i]))
	}
	return out
}

// configMap is an object that is short.
func configMap(name string) string {
	return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + "}\n"
}

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestReadFilesAndFolders(t *testing.T) {
	list := `{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"}},{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"y","namespace":"shop"}}]}`
	tests := map[string]struct {
		files map[string]string
		paths []string
		stdin string
		want  []string
	}{
		"documents count from 1": {
			files: map[string]string{"a.yaml": configMap("a") + "---\n" + configMap("b")},
			paths: []string{"a.yaml"},
			want:  []string{"a.yaml#1 ConfigMap a", "a.yaml#2 ConfigMap b"},
		},
		"a list yields its items": {
			files: map[string]string{"a.json": list},
			paths: []string{"a.json"},
			want:  []string{"a.json#1 ConfigMap x", "a.json#1 ConfigMap shop/y"},
		},
		"a folder by name, without what is no manifest and without folders": {
			files: map[string]string{"d/b.yml": configMap("b"), "d/a.json": list, "d/notes.txt": "no", "d/e/c.yaml": "no"},
			paths: []string{"d"},
			want:  []string{"a.json#1 ConfigMap x", "a.json#1 ConfigMap shop/y", "b.yml#1 ConfigMap b"},
		},
		"a kustomization lists the files in its order": {
			files: map[string]string{
				"d/kustomization.yaml": "kind: Kustomization\nresources: [z.yaml, e/a.yaml]\n",
				"d/z.yaml":             configMap("z"), "d/e/a.yaml": configMap("a"), "d/other.yaml": configMap("other"),
			},
			paths: []string{"d"},
			want:  []string{"z.yaml#1 ConfigMap z", "a.yaml#1 ConfigMap a"},
		},
		"several paths, and the standard input": {
			files: map[string]string{"b.yaml": configMap("b")},
			paths: []string{"b.yaml", "-"},
			stdin: configMap("a"),
			want:  []string{"b.yaml#1 ConfigMap b", "standard input#1 ConfigMap a"},
		},
		"a kind that is not Kubernetes' own": {
			files: map[string]string{"a.yaml": "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\nspec: {anything: 1}\n"},
			paths: []string{"a.yaml"},
			want:  []string{"a.yaml#1 Thing a"},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			write(t, ".", tc.files)
			got, err := Read(tc.paths, strings.NewReader(tc.stdin))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, listed(got)); diff != "" {
				t.Errorf("Read() (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadNamesFileDocumentAndField(t *testing.T) {
	deployment := "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\n"
	tests := map[string]struct {
		files map[string]string
		paths []string
		want  string
	}{
		"no such file": {
			paths: []string{"a.yaml"},
			want:  "a.yaml: no such file or directory",
		},
		"an empty folder": {
			files: map[string]string{"d/notes.txt": ""},
			paths: []string{"d"},
			want:  "d: the folder holds no .yaml, .yml or .json file",
		},
		"an empty file": {
			files: map[string]string{"a.yaml": "# nothing\n---\n"},
			want:  "a.yaml: holds no object",
		},
		"no YAML": {
			files: map[string]string{"a.yaml": configMap("a") + "---\nkind: [\n"},
			want:  "a.yaml, document 2, line 5: is not YAML: did not find expected node content",
		},
		"no object": {
			files: map[string]string{"a.yaml": "- 1\n"},
			want:  "a.yaml, document 1, line 1: is a list; want an object, with apiVersion and kind",
		},
		"no kind": {
			files: map[string]string{"a.yaml": "apiVersion: v1\nmetadata: {name: a}\n"},
			want:  "a.yaml, document 1 (a): kind is missing: an object needs apiVersion, kind and metadata.name",
		},
		"no name": {
			files: map[string]string{"a.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {generateName: a-}\n"},
			want:  "a.yaml, document 1 (Pod): metadata.name is missing: an object needs apiVersion, kind and metadata.name",
		},
		"no metadata": {
			files: map[string]string{"a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: 3\n"},
			want:  "a.yaml, document 1 (ConfigMap): metadata.name is missing: an object needs apiVersion, kind and metadata.name",
		},
		"a namespace that is none": {
			files: map[string]string{"a.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: My Team}\n"},
			want:  "a.yaml, document 1 (Pod My Team/a): metadata.namespace My Team is no name of a namespace: ",
		},
		"an unknown field": {
			files: map[string]string{"a.yaml": configMap("a") + "---\n" + deployment + "spec: {replica: 3}\n"},
			want:  `a.yaml, document 2 (Deployment shop/web): unknown field "spec.replica"`,
		},
		"a wrong type": {
			files: map[string]string{"a.yaml": deployment + "spec: {replicas: many}\n"},
			want:  `a.yaml, document 1 (Deployment shop/web), line 4: spec.replicas is the string "many"; want a whole number within the field's range`,
		},
		"a wrong type in another kind": {
			files: map[string]string{"a.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: 80}\n"},
			want:  "a.yaml, document 1 (Service a): cannot unmarshal number into Go struct field ServiceSpec.spec.ports of type []v1.ServicePort",
		},
		"a kind that the API does not have": {
			files: map[string]string{"a.yaml": strings.Replace(deployment, "Deployment", "Deploymnt", 1)},
			want:  "a.yaml, document 1 (Deploymnt shop/web): apiVersion apps/v1 has no kind Deploymnt",
		},
		"the same object twice": {
			files: map[string]string{"a.yaml": configMap("a"), "b.yaml": configMap("a")},
			paths: []string{"a.yaml", "b.yaml"},
			want:  "b.yaml, document 1 (ConfigMap a): the same object is in a.yaml, document 1: leave one of them out",
		},
		"the standard input twice": {
			files: map[string]string{"a.yaml": ""},
			paths: []string{"-", "-"},
			want:  "-: is given twice: the standard input can be read once",
		},
		"a kustomization that does more": {
			files: map[string]string{"d/kustomization.yaml": "resources: [a.yaml]\nnamePrefix: x-\n", "d/a.yaml": configMap("a")},
			paths: []string{"d"},
			want:  "d/kustomization.yaml: only resources are understood, not namePrefix: pipe the output of `kubectl kustomize` into -f -",
		},
		"a kustomization that leaves its folder": {
			files: map[string]string{"d/kustomization.yaml": "resources: [../a.yaml]\n"},
			paths: []string{"d"},
			want:  "d/kustomization.yaml: resources: ../a.yaml is not a file in this folder: pipe the output of `kubectl kustomize` into -f -",
		},
		"a kustomization of nothing": {
			files: map[string]string{"d/kustomization.yaml": "resources: []\n"},
			paths: []string{"d"},
			want:  "d/kustomization.yaml: it lists no resources: pipe the output of `kubectl kustomize` into -f -",
		},
		"a kustomization with a file that is not there": {
			files: map[string]string{"d/kustomization.yaml": "resources: [a.yaml]\n"},
			paths: []string{"d"},
			want:  "d/a.yaml: no such file or directory",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			write(t, ".", tc.files)
			if tc.paths == nil {
				tc.paths = []string{"a.yaml"}
			}
			_, err := Read(tc.paths, strings.NewReader(configMap("stdin")))
			if input := (*manifest.Error)(nil); !errors.As(err, &input) {
				t.Fatalf("Read() = %v, want a *manifest.Error", err)
			}
			if got := err.Error(); !strings.HasPrefix(got, tc.want) || strings.Contains(got, "\n") {
				t.Errorf("Read() = %q, want %q", got, tc.want)
			}
		})
	}
}

func TestReadFSReadsFilesAndFolders(t *testing.T) {
	fsys := fstest.MapFS{
		"base/a.yaml":              {Data: []byte(configMap("a"))},
		"base/kustomization.yaml":  {Data: []byte("configMapGenerator: []\n")},
		"more/kustomization.yaml":  {Data: []byte("resources: [b.yaml]\n")},
		"more/b.yaml":              {Data: []byte(configMap("b"))},
		"more/not-listed.yaml":     {Data: []byte(configMap("c"))},
		"unrelated/something.yaml": {Data: []byte("no: object\n")},
	}
	got, err := ReadFS(fsys, "base/a.yaml", "more")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a.yaml#1 ConfigMap a", "b.yaml#1 ConfigMap b"}, listed(got)); diff != "" {
		t.Errorf("ReadFS() (-want +got):\n%s", diff)
	}
}

func TestNamespacesThatNoFileHas(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, ".", map[string]string{"a.yaml": strings.Join([]string{
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: second}\n",
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b, namespace: shop}\n",
		"apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n",
		"apiVersion: v1\nkind: Pod\nmetadata: {name: c}\n",
		"apiVersion: v1\nkind: Pod\nmetadata: {name: d}\n",
		configMap("e"),
	}, "---\n")})
	list, err := Read([]string{"a.yaml"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"second", "default"}, Namespaces(list)); diff != "" {
		t.Errorf("Namespaces() (-want +got):\n%s", diff)
	}
}
