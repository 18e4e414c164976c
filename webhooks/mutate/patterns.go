// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"regexp"
	"strings"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
)

// Patterns is a list of regular expressions of a configuration, made one. The zero
// value is an empty list, which fits nothing.
type Patterns struct{ re *regexp.Regexp }

// NewPatterns returns the Patterns of a configuration that is valid.
func NewPatterns(list []string) Patterns {
	if len(list) == 0 {
		return Patterns{}
	}
	// Each in a group of its own, so that (?i) in one is not for the others.
	re, err := v1alpha1.CompilePattern("(?:" + strings.Join(list, ")|(?:") + ")")
	if err != nil {
		// Not reached: the configuration was checked when it was loaded.
		panic(err)
	}
	return Patterns{re}
}

// Given reports whether the list has patterns.
func (p Patterns) Given() bool { return p.re != nil }

// Fit reports whether one of the patterns fits.
func (p Patterns) Fit(s string) bool { return p.Given() && p.re.MatchString(s) }

// FitImage reports whether one of the patterns fits the name of an image, without
// its tag and digest, or what follows one of its slashes.
func (p Patterns) FitImage(image string) bool {
	if !p.Given() {
		return false
	}
	name, found := repository(image), true
	for found {
		if p.re.MatchString(name) {
			return true
		}
		_, name, found = strings.Cut(name, "/")
	}
	return false
}

// repository returns an image's name without its tag and digest.
func repository(image string) string {
	image, _, _ = strings.Cut(image, "@")
	// A colon before the last slash is that of a registry's port.
	if i := strings.LastIndexByte(image, ':'); i > strings.LastIndexByte(image, '/') {
		image = image[:i]
	}
	return image
}
