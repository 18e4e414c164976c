// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package validation refuses plugin arguments that make no sense. It assumes
// that defaults were applied, and it sees the internal version.
package validation

import (
	"slices"

	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/evenkeel/evenkeel/api/config"
)

const (
	maxWeight       = 100
	maxLabelKeys    = 8
	maxRecountEvery = 1_000_000
	maxCandidates   = 1000
)

// ValidatePluginArgs returns everything that is wrong with the arguments of one
// of our plugins; path is where they were found. Arguments of other plugins are
// kube-scheduler's to validate.
func ValidatePluginArgs(path *field.Path, args runtime.Object) field.ErrorList {
	switch args := args.(type) {
	case *config.GuardedInterPodAffinityArgs:
		return ValidateGuardedInterPodAffinityArgs(path, args)
	case *config.GuardedPodTopologySpreadArgs:
		return ValidateGuardedPodTopologySpreadArgs(path, args)
	case *config.ProfileGuardArgs:
		return ValidateProfileGuardArgs(path, args)
	case *config.ReplicaSpreadArgs:
		return ValidateReplicaSpreadArgs(path, args)
	}
	return nil
}

// ValidateReplicaSpreadArgs returns everything that is wrong with the arguments
// of ReplicaSpread; path is where they were found.
func ValidateReplicaSpreadArgs(path *field.Path, args *config.ReplicaSpreadArgs) field.ErrorList {
	errs := validateLevels(path.Child("levels"), args.Levels)
	if p := args.FamilyWeightPercent; p < 0 || p > 100 {
		errs = append(errs, field.Invalid(path.Child("familyWeightPercent"), p, "must be from 0 to 100"))
	}
	seen := map[string]bool{}
	errs = append(errs, validatePodLabels(path.Child("workloadKeys"), args.WorkloadKeys, seen)...)
	errs = append(errs, validatePodLabels(path.Child("familyKeys"), args.FamilyKeys, seen)...)
	errs = append(errs, validateKinds(path.Child("includeKinds"), args.IncludeKinds)...)
	if n := args.RecountEvery; n < 0 || n > maxRecountEvery {
		errs = append(errs, field.Invalid(path.Child("recountEvery"), n, "must be from 0, which means never, to 1000000"))
	}
	if n := args.Candidates; n < 0 || n > maxCandidates {
		errs = append(errs, field.Invalid(path.Child("candidates"), n, "must be from 0, which leaves every cycle to kube-scheduler, to 1000"))
	}
	return errs
}

// validatePodLabels checks a list of pod label keys. A key in both lists is
// refused: the family would be the workload.
func validatePodLabels(path *field.Path, keys []string, seen map[string]bool) field.ErrorList {
	var errs field.ErrorList
	if n := len(keys); n > maxLabelKeys {
		errs = append(errs, field.TooMany(path, n, maxLabelKeys))
	}
	for i, key := range keys {
		if seen[key] {
			errs = append(errs, field.Duplicate(path.Index(i), key))
			continue
		}
		seen[key] = true
		errs = append(errs, metav1validation.ValidateLabelName(key, path.Index(i))...)
	}
	return errs
}

func validateKinds(path *field.Path, kinds []config.OwnerKind) field.ErrorList {
	var errs field.ErrorList
	for i, kind := range kinds {
		switch {
		case !slices.Contains(config.OwnerKinds, kind):
			errs = append(errs, field.NotSupported(path.Index(i), kind, config.OwnerKinds))
		case slices.Index(kinds, kind) < i:
			errs = append(errs, field.Duplicate(path.Index(i), kind))
		}
	}
	return errs
}

func validateLevels(path *field.Path, levels []config.SpreadLevel) field.ErrorList {
	var errs field.ErrorList
	if len(levels) == 0 {
		errs = append(errs, field.Required(path, "list at least one of host, rack and zone, or leave the field out for the defaults"))
	}
	widest := -1
	seenNames := map[config.LevelName]bool{}
	seenLabels := map[string]bool{}
	for i, level := range levels {
		levelPath := path.Index(i)
		rank := slices.Index(config.LevelNames, level.Name)
		switch {
		case level.Name == "":
			// One error is enough: without a name there are no defaults, so
			// labels and weight would be reported as well.
			errs = append(errs, field.Required(levelPath.Child("name"), "must be one of host, rack and zone"))
			continue
		case rank < 0:
			errs = append(errs, field.NotSupported(levelPath.Child("name"), level.Name, config.LevelNames))
			continue
		case seenNames[level.Name]:
			errs = append(errs, field.Duplicate(levelPath.Child("name"), level.Name))
			continue
		case rank < widest:
			errs = append(errs, field.Invalid(levelPath.Child("name"), level.Name, "levels must be in the order host, rack, zone"))
		}
		seenNames[level.Name] = true
		widest = max(widest, rank)
		errs = append(errs, validateLabels(levelPath.Child("labels"), level, seenLabels)...)
		if level.Nested && i == len(levels)-1 {
			errs = append(errs, field.Invalid(levelPath.Child("nested"), true, "the widest level has no wider one that it could be nested in"))
		}
		if level.Weight < 1 || level.Weight > maxWeight {
			errs = append(errs, field.Invalid(levelPath.Child("weight"), level.Weight, "must be from 1 to 100; leave the level out to give it no weight"))
		}
	}
	return errs
}

// validateLabels checks the label keys of one level. A key at two levels is
// refused: the same domains would be counted twice under two names.
func validateLabels(path *field.Path, level config.SpreadLevel, seen map[string]bool) field.ErrorList {
	var errs field.ErrorList
	switch n := len(level.Labels); {
	case n == 0:
		errs = append(errs, field.Required(path, "list at least one node label key, or leave the field out for the default"))
	case n > maxLabelKeys:
		errs = append(errs, field.TooMany(path, n, maxLabelKeys))
	}
	for i, key := range level.Labels {
		if seen[key] {
			errs = append(errs, field.Duplicate(path.Index(i), key))
			continue
		}
		seen[key] = true
		errs = append(errs, metav1validation.ValidateLabelName(key, path.Index(i))...)
	}
	return errs
}
