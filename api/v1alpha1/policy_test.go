// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func TestPolicyForNamespace(t *testing.T) {
	policy := Policy{Mode: ModeEnforce, OnError: OnErrorAdmit, Namespaces: []NamespacePolicy{
		{Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"stage": "test"}}, Mode: ModeOff},
		{Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"tier": "core"}}, OnError: OnErrorDeny},
		{Selector: &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
			{Key: "wave", Operator: metav1.LabelSelectorOpIn, Values: []string{"2", "3"}}}}, Mode: ModeObserve, OnError: OnErrorDeny},
	}}
	tests := map[string]struct {
		labels      map[string]string
		wantMode    Mode
		wantOnError OnError
	}{
		"no exception":             {wantMode: ModeEnforce, wantOnError: OnErrorAdmit},
		"mode only":                {labels: map[string]string{"stage": "test"}, wantMode: ModeOff, wantOnError: OnErrorAdmit},
		"onError only":             {labels: map[string]string{"tier": "core"}, wantMode: ModeEnforce, wantOnError: OnErrorDeny},
		"by expression":            {labels: map[string]string{"wave": "3"}, wantMode: ModeObserve, wantOnError: OnErrorDeny},
		"the first match decides":  {labels: map[string]string{"stage": "test", "tier": "core"}, wantMode: ModeOff, wantOnError: OnErrorAdmit},
		"another value of a label": {labels: map[string]string{"wave": "4"}, wantMode: ModeEnforce, wantOnError: OnErrorAdmit},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			mode, onError := policy.For(tc.labels)
			if mode != tc.wantMode || onError != tc.wantOnError {
				t.Errorf("For = %s, %s; want %s, %s", mode, onError, tc.wantMode, tc.wantOnError)
			}
		})
	}
}

func TestPolicyEmptySelectorMatchesAll(t *testing.T) {
	policy := Policy{Mode: ModeEnforce, OnError: OnErrorAdmit,
		Namespaces: []NamespacePolicy{{Selector: &metav1.LabelSelector{}, Mode: ModeObserve}}}
	if mode, _ := policy.For(nil); mode != ModeObserve {
		t.Errorf("mode %s, want Observe", mode)
	}
}

func TestPolicyValidate(t *testing.T) {
	tests := map[string]struct {
		policy Policy
		want   string
	}{
		"defaults":            {},
		"all of it":           {policy: Policy{Mode: ModeObserve, OnError: OnErrorDeny, Namespaces: []NamespacePolicy{{Selector: &metav1.LabelSelector{}}}}},
		"mode":                {policy: Policy{Mode: "enforce"}, want: `features.x.mode: Unsupported value: "enforce"`},
		"onError":             {policy: Policy{OnError: "Ignore"}, want: `features.x.onError: Unsupported value: "Ignore"`},
		"no selector":         {policy: Policy{Namespaces: []NamespacePolicy{{Mode: ModeOff}}}, want: "features.x.namespaces[0].selector: Required value"},
		"mode of exception":   {policy: Policy{Namespaces: []NamespacePolicy{{Selector: &metav1.LabelSelector{}, Mode: "?"}}}, want: "features.x.namespaces[0].mode: Unsupported value"},
		"a selector's key":    {policy: Policy{Namespaces: []NamespacePolicy{{Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"a b": ""}}}}}, want: "features.x.namespaces[0].selector.matchLabels"},
		"a selector's values": {policy: Policy{Namespaces: []NamespacePolicy{{Selector: &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "a", Operator: "In"}}}}}}, want: "features.x.namespaces[0].selector.matchExpressions[0].values: Required value"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			tc.policy.setDefaults()
			errs := tc.policy.validate(field.NewPath("features", "x"))
			switch {
			case tc.want == "" && len(errs) > 0:
				t.Errorf("errors %v, want none", errs)
			case tc.want != "" && (len(errs) != 1 || !strings.Contains(errs[0].Error(), tc.want)):
				t.Errorf("errors %v, want one with %q", errs, tc.want)
			}
		})
	}
}
