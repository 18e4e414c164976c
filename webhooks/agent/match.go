// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"regexp"
	"strings"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
)

// matcher is a v1alpha1.AgentMatch that is compiled.
type matcher struct{ names, images *regexp.Regexp }

func newMatcher(m v1alpha1.AgentMatch) matcher {
	return matcher{names: compile(m.Names), images: compile(m.Images)}
}

// fits reports whether a container of this name and image is meant.
func (m matcher) fits(name, image string) bool {
	return (m.names == nil || m.names.MatchString(name)) && (m.images == nil || fitsImage(m.images, image))
}

// compile makes one expression of the patterns of a configuration that is valid,
// or nil of none.
func compile(patterns []string) *regexp.Regexp {
	if len(patterns) == 0 {
		return nil
	}
	// Each in a group of its own, so that (?i) in one is not for the others.
	re, err := v1alpha1.CompilePattern("(?:" + strings.Join(patterns, ")|(?:") + ")")
	if err != nil {
		// Not reached: the configuration was checked when it was loaded.
		panic(err)
	}
	return re
}

// fitsImage reports whether a pattern fits the name of an image, or what follows
// one of its slashes.
func fitsImage(re *regexp.Regexp, image string) bool {
	name, found := repository(image), true
	for found {
		if re.MatchString(name) {
			return true
		}
		_, name, found = strings.Cut(name, "/")
	}
	return false
}

// repository returns an image's name without its digest and tag.
func repository(image string) string {
	image, _, _ = strings.Cut(image, "@")
	if i := strings.LastIndexByte(image, ':'); i > strings.LastIndexByte(image, '/') {
		image = image[:i]
	}
	return image
}
