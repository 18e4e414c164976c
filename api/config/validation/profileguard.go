// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package validation

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/evenkeel/evenkeel/api/config"
)

const (
	maxAcceptMissing = 32
	maxReasonLength  = 256
)

// ValidateProfileGuardArgs returns everything that is wrong with the arguments of
// ProfileGuard; path is where they were found. Whether a name is that of a plugin
// of the default profile, and whether the profile lacks it, is for the guard to
// say.
func ValidateProfileGuardArgs(path *field.Path, args *config.ProfileGuardArgs) field.ErrorList {
	path = path.Child("acceptMissing")
	var errs field.ErrorList
	if n := len(args.AcceptMissing); n > maxAcceptMissing {
		errs = append(errs, field.TooMany(path, n, maxAcceptMissing))
	}
	seen := map[string]bool{}
	for i, a := range args.AcceptMissing {
		at := path.Index(i)
		switch {
		case a.Plugin == "":
			errs = append(errs, field.Required(at.Child("plugin"), "name a plugin of Kubernetes' default profile"))
		case seen[a.Plugin]:
			errs = append(errs, field.Duplicate(at.Child("plugin"), a.Plugin))
		}
		seen[a.Plugin] = true
		switch {
		case strings.TrimSpace(a.Reason) == "":
			errs = append(errs, field.Required(at.Child("reason"), "say why nothing is lost without the plugin; it stands in the events of pods"))
		case utf8.RuneCountInString(a.Reason) > maxReasonLength:
			errs = append(errs, field.TooLongCharacters(at.Child("reason"), a.Reason, maxReasonLength))
		case strings.ContainsFunc(a.Reason, unicode.IsControl):
			errs = append(errs, field.Invalid(at.Child("reason"), a.Reason, "must be one line"))
		}
	}
	return errs
}
