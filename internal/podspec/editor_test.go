// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package podspec_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/evenkeel/evenkeel/internal/podspec"
)

// edits are what an Editor can do, by a name that a test or the fuzzer picks,
// with values that it makes up.
var edits = []struct {
	name string
	do   func(e *podspec.Editor, a, b string)
}{
	{"SetAnnotation", func(e *podspec.Editor, a, b string) { e.SetAnnotation(a, b) }},
	{"RemoveAnnotation", func(e *podspec.Editor, a, _ string) { e.RemoveAnnotation(a) }},
	{"SetEnv", func(e *podspec.Editor, a, b string) { e.SetEnv("app", a, b) }},
	{"SetEnv of the init container", func(e *podspec.Editor, a, b string) { e.SetEnv("init", a, b) }},
	{"SetEnv of no container", func(e *podspec.Editor, a, b string) { e.SetEnv("none", a, b) }},
	{"RemoveEnv", func(e *podspec.Editor, a, _ string) { e.RemoveEnv("app", a) }},
	{"SetOptions", func(e *podspec.Editor, a, b string) { e.SetOptions("app", a, b) }},
	{"MergeOptions", func(e *podspec.Editor, a, b string) { e.MergeOptions("app", a, words(b), words(b)) }},
	{"DropPrivate", func(e *podspec.Editor, a, _ string) { e.DropPrivate("app", a) }},
	{"SetVolume", func(e *podspec.Editor, a, b string) {
		v := corev1.Volume{Name: a}
		if b != "" {
			v.HostPath = &corev1.HostPathVolumeSource{Path: b}
		}
		e.SetVolume(v, func(c corev1.Volume) bool { return cmp.Equal(v, c) })
	}},
	{"SetEmptyDirSizeLimit", func(e *podspec.Editor, a, b string) {
		e.SetEmptyDirSizeLimit(a, *resource.NewQuantity(int64(len(b)), resource.BinarySI))
	}},
	{"SetLimit", func(e *podspec.Editor, a, b string) {
		e.SetLimit("app", corev1.ResourceName(a), *resource.NewQuantity(int64(len(b)), resource.BinarySI))
	}},
	{"RemoveVolume", func(e *podspec.Editor, a, _ string) { e.RemoveVolume(a) }},
	{"AddVolumeMount", func(e *podspec.Editor, a, b string) {
		e.AddVolumeMount("app", corev1.VolumeMount{Name: a, MountPath: b})
	}},
	{"RemoveVolumeMount", func(e *podspec.Editor, a, b string) { e.RemoveVolumeMount("app", a, b) }},
	{"SetInitContainer", func(e *podspec.Editor, a, b string) {
		c := corev1.Container{Name: a, Image: b}
		e.SetInitContainer(c, func(o corev1.Container) bool { return o.Image == b })
	}},
	{"SetEnv of any container", func(e *podspec.Editor, a, b string) { e.SetEnv(a, "a", b) }},
	{"RemoveEnv of any container", func(e *podspec.Editor, a, b string) { e.RemoveEnv(a, b) }},
	{"SetDefaultEnv", func(e *podspec.Editor, a, b string) { e.SetDefaultEnv("app", corev1.EnvVar{Name: a, Value: b}) }},
	{"RemoveInitContainer", func(e *podspec.Editor, a, _ string) { e.RemoveInitContainer(a) }},
	{"SetAutomountServiceAccountToken", func(e *podspec.Editor, a, _ string) { e.SetAutomountServiceAccountToken(a == "") }},
}

const (
	emptyPod = `{"metadata":{"name":"p"},"spec":{"containers":[{"name":"app"}]}}`
	fullPod  = `{"metadata":{"name":"p","annotations":{"a":"1","a/b~c":"2"}},"spec":{
		"automountServiceAccountToken":true,"later":{"release":1},
		"volumes":[{"name":"a","emptyDir":{},"later":1},{"name":"b","hostPath":{"path":"/b"}}],
		"initContainers":[{"name":"init","image":"i","env":[{"name":"a","value":"1"}]}],
		"containers":[{"name":"other"},{"name":"app","later":1,
			"env":[{"name":"a","value":"first"},{"name":"b","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}},{"name":"a","value":"last","later":1},{"name":"e"}],
			"envFrom":[{"configMapRef":{"name":"c"}}],
			"volumeMounts":[{"name":"a","mountPath":"/a"},{"name":"a","mountPath":"/a2"},{"name":"b","mountPath":"/a"}]}]}}`
)

// apply runs the script, two bytes and two values a step, on a raw pod, and
// checks that the operations turn the document into the pod that was edited.
func apply(t *testing.T, raw string, script []byte, values []string) {
	t.Helper()
	pod := &corev1.Pod{}
	if err := json.Unmarshal([]byte(raw), pod); err != nil {
		t.Fatal(err)
	}
	before := pod.DeepCopy()
	e := podspec.NewEditor(pod)
	var done []string
	for len(script) >= 3 {
		edit := edits[int(script[0])%len(edits)]
		a, b := values[int(script[1])%len(values)], values[int(script[2])%len(values)]
		edit.do(e, a, b)
		done = append(done, fmt.Sprintf("%s(%q, %q)", edit.name, a, b))

		recorded := len(e.Operations())
		edit.do(e, a, b)
		if again := e.Operations()[recorded:]; len(again) > 0 {
			t.Errorf("after %v the last edit again records %v", done, again)
		}
		script = script[3:]
	}
	if diff := cmp.Diff(before, pod); diff != "" {
		t.Errorf("the editor changed the pod it was given:\n%s", diff)
	}
	checkPatch(t, []byte(raw), e)
	if t.Failed() {
		t.Logf("after %v", done)
	}
}

// checkPatch applies the operations of an editor to the document that its pod
// was.
func checkPatch(t *testing.T, raw []byte, e *podspec.Editor) {
	t.Helper()
	recorded, err := json.Marshal(e.Operations())
	if err != nil {
		t.Fatal(err)
	}
	compact := e.Patch()
	if len(compact) > len(e.Operations()) {
		t.Errorf("%d operations, compact %d", len(e.Operations()), len(compact))
	}
	short, err := json.Marshal(compact)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := json.Marshal(e.Operations()); err != nil || string(again) != string(recorded) {
		t.Errorf("Patch changed the operations to %s (error %v); they were\n%s", again, err, recorded)
	}
	joined, err := json.Marshal(podspec.Join(compact, raw))
	if err != nil {
		t.Fatal(err)
	}
	// Joined operations must leave what the types do not know too.
	var document any
	for i, content := range [][]byte{recorded, short, joined} {
		patch, err := jsonpatch.DecodePatch(content)
		if err != nil {
			t.Fatalf("the operations are no patch: %v", err)
		}
		patched := raw
		if len(patch) > 0 {
			if patched, err = patch.Apply(raw); err != nil {
				t.Fatalf("the patch does not apply: %v\n%s\nof %s", err, content, recorded)
			}
		}
		got := &corev1.Pod{}
		if err := json.Unmarshal(patched, got); err != nil {
			t.Fatal(err)
		}
		var whole any
		if err := json.Unmarshal(patched, &whole); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(document, whole); i == 2 && diff != "" {
			t.Errorf("joined, the operations do something else (-apart +joined):\n%s\n%s\nof %s", diff, content, short)
		}
		document = whole
		if diff := cmp.Diff(e.Pod(), got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("the document is not the pod (-edited +patched):\n%s\n%s\nof %s", diff, content, recorded)
		}
	}
}

// TestEditorRecordsWhatItDoes makes every edit with every pair of values, on a
// pod that has what is edited and on one that has not.
func TestEditorRecordsWhatItDoes(t *testing.T) {
	values := []string{"", "a", "b", "e", "/a", "a/b~c", "new"}
	for name, raw := range map[string]string{"empty": emptyPod, "full": fullPod} {
		for i, edit := range edits {
			t.Run(name+"/"+edit.name, func(t *testing.T) {
				for a := range values {
					for b := range values {
						apply(t, raw, []byte{byte(i), byte(a), byte(b)}, values)
					}
				}
			})
		}
	}
}

// TestEditorPatchIsShort compares what is recorded with what is sent.
func TestEditorPatchIsShort(t *testing.T) {
	pod := &corev1.Pod{Spec: corev1.PodSpec{
		Volumes: []corev1.Volume{{Name: "token"}},
		Containers: []corev1.Container{{Name: "app", Env: []corev1.EnvVar{{Name: "A", Value: "1"}},
			VolumeMounts: []corev1.VolumeMount{{Name: "token", MountPath: "/t"}}}},
	}}
	e := podspec.NewEditor(pod)
	e.SetAnnotation("a/b", "1")
	e.SetVolume(corev1.Volume{Name: "v"}, nil)
	e.SetVolume(corev1.Volume{Name: "w"}, nil)
	e.AddVolumeMount("app", corev1.VolumeMount{Name: "v", MountPath: "/v"})
	e.SetEnv("app", "A", "2")
	e.SetEnv("app", "B", "1")
	e.SetEnv("app", "B", "2")
	e.SetEnv("app", "A", "3")
	e.RemoveVolumeMount("app", "token", "/t")
	e.RemoveVolume("token")
	e.SetVolume(corev1.Volume{Name: "x"}, nil)
	got, err := json.Marshal(e.Patch())
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"op":"add","path":"/metadata/annotations","value":{"a/b":"1"}},` +
		`{"op":"replace","path":"/spec/containers/0/env/0/value","value":"3"},` +
		`{"op":"add","path":"/spec/containers/0/env/1","value":{"name":"B","value":"2"}},` +
		`{"op":"replace","path":"/spec/containers/0/volumeMounts","value":[{"name":"v","mountPath":"/v"}]},` +
		`{"op":"replace","path":"/spec/volumes","value":[{"name":"v"},{"name":"w"},{"name":"x"}]}]`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("patch (-want +got):\n%s", diff)
	}
	raw, err := json.Marshal(pod)
	if err != nil {
		t.Fatal(err)
	}
	checkPatch(t, raw, e)
}

// TestEditorPatchMakesListsAnew removes what a list has, and puts other things
// there.
func TestEditorPatchMakesListsAnew(t *testing.T) {
	raw := []byte(`{"metadata":{"name":"p"},"spec":{"volumes":[{"name":"v"}],"initContainers":[{"name":"i","env":[{"name":"A","value":"1"}]}],
		"containers":[{"name":"app","env":[{"name":"A","value":"1"}],"volumeMounts":[{"name":"v","mountPath":"/v"}]}]}}`)
	pod := &corev1.Pod{}
	if err := json.Unmarshal(raw, pod); err != nil {
		t.Fatal(err)
	}
	e := podspec.NewEditor(pod)
	for round := range 4 {
		if round == 2 {
			e.SetVolume(corev1.Volume{Name: "w"}, nil)
			e.SetEmptyDirSizeLimit("w", resource.MustParse("1Mi"))
		}
		for _, c := range []string{"app", "i"} {
			e.RemoveEnv(c, "A")
			e.SetEnv(c, "B", "1")
			e.SetEnv(c, "A", "2")
			e.RemoveEnv(c, "B")
		}
		e.RemoveVolumeMount("app", "v", "/v")
		e.RemoveVolume("v")
		e.SetVolume(corev1.Volume{Name: "v"}, nil)
		e.AddVolumeMount("app", corev1.VolumeMount{Name: "v", MountPath: "/v"})
		e.SetInitContainer(corev1.Container{Name: "j"}, nil)
		e.SetEnv("j", "A", "1")
		e.SetInitContainer(corev1.Container{Name: "k"}, nil)
		e.SetEnv("i", "A", "3")
		e.SetEnv("j", "A", "3")
		e.RemoveInitContainer("j")
		e.RemoveInitContainer("k")
		checkPatch(t, raw, e)
	}
}

// FuzzEditor makes edits one after another.
func FuzzEditor(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14}, "x", "~1/", true)
	f.Add([]byte{8, 1, 1, 8, 2, 2, 7, 1, 4, 10, 1, 4, 10, 2, 4, 9, 3, 4}, "", "\x00ü", true)
	f.Add([]byte{2, 1, 1, 5, 1, 1, 6, 1, 0, 11, 6, 1, 12, 6, 1, 13, 1, 1}, "$(a)", "-", false)
	random := rand.New(rand.NewPCG(3, 4))
	for i := range 200 {
		script := make([]byte, 60)
		for j := range script {
			script[j] = byte(random.Uint32())
		}
		f.Add(script, "app", "init", i%2 == 0)
	}
	f.Fuzz(func(t *testing.T, script []byte, x, y string, full bool) {
		raw := emptyPod
		if full {
			raw = fullPod
		}
		// JSON holds no text but UTF-8.
		for _, s := range []*string{&x, &y} {
			content, err := json.Marshal(*s)
			if err != nil || json.Unmarshal(content, s) != nil {
				t.Skip()
			}
		}
		apply(t, raw, script[:min(len(script), 60)], []string{"", "a", "b", "e", "/a", "a/b~c", x, y})
	})
}

func TestEditorSetEnvChangesTheLastEntry(t *testing.T) {
	pod := &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "app",
		Env: []corev1.EnvVar{{Name: "A", Value: "1"}, {Name: "B", Value: "$(A)"}, {Name: "A", Value: "2"}}}}}}
	e := podspec.NewEditor(pod)
	e.SetEnv("app", "A", "3")
	want := []corev1.EnvVar{{Name: "A", Value: "1"}, {Name: "B", Value: "$(A)"}, {Name: "A", Value: "3"}}
	if diff := cmp.Diff(want, e.Pod().Spec.Containers[0].Env); diff != "" {
		t.Errorf("env differs (-want +got):\n%s", diff)
	}
}

func TestEditorSetOptionsRemovesOnlyWhatHidesNothing(t *testing.T) {
	from := []corev1.EnvFromSource{{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "s"}}}}
	other := []corev1.EnvFromSource{{Prefix: "X_", SecretRef: from[0].SecretRef}}
	for name, tc := range map[string]struct {
		env  []corev1.EnvVar
		from []corev1.EnvFromSource
		want []corev1.EnvVar
	}{
		"alone":             {env: []corev1.EnvVar{{Name: "O", Value: "1"}}},
		"hides another":     {env: []corev1.EnvVar{{Name: "O", Value: "0"}, {Name: "O", Value: "1"}}, want: []corev1.EnvVar{{Name: "O", Value: "0"}, {Name: "O"}}},
		"hides an envFrom":  {env: []corev1.EnvVar{{Name: "O", Value: "1"}}, from: from, want: []corev1.EnvVar{{Name: "O"}}},
		"beside an envFrom": {env: []corev1.EnvVar{{Name: "O", Value: "1"}}, from: other},
		"is not there":      {env: []corev1.EnvVar{{Name: "P", Value: "1"}}, want: []corev1.EnvVar{{Name: "P", Value: "1"}}},
		"is between others": {env: []corev1.EnvVar{{Name: "A"}, {Name: "O", Value: "1"}, {Name: "B"}}, want: []corev1.EnvVar{{Name: "A"}, {Name: "B"}}},
	} {
		t.Run(name, func(t *testing.T) {
			e := podspec.NewEditor(&corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Env: tc.env, EnvFrom: tc.from}}}})
			e.SetOptions("app", "O", "")
			if diff := cmp.Diff(tc.want, e.Pod().Spec.Containers[0].Env, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("env differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEditorCloneIsIndependent(t *testing.T) {
	e := podspec.NewEditor(&corev1.Pod{})
	e.SetAnnotation("a", "1")
	c := e.Clone()
	c.SetAnnotation("b", "2")
	e.SetAnnotation("c", "3")
	if got := len(e.Operations()); got != 3 {
		t.Errorf("the editor has %d operations; want 3: the map, a and c", got)
	}
	if diff := cmp.Diff(map[string]string{"a": "1", "b": "2"}, c.Pod().Annotations); diff != "" {
		t.Errorf("the clone's annotations differ (-want +got):\n%s", diff)
	}
}
