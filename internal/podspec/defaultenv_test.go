// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package podspec_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/internal/podspec"
)

// TestSetDefaultEnv gives A a default, and looks at what a kubelet makes of it:
// the ConfigMap and the Secret "with" have the key OTHER, those called "without"
// have not.
func TestSetDefaultEnv(t *testing.T) {
	for name, tc := range map[string]struct {
		container string
		variable  string
		want      []string
		resolved  string
	}{
		"nothing brings it": {container: `{env: [{name: B, value: b}]}`, variable: "OTHER", want: []string{"B=b", "OTHER=ours"}, resolved: "ours"},
		"an envFrom does": {container: `{envFrom: [{configMapRef: {name: with}}]}`, variable: "OTHER",
			want: []string{"OTHER=ours", "OTHER<with/OTHER?"}, resolved: "1"},
		"an envFrom does not": {container: `{envFrom: [{secretRef: {name: without}}]}`, variable: "OTHER",
			want: []string{"OTHER=ours", "OTHER<without/OTHER?"}, resolved: "ours"},
		"the last of several": {container: `{envFrom: [{configMapRef: {name: with}}, {configMapRef: {name: without}}]}`, variable: "OTHER",
			want: []string{"OTHER=ours", "OTHER<with/OTHER?", "OTHER<without/OTHER?"}, resolved: "2"},
		"by a prefix": {container: `{envFrom: [{prefix: AN, configMapRef: {name: with}}]}`, variable: "ANOTHER",
			want: []string{"ANOTHER=ours", "ANOTHER<with/OTHER?"}, resolved: "1"},
		"a prefix of others": {container: `{envFrom: [{prefix: X_, configMapRef: {name: with}}]}`, variable: "OTHER",
			want: []string{"OTHER=ours"}, resolved: "ours"},
	} {
		t.Run(name, func(t *testing.T) {
			e := podspec.NewEditor(podOf(t, tc.container))
			e.SetDefaultEnv("app", corev1.EnvVar{Name: tc.variable, Value: "ours"})
			if diff := cmp.Diff(tc.want, short(e.Container("app").Env)); diff != "" {
				t.Errorf("environment (-want +got):\n%s", diff)
			}
			if got := resolve(t, e.Pod())[tc.variable]; got != tc.resolved {
				t.Errorf("a kubelet makes it %q; want %q", got, tc.resolved)
			}
			if env, ok := podspec.DefaultEnv(e.Container("app"), tc.variable); !ok || env.Value != "ours" {
				t.Errorf("it is not known again: %v, %v", env, ok)
			}
			done := len(e.Operations())
			e.SetDefaultEnv("app", corev1.EnvVar{Name: tc.variable, Value: "ours"})
			if again := e.Operations()[done:]; len(again) > 0 {
				t.Errorf("a second time records %v", again)
			}
			e.SetDefaultEnv("app", corev1.EnvVar{Name: tc.variable, Value: "new"})
			if env, ok := podspec.DefaultEnv(e.Container("app"), tc.variable); !ok || env.Value != "new" {
				t.Errorf("a new default is not known again: %v, %v", env, ok)
			}
			e.RemoveEnv("app", tc.variable)
			if got := e.Container("app").Env; len(got) != len(podOf(t, tc.container).Spec.Containers[0].Env) {
				t.Errorf("after its removal the environment is %v", short(got))
			}
		})
	}
}

// TestSetDefaultEnvFollowsEnvFrom has another webhook change the container's
// envFrom between two passes. The entries stay where others may refer to them.
func TestSetDefaultEnvFollowsEnvFrom(t *testing.T) {
	ours := corev1.EnvVar{Name: "OTHER", Value: "ours"}
	e := podspec.NewEditor(podOf(t, `{env: [{name: OTHER, value: ours}, {name: B, value: $(OTHER)}], envFrom: [{configMapRef: {name: with}}]}`))
	e.SetDefaultEnv("app", ours)
	if diff := cmp.Diff([]string{"OTHER=ours", "OTHER<with/OTHER?", "B=$(OTHER)"}, short(e.Container("app").Env)); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
	pod := e.Pod().DeepCopy()
	pod.Spec.Containers[0].EnvFrom[0].ConfigMapRef.Name = "without"
	if env, ok := podspec.DefaultEnv(&pod.Spec.Containers[0], "OTHER"); ok {
		t.Errorf("an entry that no envFrom accounts for may be the user's, but the default is %v", env)
	}

	e = podspec.NewEditor(podOf(t, `{env: [{name: OTHER, value: ours}, {name: OTHER, valueFrom: {configMapKeyRef: {name: with, key: OTHER, optional: true}}},
		{name: OTHER, valueFrom: {configMapKeyRef: {name: gone, key: OTHER, optional: true}}}], envFrom: [{configMapRef: {name: with}}]}`))
	e.SetDefaultEnv("app", ours)
	if diff := cmp.Diff([]string{"OTHER=ours", "OTHER<with/OTHER?"}, short(e.Container("app").Env)); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
}
