// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/evenkeel/evenkeel/api/wellknown"
)

// Codes of the selection: why admission leaves a pod alone altogether.
const (
	// CodeExcludedNamespace: the namespace is one that is never touched.
	CodeExcludedNamespace Code = "ExcludedNamespace"
	// CodeMirrorPod: the pod is the image of a static pod of a kubelet.
	CodeMirrorPod Code = "MirrorPod"
	// CodeWindows: the pod is for Windows nodes.
	CodeWindows Code = "Windows"
	// CodePodDisabled: the pod's own label switches off.
	CodePodDisabled Code = "PodDisabled"
	// CodeNamespaceNotEnabled: the namespace's label does not switch on.
	CodeNamespaceNotEnabled Code = "NamespaceNotEnabled"
	// CodeInjectionValue: the pod's label has a value that means nothing; the
	// namespace's label decided.
	CodeInjectionValue Code = "InjectionValue"
)

var selectionCodes = map[Code]description{
	CodeExcludedNamespace:   {sentence: "the namespace is excluded"},
	CodeMirrorPod:           {sentence: "mirror pods are left alone"},
	CodeWindows:             {sentence: "Windows pods are left alone"},
	CodePodDisabled:         {sentence: "the pod's label " + wellknown.InjectionLabel + " is " + wellknown.InjectionDisabled},
	CodeNamespaceNotEnabled: {sentence: "the namespace does not have the label " + wellknown.InjectionLabel + ": " + wellknown.InjectionEnabled},
	CodeInjectionValue: {warn: true, sentence: "the pod's label " + wellknown.InjectionLabel + " is ignored: it must be " +
		wellknown.InjectionEnabled + " or " + wellknown.InjectionDisabled},
}

// systemNamespaces are never touched: a fault in admission must not reach what
// the cluster itself stands on.
var systemNamespaces = []string{metav1.NamespaceSystem, metav1.NamespacePublic, corev1.NamespaceNodeLease}

// Selected reports whether admission looks at a pod that is created in a
// namespace with these labels. excluded are namespaces that are never touched
// besides the system ones.
//
// The code says why a pod is not selected. It may be set for a selected pod too,
// with a Sentence that the user should be told.
//
// A namespace without the injection label is out whatever the pod says, because
// the API server does not send its pods to the webhook.
func Selected(excluded []string, namespace string, namespaceLabels map[string]string, pod *corev1.Pod) (bool, Code) {
	if code := neverSelected(excluded, namespace, pod); code != "" {
		return false, code
	}
	ofNamespace, ok := namespaceLabels[wellknown.InjectionLabel]
	if !ok {
		return false, CodeNamespaceNotEnabled
	}
	ofPod, ok := pod.Labels[wellknown.InjectionLabel]
	switch {
	case ok && ofPod == wellknown.InjectionEnabled:
		return true, ""
	case ofNamespace != wellknown.InjectionEnabled:
		return false, CodeNamespaceNotEnabled
	case ok:
		// Neither enabled nor disabled: neverSelected has seen the latter.
		return true, CodeInjectionValue
	}
	return true, ""
}

// MaySelect is Selected for a namespace whose labels are not known: it reports
// whether there are labels under which the pod would be selected.
func MaySelect(excluded []string, namespace string, pod *corev1.Pod) (bool, Code) {
	code := neverSelected(excluded, namespace, pod)
	return code == "", code
}

// neverSelected returns why the pod is left alone whatever the labels of its
// namespace are, or an empty code.
func neverSelected(excluded []string, namespace string, pod *corev1.Pod) Code {
	_, mirror := pod.Annotations[corev1.MirrorPodAnnotationKey]
	switch {
	case slices.Contains(systemNamespaces, namespace), slices.Contains(excluded, namespace):
		return CodeExcludedNamespace
	case mirror:
		return CodeMirrorPod
	case isWindows(pod):
		return CodeWindows
	case pod.Labels[wellknown.InjectionLabel] == wellknown.InjectionDisabled:
		return CodePodDisabled
	}
	return ""
}

func isWindows(pod *corev1.Pod) bool {
	if pod.Spec.OS != nil {
		return pod.Spec.OS.Name == corev1.Windows
	}
	return pod.Spec.NodeSelector[corev1.LabelOSStable] == string(corev1.Windows)
}
