// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

func TestSATokenValidate(t *testing.T) {
	tests := map[string]struct {
		feature SATokenFeature
		// want holds the start of each error.
		want []string
	}{
		"defaults": {},
		"reasons and ServiceAccounts": {feature: SATokenFeature{
			KeepReasons:     []KeepReason{{Name: "calls-kubernetes-api", Description: "the service calls the API"}, {Name: "operator"}},
			ServiceAccounts: []string{"shop/orders", "platform/*", "mesh/a.b"},
		}},
		"a reason without a name": {
			feature: SATokenFeature{KeepReasons: []KeepReason{{Description: "because"}}},
			want:    []string{"features.satoken.keepReasons[0].name: Required value"},
		},
		"a sentence for a reason": {
			feature: SATokenFeature{KeepReasons: []KeepReason{{Name: "Calls the API"}}},
			want:    []string{`features.satoken.keepReasons[0].name: Invalid value: "Calls the API"`},
		},
		"a reason twice": {
			feature: SATokenFeature{KeepReasons: []KeepReason{{Name: "a"}, {Name: "b"}, {Name: "a"}}},
			want:    []string{`features.satoken.keepReasons[2].name: Duplicate value: "a"`},
		},
		"a ServiceAccount without its namespace": {
			feature: SATokenFeature{ServiceAccounts: []string{"orders"}},
			want:    []string{`features.satoken.serviceAccounts[0]: Invalid value: "orders": must be <namespace>/<name>`},
		},
		"all namespaces": {
			feature: SATokenFeature{ServiceAccounts: []string{"*/orders"}},
			want:    []string{`features.satoken.serviceAccounts[0]: Invalid value: "*/orders": namespace: `},
		},
		"a pattern in the name": {
			feature: SATokenFeature{ServiceAccounts: []string{"shop/ord*"}},
			want:    []string{`features.satoken.serviceAccounts[0]: Invalid value: "shop/ord*": name: `},
		},
		"system namespaces": {feature: SATokenFeature{SystemNamespaces: []string{"kube-*", "ops", "team-a-*"}}},
		"every namespace": {
			feature: SATokenFeature{SystemNamespaces: []string{"*"}},
			want:    []string{`features.satoken.systemNamespaces[0]: Invalid value: "*": would keep every token`},
		},
		"a pattern in the middle": {
			feature: SATokenFeature{SystemNamespaces: []string{"kube-*-x"}},
			want:    []string{`features.satoken.systemNamespaces[0]: Invalid value: "kube-*-x"`},
		},
		"RBAC": {
			feature: SATokenFeature{RBAC: TokenRBAC{Mode: "On", IgnoreClusterRoles: []string{"view", "*"}, IgnoreGroups: []string{""}}},
			want: []string{
				`features.satoken.rbac.mode: Unsupported value: "On"`,
				`features.satoken.rbac.ignoreClusterRoles[1]: Invalid value: "*"`,
				`features.satoken.rbac.ignoreGroups[0]: Required value`,
			},
		},
		"dependants": {
			feature: SATokenFeature{Dependants: []TokenDependant{
				{Name: "mesh", Label: "mesh.example/inject"}, {Name: "mesh", Annotation: "mesh.example/inject"}, {Annotation: "a"},
				{Name: "both", Annotation: "a", Label: "b"}, {Name: "none"}, {Name: "Upper", Annotation: "a b", UnlessVolume: "A"},
			}},
			want: []string{
				`features.satoken.dependants[1].name: Duplicate value: "mesh"`,
				`features.satoken.dependants[2].name: Required value`,
				`features.satoken.dependants[3].label: Invalid value: "b"`,
				`features.satoken.dependants[4].annotation: Required value`,
				`features.satoken.dependants[5].name: Invalid value: "Upper"`,
				`features.satoken.dependants[5].annotation: Invalid value: "a b"`,
				`features.satoken.dependants[5].unlessVolume: Invalid value: "A"`,
			},
		},
		"what goes": {
			feature: SATokenFeature{Removal: "All"},
			want:    []string{`features.satoken.removal: Unsupported value: "All": supported values: "Volume", "Token"`},
		},
		"no name": {
			feature: SATokenFeature{ServiceAccounts: []string{"shop/"}},
			want:    []string{`features.satoken.serviceAccounts[0]: Invalid value: "shop/": name: `},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			tc.feature.setDefaults()
			got := texts(tc.feature.validate(field.NewPath("features", "satoken")))
			if len(got) != len(tc.want) {
				t.Fatalf("errors %q, want %d", got, len(tc.want))
			}
			for i := range got {
				if !strings.HasPrefix(got[i], tc.want[i]) {
					t.Errorf("error %q, want it to begin with %q", got[i], tc.want[i])
				}
			}
		})
	}
}

func TestSATokenLooksAtRBAC(t *testing.T) {
	tests := map[string]struct {
		feature SATokenFeature
		want    bool
	}{
		"defaults":                {want: true},
		"RBAC is ignored":         {feature: SATokenFeature{RBAC: TokenRBAC{Mode: RBACIgnore}}},
		"off":                     {feature: SATokenFeature{Policy: Policy{Mode: ModeOff}}},
		"off, but for some":       {feature: SATokenFeature{Policy: Policy{Mode: ModeOff, Namespaces: []NamespacePolicy{{Mode: ModeObserve}}}}, want: true},
		"off, and denied to some": {feature: SATokenFeature{Policy: Policy{Mode: ModeOff, Namespaces: []NamespacePolicy{{OnError: OnErrorDeny}}}}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			tc.feature.setDefaults()
			if got := tc.feature.LooksAtRBAC(); got != tc.want {
				t.Errorf("LooksAtRBAC = %v, want %v", got, tc.want)
			}
		})
	}
}
