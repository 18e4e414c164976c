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
	windowsByOldSelector := labelled("enabled")
	windowsByOldSelector.Spec.NodeSelector = map[string]string{"beta.kubernetes.io/os": "windows"}
	windowsByAffinity := func(terms ...[]string) *corev1.Pod {
		selector := &corev1.NodeSelector{}
		for _, values := range terms {
			selector.NodeSelectorTerms = append(selector.NodeSelectorTerms, corev1.NodeSelectorTerm{
				MatchExpressions: []corev1.NodeSelectorRequirement{{Key: "kubernetes.io/os", Operator: corev1.NodeSelectorOpIn, Values: values}}})
		}
		pod := labelled("enabled")
		pod.Spec.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: selector}}
		return pod
	}
	static := labelled("enabled")
	static.Annotations = map[string]string{"kubernetes.io/config.source": "file"}
	fromAPI := labelled("enabled")
	fromAPI.Annotations = map[string]string{"kubernetes.io/config.source": "api"}
	ownedBy := func(kind string) *corev1.Pod {
		pod, controller := labelled("enabled"), true
		pod.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: kind, Name: "n", Controller: &controller}}
		return pod
	}
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
		"Windows by the old node selector":      {labels: enabled, pod: windowsByOldSelector, wantCode: mutate.CodeWindows},
		"Windows by affinity":                   {labels: enabled, pod: windowsByAffinity([]string{"windows"}), wantCode: mutate.CodeWindows},
		"Windows by each term of its affinity":  {labels: enabled, pod: windowsByAffinity([]string{"windows"}, []string{"windows"}), wantCode: mutate.CodeWindows},
		"Windows by one term, Linux by another": {labels: enabled, pod: windowsByAffinity([]string{"windows"}, []string{"linux"}), want: true},
		"Windows or Linux by affinity":          {labels: enabled, pod: windowsByAffinity([]string{"windows", "linux"}), want: true},
		"affinity without terms":                {labels: enabled, pod: windowsByAffinity(), want: true},
		"static pod from a file":                {labels: enabled, pod: static, wantCode: mutate.CodeMirrorPod},
		"pod from the API server":               {labels: enabled, pod: fromAPI, want: true},
		"pod of a Node":                         {labels: enabled, pod: ownedBy("Node"), wantCode: mutate.CodeMirrorPod},
		"pod of a controller":                   {labels: enabled, pod: ownedBy("ReplicationController"), want: true},
		"Linux pod":                             {labels: enabled, pod: linux, want: true},
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
