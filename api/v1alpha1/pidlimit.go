// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import "k8s.io/apimachinery/pkg/util/validation/field"

// PidLimitFeature configures the pidlimit feature.
type PidLimitFeature struct {
	Policy `json:",inline"`
}

func (f *PidLimitFeature) setDefaults() {
	f.Policy.setDefaults()
}

func (f *PidLimitFeature) validate(path *field.Path) field.ErrorList {
	return f.Policy.validate(path)
}
