// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package mutatortest

import (
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	podutil "k8s.io/kubernetes/pkg/api/pod"
	"k8s.io/kubernetes/pkg/apis/core"
	corev1defaults "k8s.io/kubernetes/pkg/apis/core/v1"
	"k8s.io/kubernetes/pkg/apis/core/validation"
	psaapi "k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// Validate returns what the API server's own validation finds wrong with a pod
// that is created as it stands, with the server's defaults. A pod without a
// name or namespace is given one.
func Validate(pod *corev1.Pod) field.ErrorList {
	pod = withDefaults(pod)
	if pod.Name == "" {
		pod.Name = "pod"
	}
	if pod.Namespace == "" {
		pod.Namespace = "shop"
	}
	if pod.Spec.ServiceAccountName == "" {
		pod.Spec.ServiceAccountName = "default"
	}
	// As conversion of a stored pod has it: the old name says the same.
	pod.Spec.DeprecatedServiceAccount = pod.Spec.ServiceAccountName
	var internal core.Pod
	if err := corev1defaults.Convert_v1_Pod_To_core_Pod(pod, &internal, nil); err != nil {
		return field.ErrorList{field.InternalError(field.NewPath("spec"), err)}
	}
	opts := podutil.GetValidationOptionsFromPodSpecAndMeta(&internal.Spec, nil, &internal.ObjectMeta, nil)
	return validation.ValidatePodCreate(&internal, opts)
}

// Restricted returns why Pod Security's level "restricted" forbids the pod, or
// an empty string.
func Restricted(pod *corev1.Pod) string {
	results := evaluator().EvaluatePod(
		psaapi.LevelVersion{Level: psaapi.LevelRestricted, Version: psaapi.LatestVersion()}, &pod.ObjectMeta, &pod.Spec)
	if r := policy.AggregateCheckResults(results); !r.Allowed {
		return r.ForbiddenDetail()
	}
	return ""
}

var evaluator = sync.OnceValue(func() policy.Evaluator {
	e, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		// The checks are compiled in.
		panic(err)
	}
	return e
})

func withDefaults(pod *corev1.Pod) *corev1.Pod {
	pod = pod.DeepCopy()
	corev1defaults.SetObjectDefaults_Pod(pod)
	return pod
}

// checkValid fails the test if the pod was acceptable before and is not after.
func checkValid(tb testing.TB, before, after *corev1.Pod) {
	tb.Helper()
	if len(Validate(before)) > 0 {
		return
	}
	if errs := Validate(after); len(errs) > 0 {
		tb.Errorf("the API server would refuse the changed pod: %v", errs.ToAggregate())
	}
	if Restricted(before) != "" {
		return
	}
	if why := Restricted(after); why != "" {
		tb.Errorf("Pod Security would forbid the changed pod: %s", why)
	}
}
