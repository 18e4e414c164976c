// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// tierChoice says which of a feature's tiers is whose.
type tierChoice struct {
	// names of the tiers, the smallest first.
	names []string
	// byDefault is the tier of what chooses none.
	byDefault string
	// byWorkload holds the tiers of kinds of workload.
	byWorkload map[string]string
}

// tierOf returns the tier of a kind of workload: its own, for a CronJob that of a
// Job, or the default one.
func (c tierChoice) tierOf(kind string) string {
	if tier, ok := c.byWorkload[kind]; ok {
		return tier
	}
	if tier, ok := c.byWorkload["Job"]; ok && kind == "CronJob" {
		return tier
	}
	return c.byDefault
}

// kindPattern is how Kubernetes kinds are written.
var kindPattern = regexp.MustCompile(`^[A-Z][A-Za-z0-9]{0,62}$`)

func (c tierChoice) validate(path *field.Path) field.ErrorList {
	var errs field.ErrorList
	if !slices.Contains(c.names, c.byDefault) {
		errs = append(errs, c.noTier(path.Child("defaultTier"), c.byDefault))
	}
	for _, kind := range slices.Sorted(maps.Keys(c.byWorkload)) {
		path, tier := path.Child("workloadTiers").Key(kind), c.byWorkload[kind]
		if !kindPattern.MatchString(kind) {
			errs = append(errs, field.Invalid(path, kind, "must be a kind as it is written in manifests, such as DaemonSet"))
		}
		if !slices.Contains(c.names, tier) {
			errs = append(errs, c.noTier(path, tier))
		}
	}
	return errs
}

// noTier is the error for a tier that there is not.
func (c tierChoice) noTier(path *field.Path, tier string) *field.Error {
	if len(c.names) == 0 {
		return field.Invalid(path, tier, "there are no tiers; leave tiers out for the default ones")
	}
	return field.Invalid(path, tier, "no such tier; the tiers are "+strings.Join(c.names, ", "))
}
