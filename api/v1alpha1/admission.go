// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// AdmissionConfigurationKind is the kind of the webhook's configuration file.
const AdmissionConfigurationKind = "AdmissionConfiguration"

// AdmissionConfiguration configures evenkeel-webhook and evenkeel render.
type AdmissionConfiguration struct {
	metav1.TypeMeta `json:",inline"`

	// ExcludedNamespaces are never touched, whatever their labels say, in addition
	// to kube-system, kube-public, kube-node-lease and the webhook's own namespace.
	// Default: none.
	ExcludedNamespaces []string `json:"excludedNamespaces,omitempty"`

	// Features holds one section per feature.
	Features Features `json:"features,omitempty"`
}

// Features holds the settings of each feature of the webhook.
type Features struct {
	// Agent injects Java agents from a catalogue.
	Agent AgentFeature `json:"agent,omitempty"`
	// JVM sets the heap and the processors from the container's limits.
	JVM JVMFeature `json:"jvm,omitempty"`
	// PidLimit resolves pid tiers to numbers.
	PidLimit PidLimitFeature `json:"pidlimit,omitempty"`
	// SAToken takes ServiceAccount tokens out of pods that do not need one.
	SAToken SATokenFeature `json:"satoken,omitempty"`
	// Storage caps what containers and emptyDirs take of the node's disk, by tier.
	Storage StorageFeature `json:"storage,omitempty"`
}

// SetDefaults fills in what the file left out.
func (c *AdmissionConfiguration) SetDefaults() {
	c.Features.Agent.setDefaults()
	c.Features.JVM.setDefaults()
	c.Features.PidLimit.setDefaults()
	c.Features.SAToken.setDefaults()
	c.Features.Storage.setDefaults()
}

// Validate returns what is wrong with a configuration whose defaults are set,
// each error with the field's path in the file.
func (c *AdmissionConfiguration) Validate() field.ErrorList {
	var errs field.ErrorList
	for i, ns := range c.ExcludedNamespaces {
		for _, msg := range validation.IsDNS1123Label(ns) {
			errs = append(errs, field.Invalid(field.NewPath("excludedNamespaces").Index(i), ns, msg))
		}
	}
	features := field.NewPath("features")
	errs = append(errs, c.Features.Agent.validate(features.Child("agent"))...)
	errs = append(errs, c.Features.JVM.validate(features.Child("jvm"))...)
	errs = append(errs, c.Features.PidLimit.validate(features.Child("pidlimit"))...)
	errs = append(errs, c.Features.SAToken.validate(features.Child("satoken"))...)
	errs = append(errs, c.Features.Storage.validate(features.Child("storage"))...)
	return errs
}
