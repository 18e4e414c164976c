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
	// CodeMirrorPod: the pod is a static pod of a kubelet, or the image of one.
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
	CodeMirrorPod:           {sentence: "static pods are left alone, because the kubelet takes them from its own files"},
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
	switch {
	case slices.Contains(systemNamespaces, namespace), slices.Contains(excluded, namespace):
		return CodeExcludedNamespace
	case isStatic(pod):
		return CodeMirrorPod
	case isWindows(pod):
		return CodeWindows
	case pod.Labels[wellknown.InjectionLabel] == wellknown.InjectionDisabled:
		return CodePodDisabled
	}
	return ""
}

// configSourceAnnotation is where a kubelet has a pod from: "file" and "http" are
// static pods (pkg/kubelet/types/pod_update.go).
const configSourceAnnotation = "kubernetes.io/config.source"

// isStatic reports whether a pod is a kubelet's own: what the API server has of
// it is an image, a change of which would change nothing that runs. A kubelet
// marks it, and since 1.17 makes its Node the owner.
func isStatic(pod *corev1.Pod) bool {
	if _, mirror := pod.Annotations[corev1.MirrorPodAnnotationKey]; mirror {
		return true
	}
	if source := pod.Annotations[configSourceAnnotation]; source == "file" || source == "http" {
		return true
	}
	return slices.ContainsFunc(pod.OwnerReferences, func(o metav1.OwnerReference) bool {
		return o.Kind == "Node" && o.APIVersion == "v1" && o.Controller != nil && *o.Controller
	})
}

// isWindows reports whether a pod can only run on Windows nodes: it says so
// itself, or where it may be placed does.
func isWindows(pod *corev1.Pod) bool {
	if pod.Spec.OS != nil {
		return pod.Spec.OS.Name == corev1.Windows
	}
	for _, label := range osLabels {
		if pod.Spec.NodeSelector[label] == string(corev1.Windows) {
			return true
		}
	}
	a := pod.Spec.Affinity
	if a == nil || a.NodeAffinity == nil || a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		return false
	}
	// The terms are alternatives.
	terms := a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
	return len(terms) > 0 && !slices.ContainsFunc(terms, func(t corev1.NodeSelectorTerm) bool { return !requiresWindows(t) })
}

// osLabels are the labels that tell a node's operating system. The second one has
// gone from nodes, and lives on in manifests.
var osLabels = []string{corev1.LabelOSStable, "beta.kubernetes.io/os"}

func requiresWindows(t corev1.NodeSelectorTerm) bool {
	return slices.ContainsFunc(t.MatchExpressions, func(r corev1.NodeSelectorRequirement) bool {
		return slices.Contains(osLabels, r.Key) && r.Operator == corev1.NodeSelectorOpIn && slices.Equal(r.Values, []string{string(corev1.Windows)})
	})
}
