// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package validation

import (
	"errors"

	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/apimachinery/pkg/util/validation/field"
	schedulerconfig "k8s.io/kubernetes/pkg/scheduler/apis/config"
	schedulervalidation "k8s.io/kubernetes/pkg/scheduler/apis/config/validation"

	"github.com/evenkeel/evenkeel/api/config"
)

// ValidateGuardedPodTopologySpreadArgs returns everything that is wrong with the
// arguments of GuardedPodTopologySpread; path is where they were found. What is
// wrong is kube-scheduler's to say: they are the arguments of its plugin.
func ValidateGuardedPodTopologySpreadArgs(path *field.Path, args *config.GuardedPodTopologySpreadArgs) field.ErrorList {
	err := schedulervalidation.ValidatePodTopologySpreadArgs(path, &schedulerconfig.PodTopologySpreadArgs{
		DefaultConstraints: args.DefaultConstraints,
		DefaultingType:     schedulerconfig.PodTopologySpreadConstraintsDefaulting(args.DefaultingType),
	})
	if err == nil {
		return nil
	}
	all := []error{err}
	var aggregate utilerrors.Aggregate
	if errors.As(err, &aggregate) {
		all = aggregate.Errors()
	}
	var errs field.ErrorList
	for _, err := range all {
		var at *field.Error
		if !errors.As(err, &at) {
			at = field.InternalError(path, err)
		}
		errs = append(errs, at)
	}
	return errs
}
