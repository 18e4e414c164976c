// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"testing"

	"gomodules.xyz/jsonpatch/v2"
	corev1 "k8s.io/api/core/v1"
)

func TestCheckPaths(t *testing.T) {
	declared := []string{"/metadata/annotations/pids.evenkeel.io~1limits", "/metadata/annotations/unified-cgroup.crio.io~1*", "/spec/containers/*/env/*", "/spec/volumes/*"}
	tests := map[string]struct {
		op   jsonpatch.Operation
		want bool
	}{
		"a declared key":               {op: jsonpatch.NewOperation("add", "/metadata/annotations/pids.evenkeel.io~1limits", "x"), want: true},
		"another key":                  {op: jsonpatch.NewOperation("add", "/metadata/annotations/other", "x")},
		"a key that begins so":         {op: jsonpatch.NewOperation("add", "/metadata/annotations/unified-cgroup.crio.io~1app", "x"), want: true},
		"one that begins alike":        {op: jsonpatch.NewOperation("add", "/metadata/annotations/unified-cgroup.crio.iot~1app", "x")},
		"the beginning alone":          {op: jsonpatch.NewOperation("add", "/metadata/annotations/unified-cgroup.crio.io~1", "x")},
		"below a key":                  {op: jsonpatch.NewOperation("add", "/metadata/annotations/unified-cgroup.crio.io~1app/x", "x")},
		"an element":                   {op: jsonpatch.NewOperation("replace", "/spec/containers/3/env/0", corev1.EnvVar{}), want: true},
		"the end of a list":            {op: jsonpatch.NewOperation("add", "/spec/containers/3/env/-", corev1.EnvVar{}), want: true},
		"inside an element":            {op: jsonpatch.NewOperation("replace", "/spec/containers/3/env/0/value", "x")},
		"an empty map for a key":       {op: jsonpatch.NewOperation("add", "/metadata/annotations", map[string]string{}), want: true},
		"a full map for a key":         {op: jsonpatch.NewOperation("add", "/metadata/annotations", map[string]string{"other": "x"})},
		"an empty list":                {op: jsonpatch.NewOperation("add", "/spec/volumes", []corev1.Volume{}), want: true},
		"the list with its last":       {op: jsonpatch.NewOperation("remove", "/spec/volumes", nil), want: true},
		"what is above the list":       {op: jsonpatch.NewOperation("remove", "/spec", nil)},
		"a list of another container":  {op: jsonpatch.NewOperation("add", "/spec/initContainers/0/env", []corev1.EnvVar{})},
		"the pod's spec, emptied":      {op: jsonpatch.NewOperation("add", "/spec", map[string]string{})},
		"a container, emptied":         {op: jsonpatch.NewOperation("add", "/spec/containers/0", map[string]string{})},
		"the whole document, replaced": {op: jsonpatch.NewOperation("replace", "", map[string]string{})},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if err := checkPaths([]jsonpatch.Operation{tc.op}, declared); (err == nil) != tc.want {
				t.Errorf("checkPaths(%s) = %v, want allowed: %v", tc.op.Json(), err, tc.want)
			}
		})
	}
}
