// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package satoken_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/internal/mutatortest"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
	"github.com/evenkeel/evenkeel/webhooks/satoken"
)

func TestSATokenGoldens(t *testing.T) {
	mutatortest.RunGoldens(t, nil, newMutator(v1alpha1.SATokenFeature{
		KeepReasons:     []v1alpha1.KeepReason{{Name: "calls-kubernetes-api"}, {Name: "leader-election"}},
		ServiceAccounts: []string{"shop/operator", "platform/*"},
	}))
}

func TestSATokenKeepsListedServiceAccounts(t *testing.T) {
	m := newMutator(v1alpha1.SATokenFeature{ServiceAccounts: []string{"shop/operator", "platform/*", "legacy/default"}})
	tests := map[string]struct {
		namespace string
		spec      corev1.PodSpec
		wantKept  bool
	}{
		"listed":                          {namespace: "shop", spec: corev1.PodSpec{ServiceAccountName: "operator"}, wantKept: true},
		"same name, other namespace":      {namespace: "bank", spec: corev1.PodSpec{ServiceAccountName: "operator"}},
		"other name, same namespace":      {namespace: "shop", spec: corev1.PodSpec{ServiceAccountName: "operator2"}},
		"all of the namespace":            {namespace: "platform", spec: corev1.PodSpec{ServiceAccountName: "anything"}, wantKept: true},
		"none named, default listed":      {namespace: "legacy", wantKept: true},
		"old name of the field":           {namespace: "shop", spec: corev1.PodSpec{DeprecatedServiceAccount: "operator"}, wantKept: true},
		"none named, default not listed":  {namespace: "shop"},
		"a namespace named like a prefix": {namespace: "plat", spec: corev1.PodSpec{ServiceAccountName: "form"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p"}, Spec: tc.spec}
			out := mutatortest.NewChain(v1alpha1.OnErrorAdmit, m).Run(mutate.Request{Namespace: tc.namespace}, pod)
			kept := out.Features[0].Report.Pod.Code == mutate.CodeTokenServiceAccount
			if kept != tc.wantKept {
				t.Errorf("kept = %v (%s), want %v", kept, out.Features[0].Report.Pod.Code, tc.wantKept)
			}
			if set := out.Pod.Spec.AutomountServiceAccountToken != nil; set == tc.wantKept {
				t.Errorf("the field is set: %v, though the token is kept: %v", set, tc.wantKept)
			}
		})
	}
}

func TestSATokenDeniesUnknownReason(t *testing.T) {
	tests := map[string]struct {
		reasons []v1alpha1.KeepReason
		want    string
	}{
		"some are approved": {
			reasons: []v1alpha1.KeepReason{{Name: "calls-kubernetes-api"}, {Name: "leader-election"}},
			want:    `satoken: annotation token.evenkeel.io/keep: "please" is not an approved reason; name one of calls-kubernetes-api, leader-election, or remove the annotation`,
		},
		"none are approved": {
			want: `satoken: annotation token.evenkeel.io/keep: "please" is not an approved reason, and none are; remove the annotation`,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			yes := true
			pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p", Annotations: map[string]string{wellknown.TokenKeepAnnotation: "please"}},
				// The annotation is wrong also where another rule would keep the token.
				Spec: corev1.PodSpec{AutomountServiceAccountToken: &yes}}
			m := newMutator(v1alpha1.SATokenFeature{KeepReasons: tc.reasons})
			out := mutatortest.NewChain(v1alpha1.OnErrorDeny, m).Run(mutatortest.DefaultRequest(), pod)
			if diff := cmp.Diff(tc.want, out.Denied); diff != "" {
				t.Errorf("Denied (-want +got):\n%s", diff)
			}
		})
	}
}

func newMutator(f v1alpha1.SATokenFeature) mutate.Mutator {
	cfg := v1alpha1.AdmissionConfiguration{Features: v1alpha1.Features{SAToken: f}}
	cfg.SetDefaults()
	return satoken.New(&cfg.Features.SAToken, nil)
}
