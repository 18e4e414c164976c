// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import "k8s.io/apimachinery/pkg/util/validation/field"

// AgentFeature configures the agent feature.
type AgentFeature struct {
	Policy `json:",inline"`
}

func (f *AgentFeature) setDefaults() {
	f.Policy.setDefaults()
}

func (f *AgentFeature) validate(path *field.Path) field.ErrorList {
	return f.Policy.validate(path)
}
