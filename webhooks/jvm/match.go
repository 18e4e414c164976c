// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package jvm

import (
	"regexp"
	"strings"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
)

// patterns are those of a list in the configuration, made one.
type patterns struct{ *regexp.Regexp }

func compile(list []string) patterns {
	if len(list) == 0 {
		return patterns{}
	}
	re, err := v1alpha1.CompilePattern(strings.Join(list, "|"))
	if err != nil {
		// Not reached: the configuration was checked when it was loaded.
		panic(err)
	}
	return patterns{re}
}

// given reports whether the list has patterns.
func (p patterns) given() bool { return p.Regexp != nil }

// fit reports whether one of the patterns fits.
func (p patterns) fit(s string) bool { return p.given() && p.MatchString(s) }

// fitImage reports whether one of the patterns fits the name of an image, or what
// follows one of its slashes.
func (p patterns) fitImage(image string) bool {
	if !p.given() {
		return false
	}
	name, found := repository(image), true
	for found {
		if p.MatchString(name) {
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
