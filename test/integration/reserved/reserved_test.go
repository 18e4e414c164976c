// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package reserved_test has the real API server judge pods whose authors wrote
// what only the webhook writes, by the policies under manifests. No webhook runs:
// what a pod that it treated looks like is written by hand.
package reserved_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/internal/controlplane"
)

const (
	limits = wellknown.PidsLimitsAnnotation
	status = wellknown.StatusAnnotation
	record = `{"version":"v0.1.0","config":"0","features":{"pidlimit":{"containers":{"app":"pids=2048 tier=medium"}}}}`
	// recordCRIO is of a configuration that wants CRI-O's newer annotation, recordBoth of
	// one that wants both.
	recordCRIO = `{"version":"v0.1.0","config":"0","features":{"pidlimit":{"containers":{"app":"crio=current pids=2048 tier=medium"}}}}`
	recordBoth = `{"version":"v0.1.0","config":"0","features":{"pidlimit":{"containers":{"app":{"reason":"CRIOOverwritten","facts":"crio=current,legacy pids=2048 tier=medium"}}}}}`
	recordLong = `{"version":"v0.1.0","config":"0","features":{"pidlimit":{}},"truncated":true}`
	// recordOther is of a configuration that only observes the feature, for a container
	// that is named as the feature is.
	recordOther  = `{"version":"v0.1.0","config":"0","features":{"jvm":{"containers":{"pidlimit":{"reason":"NoMemoryLimit"}}}}}`
	recordQuotes = `{"version":"v0.1.0","config":"0","features":{"jvm":{"outcome":"failed","detail":"no \"app\":\"pids=2048 tier=medium\",\"pidlimit\""}}}`
	crio         = wellknown.CRIOUnifiedCgroupPrefix + "app"
	crioOld      = wellknown.CRIOLegacyUnifiedCgroupPrefix + "app"
	pidsMax      = "pids.max=MjA0OA=="

	untreated  = "it does not treat this pod"
	unreached  = "it did not treat this pod"
	badNumbers = "must be a JSON object from container names to numbers from 128 to 16384"
	changed    = "create the pod anew to change them"
	notCRIO    = "only Evenkeel writes CRI-O's annotations for unified cgroups"
)

var on, off = wellknown.InjectionEnabled, wellknown.InjectionDisabled

func TestReservedAnnotationsAreRefused(t *testing.T) {
	client := startPlane(t)
	tests := map[string]struct {
		namespace   string
		label       string
		windows     bool
		annotations map[string]string
		// want is part of the refusal; empty if there is none.
		want string
	}{
		"nothing reserved":                             {namespace: "plain", annotations: map[string]string{"a": "b", wellknown.PidsTierAnnotation: "small"}},
		"limits in a namespace without the label":      {namespace: "plain", annotations: map[string]string{limits: `{"app":16384}`}, want: untreated},
		"a record in a namespace without the label":    {namespace: "plain", annotations: map[string]string{status: record}, want: untreated},
		"both, as on a treated pod":                    {namespace: "plain", annotations: map[string]string{limits: `{"app":2048}`, status: record}, want: untreated},
		"the pod's label alone":                        {namespace: "plain", label: on, annotations: map[string]string{limits: `{"app":2048}`, status: record}, want: untreated},
		"a pod that switches off":                      {namespace: "on", label: off, annotations: map[string]string{limits: `{"app":2048}`, status: record}, want: untreated},
		"a Windows pod":                                {namespace: "on", windows: true, annotations: map[string]string{limits: `{"app":2048}`, status: record}, want: untreated},
		"a namespace that is switched off":             {namespace: "off", annotations: map[string]string{limits: `{"app":2048}`, status: record}, want: untreated},
		"a pod that switches on":                       {namespace: "off", label: on, annotations: map[string]string{limits: `{"app":2048}`, status: record}},
		"a treated pod":                                {namespace: "on", annotations: map[string]string{limits: `{"app":2048,"side-car":128}`, status: record}},
		"a label that means nothing":                   {namespace: "on", label: "maybe", annotations: map[string]string{limits: `{"app":16384}`, status: record}},
		"limits without a record":                      {namespace: "on", annotations: map[string]string{limits: `{"app":2048}`}, want: unreached},
		"a record without the feature":                 {namespace: "on", annotations: map[string]string{limits: `{"app":2048}`, status: `{"features":{"jvm":{}}}`}, want: unreached},
		"a record of a container of that name":         {namespace: "on", annotations: map[string]string{limits: `{"pidlimit":16384}`, status: recordOther}, want: unreached},
		"a record that quotes a user":                  {namespace: "on", annotations: map[string]string{limits: `{"app":16384}`, status: recordQuotes}, want: unreached},
		"a record too long for the numbers":            {namespace: "on", annotations: map[string]string{limits: `{"app":2048}`, status: recordLong}},
		"a mirror pod that no kubelet reports":         {namespace: "on", annotations: map[string]string{limits: `{"app":2048}`, status: record, corev1.MirrorPodAnnotationKey: "x"}, want: untreated},
		"no limit":                                     {namespace: "on", annotations: map[string]string{limits: `{"app":-1}`, status: record}, want: badNumbers},
		"nothing at all":                               {namespace: "on", annotations: map[string]string{limits: `{"app":0}`, status: record}, want: badNumbers},
		"below the bounds":                             {namespace: "on", annotations: map[string]string{limits: `{"app":127}`, status: record}, want: badNumbers},
		"above the bounds":                             {namespace: "on", annotations: map[string]string{limits: `{"app":2048,"b":16385}`, status: record}, want: badNumbers},
		"something else":                               {namespace: "on", annotations: map[string]string{limits: "unlimited", status: record}, want: badNumbers},
		"kube-system is not looked at":                 {namespace: "kube-system", annotations: map[string]string{limits: "unlimited"}},
		"CRI-O's annotation by a user":                 {namespace: "plain", annotations: map[string]string{crio: pidsMax}, want: notCRIO},
		"its older name":                               {namespace: "on", annotations: map[string]string{crioOld: pidsMax}, want: notCRIO},
		"CRI-O's annotation on a treated pod":          {namespace: "on", annotations: map[string]string{crio: pidsMax, crioOld: pidsMax, status: recordBoth}},
		"CRI-O's annotation, record too long":          {namespace: "on", annotations: map[string]string{crio: pidsMax, status: recordLong}},
		"CRI-O's annotation that nobody wants":         {namespace: "on", annotations: map[string]string{crio: pidsMax, status: record}, want: notCRIO},
		"CRI-O's older name where the newer is wanted": {namespace: "on", annotations: map[string]string{crio: pidsMax, crioOld: pidsMax, status: recordCRIO}, want: notCRIO},
		// In base64, as Evenkeel's are: max, 0 and 16384.
		"CRI-O's annotation without a limit":          {namespace: "on", annotations: map[string]string{crio: "pids.max=bWF4", status: recordCRIO}, want: notCRIO},
		"CRI-O's annotation with nothing":             {namespace: "on", annotations: map[string]string{crio: "pids.max=MA==", status: recordCRIO}, want: notCRIO},
		"CRI-O's annotation, five digits":             {namespace: "on", annotations: map[string]string{crio: "pids.max=MTYzODQ=", status: recordCRIO}},
		"another key of cgroup v2 on a treated pod":   {namespace: "on", annotations: map[string]string{crio: "memory.max=max;" + pidsMax, status: recordBoth}, want: notCRIO},
		"a bare annotation of CRI-O on a treated pod": {namespace: "on", annotations: map[string]string{"unified-cgroup.crio.io": "memory.max=max", status: recordBoth}, want: notCRIO},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			pod := newPod(tc.annotations)
			if tc.label != "" {
				pod.Labels = map[string]string{wellknown.InjectionLabel: tc.label}
			}
			if tc.windows {
				pod.Spec.OS = &corev1.PodOS{Name: corev1.Windows}
			}
			if _, mirror := tc.annotations[corev1.MirrorPodAnnotationKey]; mirror {
				pod.Spec.NodeName = "node"
			}
			_, err := client.CoreV1().Pods(tc.namespace).Create(t.Context(), pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
			checkRefusal(t, err, tc.want)
		})
	}
}

func TestReservedAnnotationsDoNotChange(t *testing.T) {
	client := startPlane(t)
	treated := map[string]string{limits: `{"app":2048}`, status: recordCRIO, crio: pidsMax}
	tests := map[string]struct {
		before, after map[string]string
		want          string
	}{
		"another annotation":  {before: treated, after: map[string]string{"a": "b"}},
		"other limits":        {before: treated, after: map[string]string{limits: `{"app":4096}`}, want: changed},
		"another record":      {before: treated, after: map[string]string{status: "{}"}, want: changed},
		"limits that come":    {after: map[string]string{limits: `{"app":4096}`}, want: changed},
		"limits that go":      {before: treated, after: map[string]string{limits: ""}, want: changed},
		"CRI-O's that go":     {before: treated, after: map[string]string{crio: ""}, want: changed},
		"CRI-O's that come":   {after: map[string]string{crioOld: pidsMax}, want: changed},
		"CRI-O's that change": {before: treated, after: map[string]string{crio: "pids.max=max"}, want: changed},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			pods := client.CoreV1().Pods("on")
			pod, err := pods.Create(t.Context(), newPod(tc.before), metav1.CreateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if pod.Annotations == nil {
				pod.Annotations = map[string]string{}
			}
			for key, value := range tc.after {
				pod.Annotations[key] = value
				if value == "" {
					delete(pod.Annotations, key)
				}
			}
			_, err = pods.Update(t.Context(), pod, metav1.UpdateOptions{DryRun: []string{metav1.DryRunAll}})
			checkRefusal(t, err, tc.want)
			_, err = pods.UpdateStatus(t.Context(), pod, metav1.UpdateOptions{DryRun: []string{metav1.DryRunAll}})
			checkRefusal(t, err, tc.want)
		})
	}
}

// A pod may have had wrong numbers before the policy was there, or from whoever bound
// it to its node. Were each update refused, its finalizers would stay for ever.
func TestReservedAnnotationsDoNotHoldUpPods(t *testing.T) {
	client := startPlane(t)
	pods := client.CoreV1().Pods("on")
	pod := newPod(nil)
	pod.Finalizers = []string{"example.com/tracking"}
	pod, err := pods.Create(t.Context(), pod, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := pods.Bind(t.Context(), &corev1.Binding{
		ObjectMeta: metav1.ObjectMeta{Name: pod.Name, Annotations: map[string]string{limits: "unlimited"}},
		Target:     corev1.ObjectReference{Kind: "Node", Name: "node"},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if pod, err = pods.Get(t.Context(), pod.Name, metav1.GetOptions{}); err != nil || pod.Annotations[limits] != "unlimited" {
		t.Fatalf("the pod has %q (error %v), want the wrong numbers", pod.Annotations, err)
	}
	pod.Finalizers = nil
	_, err = pods.Update(t.Context(), pod, metav1.UpdateOptions{})
	checkRefusal(t, err, "")
}

func checkRefusal(t *testing.T, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("refused: %v", err)
	case want != "" && (!apierrors.IsInvalid(err) && !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), want)):
		t.Errorf("error %v, want a refusal with %q", err, want)
	}
}

func newPod(annotations map[string]string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "pod-", Annotations: maps.Clone(annotations)},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "registry.example/app:1"}}},
	}
}

// startPlane starts a control plane with the policies in force.
func startPlane(t *testing.T) kubernetes.Interface {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a control plane")
	}
	plane, err := controlplane.Start(t.Context(), controlplane.Options{WithoutKwok: true, Progress: func(line string) { t.Log(line) }})
	if err != nil {
		t.Fatalf("starting the control plane: %v", err)
	}
	t.Cleanup(func() {
		if err := plane.Stop(); err != nil {
			t.Errorf("stopping the control plane: %v", err)
		}
	})
	client := kubernetes.NewForConfigOrDie(plane.Config())
	for name, label := range map[string]string{"on": on, "off": off, "plain": ""} {
		ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
		if label != "" {
			ns.Labels = map[string]string{wellknown.InjectionLabel: label}
		}
		if _, err := client.CoreV1().Namespaces().Create(t.Context(), ns, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{"base/webhook/validatingadmissionpolicy.yaml", "policies/crio-annotations/validatingadmissionpolicy.yaml"} {
		apply(t, client, filepath.Join("../../../manifests", file))
	}
	// The API server learns of a policy, and of the ServiceAccounts, in its own time.
	for _, annotation := range []string{limits, crio} {
		eventually(t, "the policy for "+annotation, func(ctx context.Context) bool {
			_, err := client.CoreV1().Pods("plain").Create(ctx, newPod(map[string]string{annotation: "x"}), metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
			return err != nil && strings.Contains(err.Error(), "ValidatingAdmissionPolicy")
		})
	}
	for _, namespace := range []string{"on", "off", "plain", "kube-system"} {
		eventually(t, "a pod in "+namespace, func(ctx context.Context) bool {
			_, err := client.CoreV1().Pods(namespace).Create(ctx, newPod(nil), metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
			return err == nil
		})
	}
	// What the API server finds wrong with the expressions, it says in the status.
	policies, err := client.AdmissionregistrationV1().ValidatingAdmissionPolicies().List(t.Context(), metav1.ListOptions{})
	if err != nil || len(policies.Items) != 2 {
		t.Fatalf("there are %d policies (error %v), want 2", len(policies.Items), err)
	}
	for _, p := range policies.Items {
		eventually(t, "the check of "+p.Name, func(ctx context.Context) bool {
			now, err := client.AdmissionregistrationV1().ValidatingAdmissionPolicies().Get(ctx, p.Name, metav1.GetOptions{})
			if err != nil || now.Status.TypeChecking == nil {
				return false
			}
			for _, w := range now.Status.TypeChecking.ExpressionWarnings {
				t.Errorf("%s: %s: %s", p.Name, w.FieldRef, w.Warning)
			}
			return true
		})
	}
	return client
}

// apply creates the policies and bindings of a file.
func apply(t *testing.T, client kubernetes.Interface, file string) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	reader := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(content)))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		var meta metav1.TypeMeta
		if err := sigsyaml.Unmarshal(document, &meta); err != nil {
			t.Fatal(err)
		}
		api := client.AdmissionregistrationV1()
		switch meta.Kind {
		case "ValidatingAdmissionPolicy":
			var p admissionregistrationv1.ValidatingAdmissionPolicy
			if err := sigsyaml.UnmarshalStrict(document, &p); err != nil {
				t.Fatal(err)
			}
			_, err = api.ValidatingAdmissionPolicies().Create(t.Context(), &p, metav1.CreateOptions{})
		case "ValidatingAdmissionPolicyBinding":
			var b admissionregistrationv1.ValidatingAdmissionPolicyBinding
			if err := sigsyaml.UnmarshalStrict(document, &b); err != nil {
				t.Fatal(err)
			}
			_, err = api.ValidatingAdmissionPolicyBindings().Create(t.Context(), &b, metav1.CreateOptions{})
		default:
			t.Fatalf("%s: kind %s", file, meta.Kind)
		}
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
}

func eventually(t *testing.T, what string, done func(context.Context) bool) {
	t.Helper()
	if err := wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		return done(ctx), nil
	}); err != nil {
		t.Fatalf("%s did not come: %v", what, err)
	}
}
