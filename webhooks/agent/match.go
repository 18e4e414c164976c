// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// matcher is a v1alpha1.AgentMatch that is compiled.
type matcher struct{ names, images mutate.Patterns }

func newMatcher(m v1alpha1.AgentMatch) matcher {
	return matcher{names: mutate.NewPatterns(m.Names), images: mutate.NewPatterns(m.Images)}
}

// fits reports whether a container of this name and image is meant.
func (m matcher) fits(name, image string) bool {
	return (!m.names.Given() || m.names.Fit(name)) && (!m.images.Given() || m.images.FitImage(image))
}
