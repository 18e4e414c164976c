// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package podspec_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel/evenkeel/internal/mutatortest"
	"github.com/evenkeel/evenkeel/internal/podspec"
)

const (
	channel = "JAVA_TOOL_OPTIONS"
	ours    = "-Xa -XX:MaxRAMPercentage=69.7"
)

var objects = mutatortest.Drawable()

func TestMergeOptionsWherever(t *testing.T) {
	for name, tc := range map[string]struct {
		// container is its env and envFrom as YAML.
		container string
		// want is the environment list in short: name=value, or name<source, with a
		// question mark when it is optional.
		want []string
		// resolved is the channel as the JVM gets it.
		resolved string
	}{
		"nothing": {
			container: `{}`,
			want:      []string{"JAVA_TOOL_OPTIONS=" + ours}, resolved: ours,
		},
		"a literal": {
			container: `{env: [{name: JAVA_TOOL_OPTIONS, value: -Du}, {name: A, value: a}]}`,
			want:      []string{"JAVA_TOOL_OPTIONS=" + ours + " -Du", "A=a"}, resolved: ours + " -Du",
		},
		"a literal that others refer to": {
			container: `{env: [{name: JAVA_TOOL_OPTIONS, value: -Du}, {name: JAVA_OPTS, value: $(JAVA_TOOL_OPTIONS) -Dv}]}`,
			want:      []string{"JAVA_TOOL_OPTIONS=-Du", "JAVA_OPTS=$(JAVA_TOOL_OPTIONS) -Dv", "JAVA_TOOL_OPTIONS=" + ours + " $(JAVA_TOOL_OPTIONS)"},
			resolved:  ours + " -Du",
		},
		"an escaped reference is none": {
			container: `{env: [{name: JAVA_TOOL_OPTIONS, value: -Du}, {name: A, value: $$(JAVA_TOOL_OPTIONS)}]}`,
			want:      []string{"JAVA_TOOL_OPTIONS=" + ours + " -Du", "A=$$(JAVA_TOOL_OPTIONS)"}, resolved: ours + " -Du",
		},
		"a literal with references keeps its place": {
			container: `{env: [{name: A, value: -Da}, {name: JAVA_TOOL_OPTIONS, value: $(A) $(B)}, {name: B, value: -Db}]}`,
			want:      []string{"A=-Da", "JAVA_TOOL_OPTIONS=" + ours + " $(A) $(B)", "B=-Db"}, resolved: ours + " -Da $(B)",
		},
		"a ConfigMap's key": {
			container: `{env: [{name: JAVA_TOOL_OPTIONS, valueFrom: {configMapKeyRef: {name: with, key: options}}}]}`,
			want:      []string{"EVENKEEL_JAVA_TOOL_OPTIONS<with/options", "JAVA_TOOL_OPTIONS=" + ours + " $(EVENKEEL_JAVA_TOOL_OPTIONS)"},
			resolved:  ours + " -Dfrom='key of'  configmap",
		},
		"what comes from outside is not read again": {
			container: `{env: [{name: JAVA_TOOL_OPTIONS, valueFrom: {configMapKeyRef: {name: with, key: dollar}}}], envFrom: [{configMapRef: {name: with}}]}`,
			want:      []string{"EVENKEEL_JAVA_TOOL_OPTIONS<with/dollar", "JAVA_TOOL_OPTIONS=" + ours + " $(EVENKEEL_JAVA_TOOL_OPTIONS)"},
			resolved:  ours + " -Da=$(OTHER) $$x",
		},
		"a Secret's key that may be missing and is there": {
			container: `{env: [{name: JAVA_TOOL_OPTIONS, valueFrom: {secretKeyRef: {name: with, key: options, optional: true}}}]}`,
			want: []string{"EVENKEEL_JAVA_TOOL_OPTIONS=", "EVENKEEL_JAVA_TOOL_OPTIONS<with/options?",
				"JAVA_TOOL_OPTIONS=" + ours + " $(EVENKEEL_JAVA_TOOL_OPTIONS)"},
			resolved: ours + " -Dfrom=key-of-secret",
		},
		"a Secret's key that may be missing and is": {
			container: `{env: [{name: JAVA_TOOL_OPTIONS, valueFrom: {secretKeyRef: {name: without, key: options, optional: true}}}]}`,
			want: []string{"EVENKEEL_JAVA_TOOL_OPTIONS=", "EVENKEEL_JAVA_TOOL_OPTIONS<without/options?",
				"JAVA_TOOL_OPTIONS=" + ours + " $(EVENKEEL_JAVA_TOOL_OPTIONS)"},
			resolved: ours + " ",
		},
		"an annotation": {
			container: `{env: [{name: JAVA_TOOL_OPTIONS, valueFrom: {fieldRef: {fieldPath: "metadata.annotations['java']"}}}]}`,
			want:      []string{"EVENKEEL_JAVA_TOOL_OPTIONS<metadata.annotations['java']", "JAVA_TOOL_OPTIONS=" + ours + " $(EVENKEEL_JAVA_TOOL_OPTIONS)"},
			resolved:  ours + " -Dfrom=annotation",
		},
		"a resource": {
			container: `{env: [{name: JAVA_TOOL_OPTIONS, valueFrom: {resourceFieldRef: {resource: limits.memory}}}]}`,
			want:      []string{"EVENKEEL_JAVA_TOOL_OPTIONS<limits.memory", "JAVA_TOOL_OPTIONS=" + ours + " $(EVENKEEL_JAVA_TOOL_OPTIONS)"},
			resolved:  ours + " 1073741824",
		},
		"a file that may be missing": {
			container: `{env: [{name: JAVA_TOOL_OPTIONS, valueFrom: {fileKeyRef: {volumeName: files, path: other, key: options, optional: true}}}]}`,
			want: []string{"EVENKEEL_JAVA_TOOL_OPTIONS=", "EVENKEEL_JAVA_TOOL_OPTIONS<files/other/options?",
				"JAVA_TOOL_OPTIONS=" + ours + " $(EVENKEEL_JAVA_TOOL_OPTIONS)"},
			resolved: ours + " ",
		},
		"a file": {
			container: `{env: [{name: JAVA_TOOL_OPTIONS, valueFrom: {fileKeyRef: {volumeName: files, path: env, key: options}}}]}`,
			want:      []string{"EVENKEEL_JAVA_TOOL_OPTIONS<files/env/options", "JAVA_TOOL_OPTIONS=" + ours + " $(EVENKEEL_JAVA_TOOL_OPTIONS)"},
			resolved:  ours + " -Dfrom=file",
		},
		"a valueFrom that others refer to": {
			container: `{env: [{name: JAVA_TOOL_OPTIONS, valueFrom: {secretKeyRef: {name: with, key: options}}}, {name: JAVA_OPTS, value: $(JAVA_TOOL_OPTIONS)}]}`,
			want:      []string{"JAVA_TOOL_OPTIONS<with/options", "JAVA_OPTS=$(JAVA_TOOL_OPTIONS)", "JAVA_TOOL_OPTIONS=" + ours + " $(JAVA_TOOL_OPTIONS)"},
			resolved:  ours + " -Dfrom=key-of-secret",
		},
		"one that may be missing and that others refer to": {
			container: `{env: [{name: JAVA_TOOL_OPTIONS, valueFrom: {secretKeyRef: {name: none, key: options, optional: true}}}, {name: JAVA_OPTS, value: $(JAVA_TOOL_OPTIONS)}]}`,
			want: []string{"EVENKEEL_JAVA_TOOL_OPTIONS=", "EVENKEEL_JAVA_TOOL_OPTIONS<none/options?", "JAVA_TOOL_OPTIONS<none/options?",
				"JAVA_OPTS=$(JAVA_TOOL_OPTIONS)", "JAVA_TOOL_OPTIONS=" + ours + " $(EVENKEEL_JAVA_TOOL_OPTIONS)"},
			resolved: ours + " ",
		},
		"a literal below which is one that may be missing": {
			container: `{env: [{name: A, value: -Da}, {name: JAVA_TOOL_OPTIONS, value: $(A)}, {name: A, value: -Db},
				{name: JAVA_TOOL_OPTIONS, valueFrom: {configMapKeyRef: {name: without, key: options, optional: true}}}]}`,
			want: []string{"A=-Da", "EVENKEEL_JAVA_TOOL_OPTIONS=$(A)", "JAVA_TOOL_OPTIONS=$(A)", "A=-Db",
				"EVENKEEL_JAVA_TOOL_OPTIONS<without/options?", "JAVA_TOOL_OPTIONS<without/options?",
				"JAVA_TOOL_OPTIONS=" + ours + " $(EVENKEEL_JAVA_TOOL_OPTIONS)"},
			resolved: ours + " -Da",
		},
		"envFrom of a ConfigMap": {
			container: `{env: [{name: JAVA_OPTS, value: $(JAVA_TOOL_OPTIONS)}], envFrom: [{configMapRef: {name: with}}]}`,
			want: []string{"JAVA_OPTS=$(JAVA_TOOL_OPTIONS)", "EVENKEEL_JAVA_TOOL_OPTIONS=", "EVENKEEL_JAVA_TOOL_OPTIONS<with/JAVA_TOOL_OPTIONS?",
				"JAVA_TOOL_OPTIONS=" + ours + " $(EVENKEEL_JAVA_TOOL_OPTIONS)"},
			resolved: ours + " -Dfrom=configmap",
		},
		"envFrom without the key": {
			container: `{envFrom: [{configMapRef: {name: without}}, {secretRef: {name: none, optional: true}}]}`,
			want: []string{"EVENKEEL_JAVA_TOOL_OPTIONS=", "EVENKEEL_JAVA_TOOL_OPTIONS<without/JAVA_TOOL_OPTIONS?",
				"EVENKEEL_JAVA_TOOL_OPTIONS<none/JAVA_TOOL_OPTIONS?", "JAVA_TOOL_OPTIONS=" + ours + " $(EVENKEEL_JAVA_TOOL_OPTIONS)"},
			resolved: ours + " ",
		},
		"of several envFrom the last that has it, with a prefix": {
			container: `{envFrom: [{secretRef: {name: with}}, {prefix: JAVA_, configMapRef: {name: with}}, {configMapRef: {name: without}}, {prefix: APP_, configMapRef: {name: with}}]}`,
			want: []string{"EVENKEEL_JAVA_TOOL_OPTIONS=", "EVENKEEL_JAVA_TOOL_OPTIONS<with/JAVA_TOOL_OPTIONS?",
				"EVENKEEL_JAVA_TOOL_OPTIONS<with/TOOL_OPTIONS?", "EVENKEEL_JAVA_TOOL_OPTIONS<without/JAVA_TOOL_OPTIONS?",
				"JAVA_TOOL_OPTIONS=" + ours + " $(EVENKEEL_JAVA_TOOL_OPTIONS)"},
			resolved: ours + " -Dfrom=prefix",
		},
		"an entry that may be missing above an envFrom": {
			container: `{env: [{name: JAVA_TOOL_OPTIONS, valueFrom: {configMapKeyRef: {name: without, key: options, optional: true}}}], envFrom: [{secretRef: {name: with}}]}`,
			want: []string{"EVENKEEL_JAVA_TOOL_OPTIONS=", "EVENKEEL_JAVA_TOOL_OPTIONS<with/JAVA_TOOL_OPTIONS?",
				"EVENKEEL_JAVA_TOOL_OPTIONS<without/options?", "JAVA_TOOL_OPTIONS=" + ours + " $(EVENKEEL_JAVA_TOOL_OPTIONS)"},
			resolved: ours + " -Dfrom=secret",
		},
		"a prefix that leaves no key, and a name that cannot be": {
			container: `{envFrom: [{prefix: JAVA_TOOL_OPTIONS, configMapRef: {name: with}}, {configMapRef: {name: none-, optional: true}}]}`,
			want:      []string{"JAVA_TOOL_OPTIONS=" + ours}, resolved: ours,
		},
		"the private name is taken": {
			container: `{env: [{name: EVENKEEL_JAVA_TOOL_OPTIONS, value: mine}, {name: JAVA_TOOL_OPTIONS, valueFrom: {configMapKeyRef: {name: with, key: JAVA_TOOL_OPTIONS}}}]}`,
			want: []string{"EVENKEEL_JAVA_TOOL_OPTIONS=mine", "EVENKEEL_JAVA_TOOL_OPTIONS_2<with/JAVA_TOOL_OPTIONS",
				"JAVA_TOOL_OPTIONS=" + ours + " $(EVENKEEL_JAVA_TOOL_OPTIONS_2)"},
			resolved: ours + " -Dfrom=configmap",
		},
	} {
		t.Run(name, func(t *testing.T) {
			pod := podOf(t, tc.container)
			out := merged(t, pod, "", ours)
			if diff := cmp.Diff(tc.want, short(out.Spec.Containers[0].Env)); diff != "" {
				t.Errorf("env differs (-want +got):\n%s", diff)
			}
			if got := resolve(t, out)[channel]; got != tc.resolved {
				t.Errorf("the JVM gets %q; want %q", got, tc.resolved)
			}
			checkMerged(t, pod, out, ours, objects)
			if back := merged(t, out, ours, ""); !sameEnv(pod, back) {
				t.Errorf("taken out, the environment is\n%q; it was\n%q", short(back.Spec.Containers[0].Env), short(pod.Spec.Containers[0].Env))
			}
		})
	}
}

// TestMergeOptionsFollowsEdits edits a container that options were merged into,
// as another webhook does, or a person who copies a live pod.
func TestMergeOptionsFollowsEdits(t *testing.T) {
	const optional = `{env: [{name: JAVA_TOOL_OPTIONS, valueFrom: {secretKeyRef: {name: without, key: options, optional: true}}}]}`
	set := func(value string) func(*corev1.Container) {
		return func(c *corev1.Container) { c.Env[len(c.Env)-1].Value = value }
	}
	for name, tc := range map[string]struct {
		container string
		edit      func(*corev1.Container)
		// previous is what of ours is still there; "gone" says that nothing is.
		previous string
		want     string
	}{
		"prepended": {
			container: optional, edit: set("-javaagent:/x.jar " + ours + " $(EVENKEEL_JAVA_TOOL_OPTIONS)"), want: "-javaagent:/x.jar -Xnew ",
		},
		"appended": {
			container: optional, edit: set(ours + " $(EVENKEEL_JAVA_TOOL_OPTIONS) -javaagent:/x.jar"), want: "-Xnew  -javaagent:/x.jar",
		},
		"an envFrom more": {
			container: optional,
			edit: func(c *corev1.Container) {
				c.EnvFrom = append(c.EnvFrom, corev1.EnvFromSource{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "with"}}})
			},
			want: "-Xnew -Dfrom=configmap",
		},
		"the empty default is removed": {
			container: optional, edit: func(c *corev1.Container) { c.Env = c.Env[1:] }, want: "-Xnew ",
		},
		"all private entries are removed": {
			container: optional, edit: func(c *corev1.Container) { c.Env = c.Env[2:] }, want: "-Xnew ",
		},
		"a sure source becomes one that may be missing": {
			container: `{env: [{name: JAVA_TOOL_OPTIONS, valueFrom: {secretKeyRef: {name: with, key: options}}}]}`,
			edit: func(c *corev1.Container) {
				missing := true
				c.Env[0].ValueFrom.SecretKeyRef.Optional, c.Env[0].ValueFrom.SecretKeyRef.Key = &missing, "none"
			},
			want: "-Xnew ",
		},
		"the variable is written anew": {
			container: optional, edit: set("-Dmine"), previous: "gone", want: "-Xnew -Dmine",
		},
		"the variable comes from elsewhere": {
			container: optional, previous: "gone",
			edit: func(c *corev1.Container) {
				c.Env[2] = corev1.EnvVar{Name: channel, ValueFrom: &corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{
					LocalObjectReference: corev1.LocalObjectReference{Name: "with"}, Key: channel}}}
			},
			want: "-Xnew -Dfrom=configmap",
		},
		"the variable is removed": {
			container: optional, previous: "gone", edit: func(c *corev1.Container) { c.Env = c.Env[:2] }, want: "-Xnew",
		},
	} {
		t.Run(name, func(t *testing.T) {
			pod := merged(t, podOf(t, tc.container), "", ours)
			tc.edit(&pod.Spec.Containers[0])
			previous := ours
			if tc.previous == "gone" {
				previous = ""
				e := podspec.NewEditor(pod)
				e.DropPrivate("app", channel)
				pod = e.Pod()
				if env := short(pod.Spec.Containers[0].Env); slices.ContainsFunc(env, func(s string) bool { return strings.HasPrefix(s, "EVENKEEL_") }) {
					t.Errorf("private entries are left: %q", env)
				}
			}
			out := merged(t, pod, previous, "-Xnew")
			if got := resolve(t, out)[channel]; got != tc.want {
				t.Errorf("the JVM gets %q; want %q, of %q", got, tc.want, short(out.Spec.Containers[0].Env))
			}
			e := podspec.NewEditor(out)
			e.DropPrivate("app", channel)
			e.MergeOptions("app", channel, "-Xnew", "-Xnew")
			if ops := e.Operations(); len(ops) > 0 {
				t.Errorf("a second pass changes the pod: %v", ops)
			}
		})
	}
}

// podOf returns a pod of one container, app, with what the YAML says.
func podOf(t testing.TB, container string) *corev1.Pod {
	t.Helper()
	c := corev1.Container{Name: "app", Image: "registry.example/app:1"}
	if err := yaml.UnmarshalStrict([]byte(container), &c); err != nil {
		t.Fatal(err)
	}
	return &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{c},
		Volumes: []corev1.Volume{{Name: "files", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}}}}
}

func merged(t testing.TB, pod *corev1.Pod, previous, options string) *corev1.Pod {
	t.Helper()
	e := podspec.NewEditor(pod)
	e.MergeOptions("app", channel, previous, options)
	return e.Pod()
}

func resolve(t testing.TB, pod *corev1.Pod) map[string]string {
	t.Helper()
	env, err := mutatortest.ResolveEnv(&pod.Spec.Containers[0], objects)
	if err != nil {
		t.Fatalf("the container does not start: %v", err)
	}
	return env
}

// checkMerged holds what must be true of every merge, as a kubelet resolves the
// container before and after it.
func checkMerged(t testing.TB, before, after *corev1.Pod, options string, objects mutatortest.Objects) {
	t.Helper()
	was, wasErr := mutatortest.ResolveEnv(&before.Spec.Containers[0], objects)
	is, isErr := mutatortest.ResolveEnv(&after.Spec.Containers[0], objects)
	if (wasErr == nil) != (isErr == nil) {
		t.Errorf("before the container starts: %v; afterwards: %v", wasErr, isErr)
	}
	if wasErr != nil || isErr != nil {
		return
	}
	got, want := is[channel], words(options+" "+was[channel])
	if words(got) != want {
		t.Errorf("the JVM gets %q; want %q", got, want)
	}
	if strings.Contains(got, "$(EVENKEEL_") {
		t.Errorf("the JVM gets a reference: %q", got)
	}
	if got := podspec.CountOptions(got); got != podspec.CountOptions(want) {
		t.Errorf("the JVM gets %d options; want %d", got, podspec.CountOptions(want))
	}
	// The user's own variables may have private names too; none of them changes.
	for _, env := range []map[string]string{was, is} {
		delete(env, channel)
	}
	maps.DeleteFunc(is, func(name, _ string) bool {
		_, users := was[name]
		return strings.HasPrefix(name, "EVENKEEL_") && !users
	})
	if diff := cmp.Diff(was, is); diff != "" {
		t.Errorf("other variables change (-before +after):\n%s", diff)
	}
}

func sameEnv(a, b *corev1.Pod) bool {
	return cmp.Equal(a.Spec.Containers[0].Env, b.Spec.Containers[0].Env, cmpopts.EquateEmpty())
}

// short writes an environment list for comparison.
func short(env []corev1.EnvVar) []string {
	var out []string
	for _, e := range env {
		from := e.ValueFrom
		if from == nil {
			out = append(out, e.Name+"="+e.Value)
			continue
		}
		text, optional := "", (*bool)(nil)
		switch {
		case from.ConfigMapKeyRef != nil:
			text, optional = from.ConfigMapKeyRef.Name+"/"+from.ConfigMapKeyRef.Key, from.ConfigMapKeyRef.Optional
		case from.SecretKeyRef != nil:
			text, optional = from.SecretKeyRef.Name+"/"+from.SecretKeyRef.Key, from.SecretKeyRef.Optional
		case from.FileKeyRef != nil:
			text, optional = from.FileKeyRef.VolumeName+"/"+from.FileKeyRef.Path+"/"+from.FileKeyRef.Key, from.FileKeyRef.Optional
		case from.FieldRef != nil:
			text = from.FieldRef.FieldPath
		case from.ResourceFieldRef != nil:
			text = from.ResourceFieldRef.Resource
		}
		if optional != nil && *optional {
			text += "?"
		}
		out = append(out, e.Name+"<"+text)
	}
	return out
}
