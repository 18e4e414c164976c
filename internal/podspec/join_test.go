// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package podspec_test

import (
	"encoding/json"
	"strings"
	"testing"

	"gomodules.xyz/jsonpatch/v2"
	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/internal/podspec"
)

// TestJoin says when operations on a list become one: then the patch is shorter
// and does the same.
func TestJoin(t *testing.T) {
	const raw = `{"spec":{"containers":[{"name":"app",
		"env":[{"name":"A","value":"1","later":[1.50]},{"name":"B","later":{"x":"y"}}],
		"volumeMounts":[{"name":"v","mountPath":"/v"}]}]}}`
	variable := func(name string) any { return corev1.EnvVar{Name: name, Value: "x"} }
	long := json.RawMessage(`{"name":"` + strings.Repeat("n", 500) + `"}`)
	const env = "/spec/containers/0/env"
	for name, tc := range map[string]struct {
		raw  string
		ops  []jsonpatch.Operation
		want string
	}{
		"three at the end": {ops: []jsonpatch.Operation{
			jsonpatch.NewOperation("add", env+"/2", variable("C")),
			jsonpatch.NewOperation("add", env+"/3", variable("D")),
			jsonpatch.NewOperation("add", env+"/4", variable("E"))},
			want: `[{"op":"replace","path":"/spec/containers/0/env","value":[{"name":"A","value":"1","later":[1.50]},{"name":"B","later":{"x":"y"}},{"name":"C","value":"x"},{"name":"D","value":"x"},{"name":"E","value":"x"}]}]`},
		"and changed values": {ops: []jsonpatch.Operation{
			jsonpatch.NewOperation("replace", env+"/0/value", "2"),
			jsonpatch.NewOperation("add", env+"/2", variable("C")),
			jsonpatch.NewOperation("add", env+"/3", variable("D")),
			jsonpatch.NewOperation("add", env+"/1/value", "3")},
			want: `[{"op":"replace","path":"/spec/containers/0/env","value":[{"later":[1.50],"name":"A","value":"2"},{"later":{"x":"y"},"name":"B","value":"3"},{"name":"C","value":"x"},{"name":"D","value":"x"}]}]`},
		"others stay where they are": {ops: []jsonpatch.Operation{
			jsonpatch.NewOperation("add", "/spec/x", 1),
			jsonpatch.NewOperation("add", env+"/2", variable("C")),
			jsonpatch.NewOperation("add", env+"/3", variable("D")),
			jsonpatch.NewOperation("add", "/spec/y", 1),
			jsonpatch.NewOperation("add", env+"/4", variable("E"))},
			want: `[{"op":"add","path":"/spec/x","value":1},{"op":"replace","path":"/spec/containers/0/env","value":[{"name":"A","value":"1","later":[1.50]},{"name":"B","later":{"x":"y"}},{"name":"C","value":"x"},{"name":"D","value":"x"},{"name":"E","value":"x"}]},{"op":"add","path":"/spec/y","value":1}]`},
		"one is short enough": {ops: []jsonpatch.Operation{jsonpatch.NewOperation("add", env+"/2", variable("C"))}},
		"what is there is longer": {raw: `{"spec":{"containers":[{"env":[` + string(long) + `]}]}}`, ops: []jsonpatch.Operation{
			jsonpatch.NewOperation("add", env+"/1", variable("C")), jsonpatch.NewOperation("add", env+"/2", variable("D"))}},
		"what was added is changed": {ops: []jsonpatch.Operation{
			jsonpatch.NewOperation("add", env+"/2", variable("C")), jsonpatch.NewOperation("add", env+"/3", variable("D")),
			jsonpatch.NewOperation("replace", env+"/3/value", "y")}},
		"put before others": {ops: []jsonpatch.Operation{
			jsonpatch.NewOperation("add", env+"/2", variable("C")), jsonpatch.NewOperation("add", env+"/0", variable("D"))}},
		"one removed": {ops: []jsonpatch.Operation{
			{Operation: "remove", Path: env + "/1"},
			jsonpatch.NewOperation("add", env+"/1", variable("C")), jsonpatch.NewOperation("add", env+"/2", variable("D"))}},
		"of another pod": {raw: `{"spec":{"containers":[{"env":[]}]}}`, ops: []jsonpatch.Operation{
			jsonpatch.NewOperation("add", env+"/2", variable("C")), jsonpatch.NewOperation("add", env+"/3", variable("D"))}},
		"no such container": {ops: []jsonpatch.Operation{
			jsonpatch.NewOperation("add", "/spec/containers/7/env/2", variable("C")), jsonpatch.NewOperation("add", "/spec/containers/7/env/3", variable("D"))}},
		"init containers move": {ops: []jsonpatch.Operation{
			jsonpatch.NewOperation("add", "/spec/initContainers/0/env/2", variable("C")), jsonpatch.NewOperation("add", "/spec/initContainers/0/env/3", variable("D"))}},
	} {
		t.Run(name, func(t *testing.T) {
			if tc.raw == "" {
				tc.raw = raw
			}
			before, err := json.Marshal(tc.ops)
			if err != nil {
				t.Fatal(err)
			}
			if tc.want == "" {
				tc.want = string(before)
			}
			got, err := json.Marshal(podspec.Join(tc.ops, []byte(tc.raw)))
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != tc.want {
				t.Errorf("joined to\n%s\nwant\n%s", got, tc.want)
			}
			if after, _ := json.Marshal(tc.ops); string(after) != string(before) {
				t.Errorf("the operations that were given are now %s", after)
			}
		})
	}
}
