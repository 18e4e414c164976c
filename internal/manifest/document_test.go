// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// firstError reads a file to the end and returns the first error.
func firstError(content string) error {
	documents, err := Parse("pods.yaml", []byte(content))
	if err != nil {
		return err
	}
	for _, d := range documents {
		objects, err := d.Objects()
		if err != nil {
			return err
		}
		for _, o := range objects {
			if _, err := o.Template(); err != nil {
				return err
			}
		}
	}
	return nil
}

const pod = `apiVersion: v1
kind: Pod
metadata:
  name: a
spec:
  containers:
  - name: c
`

func TestParseNamesTheFault(t *testing.T) {
	tests := map[string]struct{ content, want string }{
		"not YAML": {
			"a: 1\n---\nb: 2\nc: d: e\n",
			`pods.yaml, document 2, line 4: is not YAML: mapping values are not allowed in this context`,
		},
		"a template of a chart": {
			"a: 1\n---\nb: {{ .Values.b }}\n",
			`pods.yaml, document 2, line 3: is not YAML; it looks like a template: let its tool, such as helm template, fill it in first`,
		},
		"a tab":       {"a:\n\tb: 1\n", `pods.yaml, document 1, line 2: is not YAML: found character that cannot start any token`},
		"a key twice": {"x: 1\n---\na: 1\nb:\n  c: 1\n  c: 2\n", `pods.yaml, document 2, line 6: the key "c" is there twice`},
		"a key twice beside a merge key": {
			"a: &a {c: 1}\nb:\n  <<: *a\n  c: 2\n  d: 1\n  d: 2\n",
			`pods.yaml, document 1, line 6: the key "d" is there twice`,
		},
		"a key twice in what is merged": {
			"a: &a {c: 1, c: 3}\nb: {<<: *a}\n",
			`pods.yaml, document 1, line 1: the key "c" is there twice`,
		},
		"a key twice, JSON": {"{\"a\": {\"b\": 1, \"b\": 2}}", `pods.yaml, document 1, line 1: duplicate field "a.b"`},
		"a list":            {"- a\n", `pods.yaml, document 1, line 1: is a list; want an object, with apiVersion and kind`},
		"a word":            {"a: 1\n---\nhello\n", `pods.yaml, document 2, line 3: is the string "hello"; want an object, with apiVersion and kind`},
		"UTF-16":            {"\xff\xfea\x00", `pods.yaml: is written in UTF-16; save it as UTF-8`},
		"a separator of its own": {
			"a: 1\r---\rb: 2\r",
			`pods.yaml, document 1, line 2: has a second document that does not begin with a line "---"`,
		},
		"a kind that is a number": {"a: 1\n---\nkind: 5\n", `pods.yaml, document 2, line 3: kind is the number 5; want a string: put it in quotes`},
		"an item that is none":    {"kind: List\nitems:\n- a: 1\n- x\n", `pods.yaml, document 1, line 4: items[1] is the string "x"; want an object`},
		"a port that is a word": {
			pod + "    ports:\n    - containerPort: 80\n    - containerPort: http\n",
			`pods.yaml, document 1 (Pod a), line 10: spec.containers[0].ports[1].containerPort is the string "http"; want a whole number within the field's range`,
		},
		"a port that is too large": {
			pod + "    ports:\n    - containerPort: 5000000000\n",
			`pods.yaml, document 1 (Pod a), line 9: spec.containers[0].ports[0].containerPort is the number 5000000000; want a whole number within the field's range`,
		},
		"a value without quotes": {
			pod + "    env:\n    - {name: X, value: 1}\n",
			`pods.yaml, document 1 (Pod a), line 9: spec.containers[0].env[0].value is the number 1; want a string: put it in quotes`,
		},
		"a quantity that is none": {
			pod + "    resources:\n      limits:\n        cpu: 1\n        memory: 4 GB\n",
			`pods.yaml, document 1 (Pod a), line 11: spec.containers[0].resources.limits.memory is the string "4 GB"; want a quantity such as 500m, 2 or 1Gi`,
		},
		"an object for a list": {
			"apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    name: c\n    image: x\n",
			`pods.yaml, document 1 (Pod), line 4: spec.containers is an object; want a list`,
		},
		"a list for an object": {
			"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d, namespace: shop}\nspec:\n  template:\n  - a\n",
			`pods.yaml, document 1 (Deployment shop/d), line 5: spec.template is a list; want an object`,
		},
		"an annotation that is a boolean": {
			"apiVersion: batch/v1\nkind: CronJob\nmetadata: {generateName: j-}\nspec:\n  jobTemplate:\n    spec:\n      template:\n        metadata:\n          annotations:\n            a.b/c: yes\n        spec: {containers: [{name: a}]}\n",
			`pods.yaml, document 1 (CronJob j-*), line 10: spec.jobTemplate.spec.template.metadata.annotations[a.b/c] is true; want a string: put it in quotes, as YAML takes y, yes, on and their like for booleans`,
		},
		"in a list, in JSON": {
			"{\"kind\": \"PodList\", \"apiVersion\": \"v1\", \"items\": [\n{\"spec\": {\"hostNetwork\": \"no\"}}]}",
			`pods.yaml, document 1 (Pod), line 2: items[0].spec.hostNetwork is the string "no"; want true or false`,
		},
		"beside the template": {
			"apiVersion: apps/v1\nkind: Deployment\nspec:\n  replicas: three\n",
			`pods.yaml, document 1 (Deployment), line 4: spec.replicas is the string "three"; want a whole number within the field's range`,
		},
		"fields that nobody knows": {pod + "    shiny: {new: field}\nnovel: 1\n", ""},
		"other kinds":              {"apiVersion: example.com/v1\nkind: Deployment\nspec: {replicas: three}\n", ""},
		"no kind at all":           {"some: values\n", ""},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got := ""
			if err := firstError(tc.content); err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDocumentObjects(t *testing.T) {
	content := `apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Service, metadata: {name: s}}
- apiVersion: apps/v1
  kind: StatefulSetList
  items:
  - metadata: {name: db, namespace: data}
    spec: {template: {spec: {containers: [{name: a}]}}}
---
# nothing
---
apiVersion: batch/v1
kind: Job
metadata: {generateName: once-}
spec: {template: {metadata: {labels: {x: z}}, spec: {containers: [{name: a}]}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: fragment}
spec: {template: {metadata: {labels: {a: b}}}}
---
apiVersion: extensions/v1beta1
kind: Deployment
metadata: {name: old}
---
apiVersion: v1
kind: ConfigMapList
`
	documents, err := Parse("f", []byte(content))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
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
			text := o.String()
			if template != nil {
				text += " at " + template.pointer
			}
			if o.Retired() {
				text += " retired"
			}
			got = append(got, text)
		}
	}
	want := []string{
		"Service s", "StatefulSet data/db at /items/1/items/0/spec/template", "Job once-* at /spec/template",
		"Deployment fragment", "Deployment old retired", "ConfigMapList",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
}

// A key that comes with a merge key may be there again: it is overridden.
func TestParseMergeKeys(t *testing.T) {
	tests := map[string]struct{ content, want string }{
		"overridden":             {"c: &c {name: a, x: 1}\nl:\n- <<: *c\n  name: b\n", `{"c":{"name":"a","x":1},"l":[{"name":"b","x":1}]}`},
		"two that have the same": {"a: &a {x: 1}\nb: &b {x: 2, z: 3}\nc: {<<: [*a, *b]}\n", `{"a":{"x":1},"b":{"x":2,"z":3},"c":{"x":1,"z":3}}`},
		// YAML means 2; this is what kubectl sends to the API server.
		"overridden before it comes": {"c: &c {x: 1}\nd:\n  x: 2\n  <<: *c\n", `{"c":{"x":1},"d":{"x":1}}`},
		"nothing to override":        {"c: &c {x: 1}\nd: {<<: *c}\n", `{"c":{"x":1},"d":{"x":1}}`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			documents, err := Parse("pods.yaml", []byte(tc.content))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, string(documents[0].JSON())); diff != "" {
				t.Errorf("JSON (-want +got):\n%s", diff)
			}
		})
	}
}
