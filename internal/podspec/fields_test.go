// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package podspec_test

import (
	"encoding/json"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/evenkeel/evenkeel/internal/podspec"
)

// TestEditorFields: each edit leaves what is wanted, is in the operations, and is
// none the second time.
func TestEditorFields(t *testing.T) {
	field := func(name, path string) corev1.EnvVar {
		return corev1.EnvVar{Name: name, ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: path}}}
	}
	limit := corev1.EnvVar{Name: "EVENKEEL_LIMIT", ValueFrom: &corev1.EnvVarSource{
		ResourceFieldRef: &corev1.ResourceFieldSelector{Resource: "limits.memory", Divisor: resource.MustParse("1")}}}
	own, users := corev1.EnvVar{Name: "EVENKEEL_X"}, corev1.EnvVar{Name: "A", Value: "a"}
	cpu := corev1.ContainerResizePolicy{ResourceName: corev1.ResourceCPU, RestartPolicy: corev1.NotRequired}
	memory := corev1.ContainerResizePolicy{ResourceName: corev1.ResourceMemory, RestartPolicy: corev1.RestartContainer}
	memoryKept := corev1.ContainerResizePolicy{ResourceName: corev1.ResourceMemory, RestartPolicy: corev1.NotRequired}

	for name, tc := range map[string]struct {
		env        []corev1.EnvVar
		policy     []corev1.ContainerResizePolicy
		edit       func(*podspec.Editor)
		wantEnv    []corev1.EnvVar
		wantPolicy []corev1.ContainerResizePolicy
	}{
		"a source into nothing": {edit: func(e *podspec.Editor) { e.SetEnvSource("c", field("N", "metadata.name")) },
			wantEnv: []corev1.EnvVar{field("N", "metadata.name")}},
		"a source at the end": {env: []corev1.EnvVar{users}, edit: func(e *podspec.Editor) { e.SetEnvSource("c", field("N", "metadata.name")) },
			wantEnv: []corev1.EnvVar{users, field("N", "metadata.name")}},
		"a source in the place of another": {env: []corev1.EnvVar{field("N", "metadata.uid"), users},
			edit:    func(e *podspec.Editor) { e.SetEnvSource("c", field("N", "metadata.name")) },
			wantEnv: []corev1.EnvVar{field("N", "metadata.name"), users}},
		"the first into nothing": {edit: func(e *podspec.Editor) { e.SetEnvSourceFirst("c", limit) }, wantEnv: []corev1.EnvVar{limit}},
		"the first before others": {env: []corev1.EnvVar{own, users}, edit: func(e *podspec.Editor) { e.SetEnvSourceFirst("c", limit) },
			wantEnv: []corev1.EnvVar{limit, own, users}},
		"the first is first enough": {env: []corev1.EnvVar{own, limit, users}, edit: func(e *podspec.Editor) { e.SetEnvSourceFirst("c", limit) },
			wantEnv: []corev1.EnvVar{own, limit, users}},
		"the first is behind a user's": {env: []corev1.EnvVar{users, limit}, edit: func(e *podspec.Editor) { e.SetEnvSourceFirst("c", limit) },
			wantEnv: []corev1.EnvVar{limit, users}},
		"the first is alone and another's": {env: []corev1.EnvVar{{Name: "EVENKEEL_LIMIT", Value: "1"}},
			edit: func(e *podspec.Editor) { e.SetEnvSourceFirst("c", limit) }, wantEnv: []corev1.EnvVar{limit}},
		"a policy into nothing": {edit: func(e *podspec.Editor) { e.AddResizePolicy("c", memory) },
			wantPolicy: []corev1.ContainerResizePolicy{memory}},
		"a policy at the end": {policy: []corev1.ContainerResizePolicy{cpu}, edit: func(e *podspec.Editor) { e.AddResizePolicy("c", memory) },
			wantPolicy: []corev1.ContainerResizePolicy{cpu, memory}},
		"a policy that is there": {policy: []corev1.ContainerResizePolicy{memoryKept}, edit: func(e *podspec.Editor) { e.AddResizePolicy("c", memory) },
			wantPolicy: []corev1.ContainerResizePolicy{memoryKept}},
		"the last policy goes": {policy: []corev1.ContainerResizePolicy{memory},
			edit: func(e *podspec.Editor) { e.RemoveResizePolicy("c", corev1.ResourceMemory) }},
		"one policy goes": {policy: []corev1.ContainerResizePolicy{memory, cpu},
			edit:       func(e *podspec.Editor) { e.RemoveResizePolicy("c", corev1.ResourceMemory) },
			wantPolicy: []corev1.ContainerResizePolicy{cpu}},
		"no policy goes": {policy: []corev1.ContainerResizePolicy{cpu},
			edit:       func(e *podspec.Editor) { e.RemoveResizePolicy("c", corev1.ResourceMemory) },
			wantPolicy: []corev1.ContainerResizePolicy{cpu}},
		"a container that is not there": {edit: func(e *podspec.Editor) {
			e.SetEnvSource("d", limit)
			e.SetEnvSourceFirst("d", limit)
			e.AddResizePolicy("d", memory)
			e.RemoveResizePolicy("d", corev1.ResourceMemory)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			pod := &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Env: tc.env, ResizePolicy: tc.policy}}}}
			raw, err := json.Marshal(pod)
			if err != nil {
				t.Fatal(err)
			}
			e := podspec.NewEditor(pod)
			tc.edit(e)
			want := corev1.Container{Name: "c", Env: tc.wantEnv, ResizePolicy: tc.wantPolicy}
			if diff := cmp.Diff(want, e.Pod().Spec.Containers[0]); diff != "" {
				t.Errorf("the container (-want +got):\n%s", diff)
			}
			ops, err := json.Marshal(e.Operations())
			if err != nil {
				t.Fatal(err)
			}
			if len(e.Operations()) > 0 {
				patch, err := jsonpatch.DecodePatch(ops)
				if err != nil {
					t.Fatal(err)
				}
				if raw, err = patch.Apply(raw); err != nil {
					t.Fatalf("applying %s: %v", ops, err)
				}
			}
			var patched corev1.Pod
			if err := json.Unmarshal(raw, &patched); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, patched.Spec.Containers[0]); diff != "" {
				t.Errorf("the patched container (-want +got):\n%s", diff)
			}
			before := len(e.Operations())
			tc.edit(e)
			if got := len(e.Operations()) - before; got != 0 {
				t.Errorf("the second time there are %d operations more", got)
			}
		})
	}
}
