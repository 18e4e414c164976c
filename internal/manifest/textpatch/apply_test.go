// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package textpatch

import (
	"encoding/json"
	"errors"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/google/go-cmp/cmp"
	operations "gomodules.xyz/jsonpatch/v2"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

func add(path string, value any) operations.Operation {
	return operations.NewOperation("add", path, value)
}
func replace(path string, value any) operations.Operation {
	return operations.NewOperation("replace", path, value)
}
func remove(path string) operations.Operation { return operations.NewOperation("remove", path, nil) }

var env = corev1.EnvVar{Name: "JAVA_TOOL_OPTIONS", Value: "-XX:MaxRAMPercentage=62.5"}

func TestApplyYAMLKeepsTheRest(t *testing.T) {
	tests := map[string]struct {
		text string
		ops  []operations.Operation
		want string
	}{
		"a member goes behind the last one and its comment": {
			text: "a:\n  b: 1 # one\n  # loose\n\nc: 2\n",
			ops:  []operations.Operation{add("/a/x", "v")},
			want: "a:\n  b: 1 # one\n  x: v\n  # loose\n\nc: 2\n",
		},
		"a map that was not there": {
			text: "metadata:\n    name: x\nspec: {}\n",
			ops:  []operations.Operation{add("/metadata/annotations", map[string]string{}), add("/metadata/annotations/evenkeel.io~1status", `{"a":1}`)},
			want: "metadata:\n    name: x\n    annotations:\n        evenkeel.io/status: '{\"a\":1}'\nspec: {}\n",
		},
		"an empty map in braces opens": {
			text: "metadata:\n  annotations: {} # none\n  name: x\n",
			ops:  []operations.Operation{add("/metadata/annotations/k", "v")},
			want: "metadata:\n  annotations: # none\n    k: v\n  name: x\n",
		},
		"a key without a value": {
			text: "metadata:\n  annotations:\n  name: x\n",
			ops:  []operations.Operation{add("/metadata/annotations", map[string]string{}), add("/metadata/annotations/k", "true")},
			want: "metadata:\n  annotations:\n    k: 'true'\n  name: x\n",
		},
		"a map in braces stays so": {
			text: "metadata: {name: x, labels: {a: b}} # c\n",
			ops:  []operations.Operation{add("/metadata/annotations", map[string]string{}), add("/metadata/annotations/k", "v, w")},
			want: "metadata: {name: x, labels: {a: b}, annotations: {k: 'v, w'}} # c\n",
		},
		"an item goes to the end, dashes as the author indents them": {
			text: "containers:\n  - name: a\n    env:\n      - name: X\n        value: |\n          # not a comment\n\n  - name: b\n",
			ops:  []operations.Operation{add("/containers/0/env/-", env), add("/containers/1/env", []int{}), add("/containers/1/env/-", env)},
			want: "containers:\n  - name: a\n    env:\n      - name: X\n        value: |\n          # not a comment\n      - name: JAVA_TOOL_OPTIONS\n        value: -XX:MaxRAMPercentage=62.5\n\n" +
				"  - name: b\n    env:\n      - name: JAVA_TOOL_OPTIONS\n        value: -XX:MaxRAMPercentage=62.5\n",
		},
		"an item before all others goes above their comment": {
			text: "init:\n# the first\n- name: a\n",
			ops:  []operations.Operation{add("/init/0", map[string]string{"name": "z"})},
			want: "init:\n- name: z\n# the first\n- name: a\n",
		},
		"a literal that keeps its blank lines": {
			text: "a:\n  b: |+\n    x\n\nc: 1\n",
			ops:  []operations.Operation{add("/a/d", 1)},
			want: "a:\n  b: |+\n    x\n\n  d: 1\nc: 1\n",
		},
		"a scalar over several lines": {
			text: "a:\n  b: one\n    two # c\n  e: \"x\n    y\"\nc: 1\n",
			ops:  []operations.Operation{replace("/a/b", "new"), add("/a/d", nil)},
			want: "a:\n  b: new # c\n  e: \"x\n    y\"\n  d: null\nc: 1\n",
		},
		"line breaks of Windows, none at the end": {
			text: "a:\r\n  b: 1\r\nc:\r\n- x",
			ops:  []operations.Operation{add("/a/d", "e"), add("/c/-", "z")},
			want: "a:\r\n  b: 1\r\n  d: e\r\nc:\r\n- x\r\n- z",
		},
		"a list goes with its comment, the dash stays": {
			text: "spec:\n  containers:\n  - volumeMounts: # gone\n    - a\n    name: x\n    image: y\n  volumes:\n  - name: v\n",
			ops:  []operations.Operation{remove("/spec/containers/0/volumeMounts"), remove("/spec/volumes")},
			want: "spec:\n  containers:\n  - name: x\n    image: y\n",
		},
		"the only member goes": {
			text: "a:\n  b: 1\nc:\n- x # last\nd: [1]\n",
			ops:  []operations.Operation{remove("/a/b"), remove("/c/0"), remove("/d/0")},
			want: "a: {}\nc: [] # last\nd: []\n",
		},
		"the last line goes, without a line break": {
			text: "a:\n- x\n- y", ops: []operations.Operation{remove("/a/1")}, want: "a:\n- x",
		},
		"a value that is an object by another": {
			text: "env:\n- name: A\n  valueFrom:\n    fieldRef: {fieldPath: x}\n- name: B\n",
			ops:  []operations.Operation{replace("/env/0", env), add("/env/1/value", "")},
			want: "env:\n- name: JAVA_TOOL_OPTIONS\n  value: -XX:MaxRAMPercentage=62.5\n- name: B\n  value: ''\n",
		},
		"an anchor elsewhere": {
			text: "labels: &l\n  app: x\nselector: *l\nspec:\n- &c\n  name: y\n",
			ops:  []operations.Operation{add("/spec/0/image", "z")},
			want: "labels: &l\n  app: x\nselector: *l\nspec:\n- &c\n  name: y\n  image: z\n",
		},
		"characters of several bytes before the place": {
			text: "{é: ü, a: 'ö''s', b: [x, y]} # ß\n",
			ops:  []operations.Operation{replace("/a", "1e3"), remove("/b/0"), add("/b/0", "ä")},
			want: "{é: ü, a: '1e3', b: ['ä', y]} # ß\n",
		},
		"its own document marker and words that YAML 1.1 takes for booleans": {
			text: "--- # head\nyes: no\n'on': off\n...\n",
			ops:  []operations.Operation{add("/x", "off"), add("/y", "0x10"), add("/z", "a: b\n"), add("/list", []string{"~"})},
			want: "--- # head\nyes: no\n'on': off\nx: 'off'\n'y': '0x10'\nz: \"a: b\\n\"\nlist:\n- '~'\n...\n",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ApplyYAML([]byte(tc.text), tc.ops)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, string(got)); diff != "" {
				t.Errorf("text (-want +got):\n%s", diff)
			}
			if !sameAsJSONPatch(t, tc.text, string(got), tc.ops) {
				t.Errorf("the text does not mean what the patch says:\n%s", got)
			}
		})
	}
}

func TestApplyJSONKeepsTheLayout(t *testing.T) {
	ops := []operations.Operation{
		add("/a/annotations", map[string]string{}), add("/a/annotations/k", "<&>"),
		add("/c/-", env), remove("/d"), remove("/e/0"),
	}
	tests := map[string]struct{ text, want string }{
		"one line":     {`{"a":{},"c":[1],"d":0,"e":[1]}`, `{"a":{"annotations":{"k":"<&>"}},"c":[1,{"name":"JAVA_TOOL_OPTIONS","value":"-XX:MaxRAMPercentage=62.5"}],"e":[]}`},
		"one, spaced":  {`{"a": {"é": 1}, "c": [], "d": 0, "e": [1, 2]}`, `{"a": {"é": 1, "annotations": {"k": "<&>"}}, "c": [{"name": "JAVA_TOOL_OPTIONS", "value": "-XX:MaxRAMPercentage=62.5"}], "e": [2]}`},
		"indented":     {"{\n  \"d\": 0,\n  \"a\": {\n    \"b\": 1\n  },\n  \"c\": [],\n  \"e\": [1]\n}\n", "{\n  \"a\": {\n    \"b\": 1,\n    \"annotations\": {\n      \"k\": \"<&>\"\n    }\n  },\n  \"c\": [\n    {\n      \"name\": \"JAVA_TOOL_OPTIONS\",\n      \"value\": \"-XX:MaxRAMPercentage=62.5\"\n    }\n  ],\n  \"e\": []\n}\n"},
		"tabs, CRLF":   {"{\r\n\t\"a\": {},\r\n\t\"c\": [\r\n\t\t1\r\n\t],\r\n\t\"e\": [1], \"d\": 0}", "{\r\n\t\"a\": {\r\n\t\t\"annotations\": {\r\n\t\t\t\"k\": \"<&>\"\r\n\t\t}\r\n\t},\r\n\t\"c\": [\r\n\t\t1,\r\n\t\t{\r\n\t\t\t\"name\": \"JAVA_TOOL_OPTIONS\",\r\n\t\t\t\"value\": \"-XX:MaxRAMPercentage=62.5\"\r\n\t\t}\r\n\t],\r\n\t\"e\": []}"},
		"quotes, keys": {`{"a": {"\"}": "\\"}, "c": [{}], "\u0064": 1, "e": [[]]}`, `{"a": {"\"}": "\\", "annotations": {"k": "<&>"}}, "c": [{}, {"name": "JAVA_TOOL_OPTIONS", "value": "-XX:MaxRAMPercentage=62.5"}], "e": []}`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ApplyJSON([]byte(tc.text), ops)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, string(got)); diff != "" {
				t.Errorf("text (-want +got):\n%s", diff)
			}
		})
	}
}

func TestApplyRefuses(t *testing.T) {
	tests := map[string]struct {
		text string
		op   operations.Operation
	}{
		"through an alias":            {"a: &x {b: 1}\nc: *x\n", add("/c/d", 1)},
		"through a merge key":         {"a: &x {b: {}}\nc:\n  <<: *x\n", add("/c/b/d", 1)},
		"a path that is not there":    {"a: 1\n", add("/b/c", 1)},
		"an index out of range":       {"a: [1]\n", add("/a/2", 1)},
		"replacing what is not":       {"a: 1\n", replace("/b", 1)},
		"removing what is not":        {"a: 1\n", remove("/b")},
		"a member of a scalar":        {"a: 1\n", add("/a/b", 1)},
		"the whole document":          {"a: 1\n", replace("", 1)},
		"an operation of its own":     {"a: 1\n", operations.NewOperation("test", "/a", 1)},
		"all of the document":         {"a: 1\n", remove("/a")},
		"before a dash behind a dash": {"- - a\n", add("/0/0", 1)},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got, err := ApplyYAML([]byte(tc.text), []operations.Operation{tc.op}); !errors.Is(err, ErrUnsupported) {
				t.Errorf("got %q, error %v; want ErrUnsupported", got, err)
			}
		})
	}
}

// sameAsJSONPatch reports whether the two texts differ by what the operations
// say, by the judgement of another library.
func sameAsJSONPatch(t *testing.T, before, after string, ops []operations.Operation) bool {
	t.Helper()
	beforeJSON, err := yaml.YAMLToJSONStrict([]byte(before))
	if err != nil {
		t.Fatal(err)
	}
	afterJSON, err := yaml.YAMLToJSONStrict([]byte(after))
	if err != nil {
		t.Errorf("reading the result: %v", err)
		return false
	}
	want, err := patched(beforeJSON, ops...)
	if err != nil {
		t.Fatal(err)
	}
	var wantValue, gotValue any
	if err := errors.Join(json.Unmarshal(want, &wantValue), json.Unmarshal(afterJSON, &gotValue)); err != nil {
		t.Fatal(err)
	}
	return cmp.Equal(wantValue, gotValue)
}

// patched applies the operations by another library.
func patched(content []byte, ops ...operations.Operation) ([]byte, error) {
	patchJSON, err := json.Marshal(ops)
	if err != nil {
		return nil, err
	}
	patch, err := jsonpatch.DecodePatch(patchJSON)
	if err != nil {
		return nil, err
	}
	return patch.Apply(content)
}
