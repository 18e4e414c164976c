// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package validation

import (
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/evenkeel/evenkeel/api/config"
)

// ValidateGuardedInterPodAffinityArgs returns everything that is wrong with the
// arguments of GuardedInterPodAffinity; path is where they were found.
func ValidateGuardedInterPodAffinityArgs(path *field.Path, args *config.GuardedInterPodAffinityArgs) field.ErrorList {
	if w := args.HardPodAffinityWeight; w < 0 || w > maxWeight {
		return field.ErrorList{field.Invalid(path.Child("hardPodAffinityWeight"), w, "must be from 0 to 100")}
	}
	return nil
}
