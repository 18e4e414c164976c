// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package mutate_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

func TestSelected(t *testing.T) {
	const label = "evenkeel.io/injection"
	enabled, disabled := map[string]string{label: "enabled"}, map[string]string{label: "disabled"}
	labelled := func(value string) *corev1.Pod {
		return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{label: value}}}
	}
	mirror := labelled("enabled")
	mirror.Annotations = map[string]string{"kubernetes.io/config.mirror": "hash"}
	windows := labelled("enabled")
	windows.Spec.OS = &corev1.PodOS{Name: corev1.Windows}
	windowsBySelector := labelled("enabled")
	windowsBySelector.Spec.NodeSelector = map[string]string{"kubernetes.io/os": "windows"}
	linux := labelled("enabled")
	linux.Spec.OS = &corev1.PodOS{Name: corev1.Linux}

	tests := map[string]struct {
		namespace string
		labels    map[string]string
		pod       *corev1.Pod
		want      bool
		wantCode  mutate.Code
	}{
		"enabled namespace":                            {labels: enabled, want: true},
		"disabled namespace":                           {labels: disabled, wantCode: mutate.CodeNamespaceNotEnabled},
		"namespace without the label":                  {wantCode: mutate.CodeNamespaceNotEnabled},
		"namespace whose label means nothing":          {labels: map[string]string{label: "true"}, wantCode: mutate.CodeNamespaceNotEnabled},
		"pod switches off":                             {labels: enabled, pod: labelled("disabled"), wantCode: mutate.CodePodDisabled},
		"pod switches on in a disabled namespace":      {labels: disabled, pod: labelled("enabled"), want: true},
		"pod cannot switch on where no label is":       {pod: labelled("enabled"), wantCode: mutate.CodeNamespaceNotEnabled},
		"pod's label means nothing, enabled namespace": {labels: enabled, pod: labelled("no"), want: true, wantCode: mutate.CodeInjectionValue},
		"pod's label means nothing, disabled namespace": {
			labels: disabled, pod: labelled("yes"), wantCode: mutate.CodeNamespaceNotEnabled},
		"kube-system":        {namespace: "kube-system", labels: enabled, pod: labelled("enabled"), wantCode: mutate.CodeExcludedNamespace},
		"kube-public":        {namespace: "kube-public", labels: enabled, wantCode: mutate.CodeExcludedNamespace},
		"kube-node-lease":    {namespace: "kube-node-lease", labels: enabled, wantCode: mutate.CodeExcludedNamespace},
		"excluded by config": {namespace: "vault", labels: enabled, pod: labelled("enabled"), wantCode: mutate.CodeExcludedNamespace},
		"mirror pod":         {labels: enabled, pod: mirror, wantCode: mutate.CodeMirrorPod},
		"Windows pod":        {labels: enabled, pod: windows, wantCode: mutate.CodeWindows},
		"Windows by node selector": {
			labels: enabled, pod: windowsBySelector, wantCode: mutate.CodeWindows},
		"Linux pod": {labels: enabled, pod: linux, want: true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if tc.namespace == "" {
				tc.namespace = "shop"
			}
			if tc.pod == nil {
				tc.pod = &corev1.Pod{}
			}
			excluded := []string{"vault"}
			got, code := mutate.Selected(excluded, tc.namespace, tc.labels, tc.pod)
			if got != tc.want || code != tc.wantCode {
				t.Errorf("Selected = %v, %q; want %v, %q", got, code, tc.want, tc.wantCode)
			}
			// Without the labels the answer is no only where no labels would make it yes.
			may, _ := mutate.MaySelect(excluded, tc.namespace, tc.pod)
			underAny, _ := mutate.Selected(excluded, tc.namespace, enabled, tc.pod)
			if may != underAny {
				t.Errorf("MaySelect = %v, but in an enabled namespace Selected = %v", may, underAny)
			}
		})
	}
}
