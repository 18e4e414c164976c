// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// checkRightsKeepToken binds a ServiceAccount to a role and lets it go again. The
// webhook reads bindings with the rights of the manifests; what Kubernetes binds
// to every ServiceAccount keeps no token, or none would be taken in the other
// tests.
func checkRightsKeepToken(t *testing.T, admin *kubernetes.Clientset, namespace string) {
	t.Helper()
	ctx := t.Context()
	sa := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "reader"}}
	if _, err := admin.CoreV1().ServiceAccounts(namespace).Create(ctx, sa, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	create := func() *corev1.Pod {
		pod := newPod(nil, nil)
		pod.Spec.ServiceAccountName = "reader"
		return mustCreatePod(t, admin, namespace, pod)
	}
	wantToken(t, create(), false)

	const group = "system:serviceaccounts:shop"
	for name, tc := range map[string]struct {
		subject rbacv1.Subject
		want    string
	}{
		"account": {subject: rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: "reader"},
			want: "RoleBinding/default/account:ClusterRole/view"},
		"group": {subject: rbacv1.Subject{APIGroup: rbacv1.GroupName, Kind: rbacv1.GroupKind, Name: group},
			want: "RoleBinding/default/group:ClusterRole/view@" + group},
	} {
		b := &rbacv1.RoleBinding{ObjectMeta: metav1.ObjectMeta{Name: name}, Subjects: []rbacv1.Subject{tc.subject},
			RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "view"}}
		if _, err := admin.RbacV1().RoleBindings("default").Create(ctx, b, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		waitFor(t, "a token by the binding "+name, func() bool {
			pod := create()
			status, err := mutate.ParseStatus(pod.Annotations[wellknown.StatusAnnotation])
			if err != nil || status.Features["satoken"].Reason != mutate.CodeTokenRBAC {
				return false
			}
			wantToken(t, pod, true)
			if got := status.Features["satoken"].Facts[mutate.FactEvidence]; got != tc.want {
				t.Errorf("evidence %q, want %q", got, tc.want)
			}
			return true
		})
		if err := admin.RbacV1().RoleBindings("default").Delete(ctx, name, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		waitFor(t, "the end of the binding "+name, func() bool {
			return !slices.ContainsFunc(create().Spec.Volumes, func(v corev1.Volume) bool { return v.Projected != nil })
		})
	}
}
