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

// rights is a stand-in for what a cluster knows.
type rights struct {
	roleKind, role, group string
	unknown               bool
	asked                 []string
}

// Grant implements satoken.Rights.
func (r *rights) Grant(namespace, serviceAccount string, skip func(roleKind, role, group string) bool) (string, bool, bool) {
	r.asked = append(r.asked, namespace+"/"+serviceAccount)
	if r.unknown {
		return "", false, false
	}
	if r.role == "" || skip(r.roleKind, r.role, r.group) {
		return "", false, true
	}
	return "ClusterRoleBinding/b:" + r.roleKind + "/" + r.role, true, true
}

// The order of the rules, each with the reason that is recorded and what it found.
func TestSATokenRules(t *testing.T) {
	yes := true
	view := &rights{roleKind: "ClusterRole", role: "view"}
	explicit := func(pod *corev1.Pod) { pod.Spec.AutomountServiceAccountToken = &yes }
	reason := func(pod *corev1.Pod) { pod.Annotations[wellknown.TokenKeepAnnotation] = "calls-api" }
	listed := func(pod *corev1.Pod) { pod.Spec.ServiceAccountName = "operator" }
	vault := func(pod *corev1.Pod) { pod.Annotations["vault.hashicorp.com/agent-inject"] = "true" }
	linkerd := func(pod *corev1.Pod) { pod.Annotations["linkerd.io/inject"] = "enabled" }
	const evidence = "ClusterRoleBinding/b:ClusterRole/view"
	tests := map[string]struct {
		namespace    string
		rights       *rights
		pod          []func(*corev1.Pod)
		want         mutate.Code
		wantEvidence string
	}{
		"explicit before all":       {rights: view, pod: []func(*corev1.Pod){explicit, reason, listed, vault}, want: mutate.CodeTokenExplicit},
		"reason before the list":    {rights: view, pod: []func(*corev1.Pod){reason, listed, vault}, want: mutate.CodeTokenReason, wantEvidence: "calls-api"},
		"list before the namespace": {namespace: "kube-shop", rights: view, pod: []func(*corev1.Pod){func(p *corev1.Pod) { p.Spec.ServiceAccountName = "dns" }}, want: mutate.CodeTokenServiceAccount, wantEvidence: "kube-shop/dns"},
		"namespace before RBAC":     {namespace: "kube-shop", rights: view, pod: []func(*corev1.Pod){vault}, want: mutate.CodeTokenSystemNamespace, wantEvidence: "kube-shop"},
		"RBAC before dependants":    {rights: view, pod: []func(*corev1.Pod){vault, linkerd}, want: mutate.CodeTokenRBAC, wantEvidence: evidence},
		"Vault before the table":    {rights: &rights{}, pod: []func(*corev1.Pod){vault, linkerd}, want: mutate.CodeTokenVault},
		"a dependant":               {rights: &rights{}, pod: []func(*corev1.Pod){linkerd}, want: mutate.CodeTokenDependant, wantEvidence: "linkerd"},
		"nothing":                   {rights: &rights{}, want: mutate.CodeTokenNotNeeded},
		"no cluster to ask":         {want: mutate.CodeTokenNotNeeded},
		"what everybody has": {
			rights: &rights{roleKind: "ClusterRole", role: "system:discovery", group: "system:authenticated"}, want: mutate.CodeTokenNotNeeded,
		},
		"a Role of that name is another one": {
			rights: &rights{roleKind: "Role", role: "system:discovery"}, want: mutate.CodeTokenRBAC, wantEvidence: "ClusterRoleBinding/b:Role/system:discovery",
		},
		"a group that is ignored": {
			rights: &rights{roleKind: "ClusterRole", role: "view", group: "everyone"}, want: mutate.CodeTokenNotNeeded,
		},
		"a prefix of a system namespace is no system namespace": {namespace: "kubeshop", rights: &rights{}, want: mutate.CodeTokenNotNeeded},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			f := v1alpha1.SATokenFeature{
				KeepReasons: []v1alpha1.KeepReason{{Name: "calls-api"}}, ServiceAccounts: []string{"shop/operator", "kube-shop/dns"},
				RBAC: v1alpha1.TokenRBAC{IgnoreGroups: []string{"everyone"}},
			}
			pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p", Annotations: map[string]string{}}}
			for _, change := range tc.pod {
				change(pod)
			}
			req := mutatortest.DefaultRequest()
			if tc.namespace != "" {
				req.Namespace = tc.namespace
			}
			var known satoken.Rights
			if tc.rights != nil {
				known = tc.rights
			}
			out := mutatortest.NewChain(v1alpha1.OnErrorDeny, newMutatorWith(f, known)).Run(req, pod)
			got := out.Features[0].Report.Pod
			if got.Code != tc.want || got.Facts[mutate.FactEvidence] != tc.wantEvidence {
				t.Errorf("%s with evidence %q (denied: %q), want %s with %q", got.Code, got.Facts[mutate.FactEvidence], out.Denied, tc.want, tc.wantEvidence)
			}
			kept := out.Pod.Spec.AutomountServiceAccountToken == nil || *out.Pod.Spec.AutomountServiceAccountToken
			if want := tc.want != mutate.CodeTokenNotNeeded; kept != want {
				t.Errorf("the token is kept: %v, want %v", kept, want)
			}
		})
	}
}

// Bindings that are not read yet are nobody's rights and nobody's lack of them:
// the declared outcome decides.
func TestSATokenWithoutBindings(t *testing.T) {
	const want = "satoken: the webhook has not read the bindings of RBAC yet, so it is not known whether the ServiceAccount needs its token; " +
		"create the pod again, or ask the platform team if it persists"
	yes := true
	tests := map[string]struct {
		onError    v1alpha1.OnError
		mode       v1alpha1.TokenRBACMode
		explicit   *bool
		wantDenied string
		wantCode   mutate.Code
		wantAsked  []string
	}{
		"Deny":                  {onError: v1alpha1.OnErrorDeny, wantDenied: want, wantCode: mutate.CodeError, wantAsked: []string{"shop/default"}},
		"Admit":                 {onError: v1alpha1.OnErrorAdmit, wantCode: mutate.CodeError, wantAsked: []string{"shop/default"}},
		"a rule before decides": {onError: v1alpha1.OnErrorDeny, explicit: &yes, wantCode: mutate.CodeTokenExplicit},
		"RBAC is ignored":       {onError: v1alpha1.OnErrorDeny, mode: v1alpha1.RBACIgnore, wantCode: mutate.CodeTokenNotNeeded},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			known := &rights{unknown: true}
			pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p"}, Spec: corev1.PodSpec{AutomountServiceAccountToken: tc.explicit}}
			m := newMutatorWith(v1alpha1.SATokenFeature{RBAC: v1alpha1.TokenRBAC{Mode: tc.mode}}, known)
			out := mutatortest.NewChain(tc.onError, m).Run(mutatortest.DefaultRequest(), pod)
			if diff := cmp.Diff(tc.wantDenied, out.Denied); diff != "" {
				t.Errorf("Denied (-want +got):\n%s", diff)
			}
			if got := out.Features[0].Report.Pod.Code; got != tc.wantCode {
				t.Errorf("code %s, want %s", got, tc.wantCode)
			}
			if diff := cmp.Diff(tc.wantAsked, known.asked); diff != "" {
				t.Errorf("asked for (-want +got):\n%s", diff)
			}
			if tc.wantCode == mutate.CodeError && out.Pod.Spec.AutomountServiceAccountToken != nil {
				t.Error("the token is gone, though nobody knows whether it is needed")
			}
		})
	}
}

func TestSATokenDependants(t *testing.T) {
	own := []v1alpha1.TokenDependant{{Name: "mesh", Label: "mesh.example/inject"}}
	tests := map[string]struct {
		dependants  []v1alpha1.TokenDependant
		annotations map[string]string
		labels      map[string]string
		volumes     []string
		want        string
	}{
		"Linkerd":                         {annotations: map[string]string{"linkerd.io/inject": "ingress"}, want: "linkerd"},
		"Linkerd, switched off":           {annotations: map[string]string{"linkerd.io/inject": "disabled"}},
		"Linkerd with a token of its own": {annotations: map[string]string{"linkerd.io/inject": "enabled"}, volumes: []string{"linkerd-identity-token"}},
		"Consul":                          {annotations: map[string]string{"consul.hashicorp.com/connect-inject": "true"}, want: "consul"},
		"Consul, switched off":            {annotations: map[string]string{"consul.hashicorp.com/connect-inject": "false"}},
		"Bank-Vaults":                     {annotations: map[string]string{"vault.security.banzaicloud.io/vault-addr": "https://vault:8200"}, want: "bank-vaults"},
		"a label of the configuration's":  {dependants: own, labels: map[string]string{"mesh.example/inject": "anything"}, want: "mesh"},
		"the annotation of that name":     {dependants: own, annotations: map[string]string{"mesh.example/inject": "yes"}},
		"an own list takes the default's": {dependants: own, annotations: map[string]string{"linkerd.io/inject": "enabled"}},
		"none":                            {dependants: []v1alpha1.TokenDependant{}, annotations: map[string]string{"linkerd.io/inject": "enabled"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p", Annotations: tc.annotations, Labels: tc.labels}}
			for _, v := range tc.volumes {
				pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: v})
			}
			out := mutatortest.NewChain(v1alpha1.OnErrorDeny, newMutatorWith(v1alpha1.SATokenFeature{Dependants: tc.dependants}, nil)).
				Run(mutatortest.DefaultRequest(), pod)
			got := out.Features[0].Report.Pod
			if wantKept := tc.want != ""; (got.Code == mutate.CodeTokenDependant) != wantKept || got.Facts[mutate.FactEvidence] != tc.want {
				t.Errorf("%s with evidence %q, want %q", got.Code, got.Facts[mutate.FactEvidence], tc.want)
			}
		})
	}
}

func newMutatorWith(f v1alpha1.SATokenFeature, known satoken.Rights) mutate.Mutator {
	cfg := v1alpha1.AdmissionConfiguration{Features: v1alpha1.Features{SAToken: f}}
	cfg.SetDefaults()
	return satoken.New(&cfg.Features.SAToken, known)
}
