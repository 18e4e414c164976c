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
