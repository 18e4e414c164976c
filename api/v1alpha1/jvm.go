// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import "k8s.io/apimachinery/pkg/util/validation/field"

// JVMFeature configures the jvm feature.
type JVMFeature struct {
	Policy `json:",inline"`
}

func (f *JVMFeature) setDefaults() {
	f.Policy.setDefaults()
}

func (f *JVMFeature) validate(path *field.Path) field.ErrorList {
	return f.Policy.validate(path)
}
