// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package satoken is the mutator of the satoken feature.
package satoken

import (
	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/internal/podspec"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// Name of the feature.
const Name = "satoken"

// Mutator is the satoken feature.
type Mutator struct {
	cfg *v1alpha1.SATokenFeature
}

var _ mutate.Mutator = &Mutator{}

// New returns the mutator for a configuration that is defaulted and valid.
func New(cfg *v1alpha1.SATokenFeature) *Mutator { return &Mutator{cfg: cfg} }

// Name implements mutate.Mutator.
func (m *Mutator) Name() string { return Name }

// Paths implements mutate.Mutator.
func (m *Mutator) Paths() []string { return nil }

// Mutate implements mutate.Mutator.
func (m *Mutator) Mutate(_ *mutate.Request, _ *podspec.Editor) (*mutate.Report, error) {
	return &mutate.Report{}, nil
}
