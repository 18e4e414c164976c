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
	"sigs.k8s.io/yaml"

	"github.com/evenkeel/evenkeel/internal/podspec"
)

// Each edit is applied to a document as a patch, whole and compacted, and must
// leave the pod that was given as it was.
func TestEditorSetsResourcesAndVolumes(t *testing.T) {
	const disk = corev1.ResourceEphemeralStorage
	size := resource.MustParse("10Gi")
	tests := map[string]struct {
		spec string
		edit func(*podspec.Editor)
		want string
	}{
		"a container without resources": {
			spec: `{containers: [{name: app}]}`,
			edit: func(e *podspec.Editor) {
				e.SetLimit("app", disk, size)
				e.SetRequest("app", disk, resource.Quantity{})
			},
			want: `{containers: [{name: app, resources: {limits: {ephemeral-storage: 10Gi}, requests: {ephemeral-storage: "0"}}}]}`,
		},
		"empty resources": {
			spec: `{containers: [{name: app, resources: {}}]}`,
			edit: func(e *podspec.Editor) { e.SetRequest("app", disk, size) },
			want: `{containers: [{name: app, resources: {requests: {ephemeral-storage: 10Gi}}}]}`,
		},
		"an empty list": {
			spec: `{containers: [{name: app, resources: {limits: {}}}]}`,
			edit: func(e *podspec.Editor) { e.SetLimit("app", disk, size) },
			want: `{containers: [{name: app, resources: {limits: {ephemeral-storage: 10Gi}}}]}`,
		},
		// Its limits are an empty map, which JSON leaves out.
		"an init container that was put in": {
			spec: `{containers: [{name: app}]}`,
			edit: func(e *podspec.Editor) {
				e.SetInitContainer(corev1.Container{Name: "init", Resources: corev1.ResourceRequirements{
					Limits: corev1.ResourceList{}, Requests: corev1.ResourceList{}}}, nil)
				e.SetLimit("init", disk, size)
				e.SetRequest("init", disk, size)
			},
			want: `{initContainers: [{name: init, resources: {limits: {ephemeral-storage: 10Gi}, requests: {ephemeral-storage: 10Gi}}}], containers: [{name: app}]}`,
		},
		"other resources stay": {
			spec: `{containers: [{name: app, resources: {limits: {cpu: "1"}, claims: [{name: gpu}]}}]}`,
			edit: func(e *podspec.Editor) { e.SetLimit("app", disk, size) },
			want: `{containers: [{name: app, resources: {limits: {cpu: "1", ephemeral-storage: 10Gi}, claims: [{name: gpu}]}}]}`,
		},
		"another value": {
			spec: `{initContainers: [{name: side, resources: {limits: {ephemeral-storage: 1Gi}}}], containers: [{name: app}]}`,
			edit: func(e *podspec.Editor) { e.SetLimit("side", disk, size) },
			want: `{initContainers: [{name: side, resources: {limits: {ephemeral-storage: 10Gi}}}], containers: [{name: app}]}`,
		},
		"an equal value is no edit": {
			spec: `{containers: [{name: app, resources: {limits: {ephemeral-storage: 10240Mi}}}]}`,
			edit: func(e *podspec.Editor) { e.SetLimit("app", disk, size) },
			want: `{containers: [{name: app, resources: {limits: {ephemeral-storage: 10240Mi}}}]}`,
		},
		"no such container": {
			spec: `{containers: [{name: app}]}`,
			edit: func(e *podspec.Editor) { e.SetLimit("other", disk, size) },
			want: `{containers: [{name: app}]}`,
		},
		"emptyDirs": {
			spec: `{containers: [{name: app}], volumes: [{name: a, emptyDir: {}}, {name: b}, {name: c, emptyDir: {sizeLimit: 1Gi}}, {name: d, hostPath: {path: /}}, {name: e, emptyDir: {sizeLimit: 10Gi}}]}`,
			edit: func(e *podspec.Editor) {
				for _, v := range []string{"a", "b", "c", "d", "e", "none"} {
					e.SetEmptyDirSizeLimit(v, size)
				}
			},
			want: `{containers: [{name: app}], volumes: [{name: a, emptyDir: {sizeLimit: 10Gi}}, {name: b, emptyDir: {sizeLimit: 10Gi}}, {name: c, emptyDir: {sizeLimit: 10Gi}}, {name: d, hostPath: {path: /}}, {name: e, emptyDir: {sizeLimit: 10Gi}}]}`,
		},
		"an emptyDir of ours takes the place of all": {
			spec: `{containers: [{name: app}], volumes: [{name: a, emptyDir: {}}]}`,
			edit: func(e *podspec.Editor) {
				e.SetVolume(corev1.Volume{Name: "b", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}, nil)
				e.SetEmptyDirSizeLimit("b", size)
				e.RemoveVolume("a")
			},
			want: `{containers: [{name: app}], volumes: [{name: b, emptyDir: {sizeLimit: 10Gi}}]}`,
		},
		"a source of a projected volume": {
			spec: `{containers: [{name: app}], volumes: [{name: a, projected: {defaultMode: 420, sources: [{configMap: {name: x}}, {serviceAccountToken: {path: t}}, {secret: {name: key}}]}}]}`,
			edit: func(e *podspec.Editor) {
				e.RemoveProjectedSource("a", 1)
				e.RemoveProjectedSource("a", 2)
				e.RemoveProjectedSource("none", 0)
			},
			want: `{containers: [{name: app}], volumes: [{name: a, projected: {defaultMode: 420, sources: [{configMap: {name: x}}, {secret: {name: key}}]}}]}`,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			raw := document(t, tc.spec)
			pod := &corev1.Pod{}
			if err := json.Unmarshal(raw, pod); err != nil {
				t.Fatal(err)
			}
			before := pod.DeepCopy()
			e := podspec.NewEditor(pod)
			tc.edit(e)
			if diff := cmp.Diff(before, pod); diff != "" {
				t.Errorf("the pod that was given changed (-before +after):\n%s", diff)
			}
			want := document(t, tc.want)
			for form, ops := range map[string]any{"operations": e.Operations(), "patch": e.Patch()} {
				content, err := json.Marshal(ops)
				if err != nil {
					t.Fatal(err)
				}
				patch, err := jsonpatch.DecodePatch(content)
				if err != nil {
					t.Fatal(err)
				}
				got, err := patch.Apply(raw)
				if err != nil {
					t.Fatalf("%s %s do not apply: %v", form, content, err)
				}
				if !jsonpatch.Equal(want, got) {
					t.Errorf("%s give %s, want %s", form, got, want)
				}
			}
		})
	}
}

func document(t *testing.T, spec string) []byte {
	t.Helper()
	raw, err := yaml.YAMLToJSON([]byte("{metadata: {name: p}, spec: " + spec + "}"))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
