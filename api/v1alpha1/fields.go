// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// setDefaultTo sets a field that the file left out.
func setDefaultTo[T any](p **T, value T) {
	if *p == nil {
		*p = &value
	}
}

// setQuantity is setDefaultTo for a quantity in its written form.
func setQuantity(p **resource.Quantity, value string) {
	if *p == nil {
		q := resource.MustParse(value)
		*p = &q
	}
}

// maxBytes bounds every amount of memory in the file, so that sums cannot
// overflow: 1 PiB.
const maxBytes = 1 << 50

// validateBytes checks an amount of memory.
func validateBytes(path *field.Path, q *resource.Quantity) field.ErrorList {
	if v := q.Value(); v < 0 || v > maxBytes {
		return field.ErrorList{field.Invalid(path, q.String(), "must be an amount of memory from 0 to 1Pi")}
	}
	return nil
}

func validateRange(path *field.Path, value, low, high int32) field.ErrorList {
	if value < low || value > high {
		return field.ErrorList{field.Invalid(path, value, fmt.Sprintf("must be between %d and %d", low, high))}
	}
	return nil
}

func validateOneOf[T ~string](path *field.Path, value T, allowed []T) field.ErrorList {
	if slices.Contains(allowed, value) {
		return nil
	}
	return field.ErrorList{field.NotSupported(path, value, allowed)}
}
