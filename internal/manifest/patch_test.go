// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"gomodules.xyz/jsonpatch/v2"
)

// onPods are operations as they come from a mutator: their paths are the pod's.
var onPods = []jsonpatch.Operation{
	jsonpatch.NewOperation("add", "/metadata/annotations", map[string]string{}),
	jsonpatch.NewOperation("add", "/metadata/annotations/evenkeel.io~1status", "on"),
	jsonpatch.NewOperation("add", "/spec/containers/0/env", []string{}),
	jsonpatch.NewOperation("add", "/spec/containers/0/env/-", map[string]string{"name": "A"}),
}

func TestDocumentPatch(t *testing.T) {
	tests := map[string]struct {
		content, want string
		wantRewritten bool
	}{
		"a template without metadata": {
			content: "--- # one\napiVersion: apps/v1\nkind: DaemonSet\nspec:\n  template:\n    spec: # pods\n      containers:\n        - name: a # first\n          new: 08\n",
			want: "--- # one\napiVersion: apps/v1\nkind: DaemonSet\nspec:\n  template:\n    spec: # pods\n      containers:\n        - name: a # first\n          new: 08\n" +
				"          env:\n            - name: A\n    metadata:\n      annotations:\n        evenkeel.io/status: 'on'\n",
		},
		"a template whose metadata is null": {
			content: "{\"kind\":\"Job\",\"apiVersion\":\"batch/v1\",\"spec\":{\"template\":{\"metadata\":null,\"spec\":{\"containers\":[{\"big\":12345678901234567890}]}}}}",
			want:    "{\"kind\":\"Job\",\"apiVersion\":\"batch/v1\",\"spec\":{\"template\":{\"metadata\":{\"annotations\":{\"evenkeel.io/status\":\"on\"}},\"spec\":{\"containers\":[{\"big\":12345678901234567890,\"env\":[{\"name\":\"A\"}]}]}}}}",
		},
		"each item of a list": {
			content: "apiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: a}\n  spec:\n    containers:\n    - name: a\n- metadata:\n    annotations: {}\n  spec: {containers: [{name: b}]}\n",
			want: "apiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: a, annotations: {evenkeel.io/status: 'on'}}\n  spec:\n    containers:\n    - name: a\n      env:\n      - name: A\n" +
				"- metadata:\n    annotations:\n      evenkeel.io/status: 'on'\n  spec: {containers: [{name: b, env: [{name: A}]}]}\n",
		},
		"an anchor that two places share": {
			content:       "---\r\napiVersion: v1\r\nkind: Pod # c\r\nmetadata: {annotations: &a {x: z}, labels: *a}\r\nspec: {containers: [{name: z}]}\r\n...\r\n",
			want:          "---\r\napiVersion: v1\r\nkind: Pod\r\nmetadata:\r\n  annotations:\r\n    evenkeel.io/status: \"on\"\r\n  labels:\r\n    x: z\r\nspec:\r\n  containers:\r\n  - env:\r\n    - name: A\r\n    name: z\r\n...\r\n",
			wantRewritten: true,
		},
		"a container that overrides what is merged": {
			content: "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nx: &c\n  name: z\n  image: i # of all\nspec:\n  containers:\n  - <<: *c\n    name: a\n",
			want:    "apiVersion: v1\nkind: Pod\nmetadata: {name: p, annotations: {evenkeel.io/status: 'on'}}\nx: &c\n  name: z\n  image: i # of all\nspec:\n  containers:\n  - <<: *c\n    name: a\n    env:\n    - name: A\n",
		},
		"a container through an alias": {
			content:       "apiVersion: v1\nkind: Pod\nx: &c {name: z}\nspec: {containers: [*c]}\n",
			want:          "apiVersion: v1\nkind: Pod\nmetadata:\n  annotations:\n    evenkeel.io/status: \"on\"\nspec:\n  containers:\n  - env:\n    - name: A\n    name: z\nx:\n  name: z\n",
			wantRewritten: true,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			documents, err := Parse("f", []byte(tc.content))
			if err != nil {
				t.Fatal(err)
			}
			objects, err := documents[0].Objects()
			if err != nil {
				t.Fatal(err)
			}
			var ops []jsonpatch.Operation
			for _, o := range objects {
				template, err := o.Template()
				if err != nil {
					t.Fatal(err)
				}
				ops = append(ops, template.Operations(onPods)...)
			}
			got, rewritten, err := documents[0].Patch(ops)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, string(got.Raw)); diff != "" {
				t.Errorf("document (-want +got):\n%s", diff)
			}
			if rewritten != tc.wantRewritten {
				t.Errorf("rewritten is %t, want %t", rewritten, tc.wantRewritten)
			}
		})
	}
}
