// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// SATokenFeature configures the satoken feature: which pods keep the token of
// their ServiceAccount. All others lose it.
type SATokenFeature struct {
	Policy `json:",inline"`

	// KeepReasons are the reasons that a pod may name in the annotation
	// token.evenkeel.io/keep to keep its token. Default: none.
	KeepReasons []KeepReason `json:"keepReasons,omitempty"`

	// ServiceAccounts lists those whose pods keep their token, as
	// "<namespace>/<name>"; the name may be "*" for all of a namespace.
	// Default: none.
	ServiceAccounts []string `json:"serviceAccounts,omitempty"`
}

// KeepReason is an approved reason to keep a token.
type KeepReason struct {
	// Name is what the annotation says. A DNS label. Required.
	Name string `json:"name"`
	// Description tells people when the reason applies. It is not used otherwise.
	Description string `json:"description,omitempty"`
}

func (f *SATokenFeature) setDefaults() {
	f.Policy.setDefaults()
}

func (f *SATokenFeature) validate(path *field.Path) field.ErrorList {
	errs := f.Policy.validate(path)
	seen := map[string]bool{}
	for i, r := range f.KeepReasons {
		path := path.Child("keepReasons").Index(i).Child("name")
		switch msgs := validation.IsDNS1123Label(r.Name); {
		case r.Name == "":
			errs = append(errs, field.Required(path, "the annotation names a reason by it"))
		case len(msgs) > 0:
			errs = append(errs, field.Invalid(path, r.Name, strings.Join(msgs, "; ")))
		case seen[r.Name]:
			errs = append(errs, field.Duplicate(path, r.Name))
		}
		seen[r.Name] = true
	}
	for i, sa := range f.ServiceAccounts {
		path := path.Child("serviceAccounts").Index(i)
		namespace, name, ok := strings.Cut(sa, "/")
		if !ok {
			errs = append(errs, field.Invalid(path, sa, "must be <namespace>/<name>"))
			continue
		}
		for _, msg := range validation.IsDNS1123Label(namespace) {
			errs = append(errs, field.Invalid(path, sa, "namespace: "+msg))
		}
		if name == "*" {
			continue
		}
		for _, msg := range validation.IsDNS1123Subdomain(name) {
			errs = append(errs, field.Invalid(path, sa, "name: "+msg))
		}
	}
	return errs
}

// ReasonNames returns the names of the approved reasons, in order.
func (f *SATokenFeature) ReasonNames() []string {
	names := make([]string, len(f.KeepReasons))
	for i, r := range f.KeepReasons {
		names[i] = r.Name
	}
	return names
}

// Lists reports whether the configuration lists a ServiceAccount.
func (f *SATokenFeature) Lists(namespace, name string) bool {
	return slices.Contains(f.ServiceAccounts, namespace+"/"+name) ||
		slices.Contains(f.ServiceAccounts, namespace+"/*")
}
