// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import "k8s.io/apimachinery/pkg/util/validation/field"

// SATokenFeature configures the satoken feature.
type SATokenFeature struct {
	Policy `json:",inline"`
}

func (f *SATokenFeature) setDefaults() {
	f.Policy.setDefaults()
}

func (f *SATokenFeature) validate(path *field.Path) field.ErrorList {
	return f.Policy.validate(path)
}
