// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// storageFeature is the name of the feature that limits ephemeral-storage.
const storageFeature = "storage"

// UserStorageLimit returns a container's limit of ephemeral-storage, and whether
// it has one of the user's. One that the storage feature gave it in an earlier
// pass is none: it leaves room for what other features add, which must not take
// it for what the user allows.
func (r *Request) UserStorageLimit(c *corev1.Container) (resource.Quantity, bool) {
	limit, ok := c.Resources.Limits[corev1.ResourceEphemeralStorage]
	if !ok {
		return limit, false
	}
	previous, _ := r.Previous(storageFeature)
	record := previous.Containers[c.Name]
	// Of a limit of the user's, the record only says what it was.
	if record.Outcome != Done {
		return limit, true
	}
	given, err := resource.ParseQuantity(record.Facts[FactStorageLimit])
	return limit, err != nil || given.Cmp(limit) != 0
}
