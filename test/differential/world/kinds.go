// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package world

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// Kind is a kind of constraint that a pod can declare.
type Kind struct {
	Name string
	// Percent is the share of pods that have it, in an average cluster.
	Percent int
	// Strip takes the constraint away from a pod and reports whether there was
	// one. It is nil for what decides about scores alone.
	Strip func(*corev1.Pod) bool

	add func(*World, *corev1.Pod)
	// suit makes the cluster one where the kind often matters. It may be nil.
	suit func(*World)
}

// suitedBy returns the kind with another suit.
func (k Kind) suitedBy(suit func(*World)) Kind {
	k.suit = suit
	return k
}

// Kinds are all kinds, in the order in which they are added to a pod.
var Kinds = slices.Concat(nodeKinds, resourceKinds, portKinds, spreadKinds, affinityKinds, volumeKinds, otherKinds)

// stripAll returns what leaves out of a list all that match.
func stripAll[T any](list func(*corev1.Pod) *[]T, match func(T) bool) func(*corev1.Pod) bool {
	return func(pod *corev1.Pod) bool {
		l := list(pod)
		if l == nil {
			return false
		}
		n := len(*l)
		*l = slices.DeleteFunc(*l, match)
		return len(*l) != n
	}
}

// editAll returns what edits each of a list that match.
func editAll[T any](list func(*corev1.Pod) *[]T, match func(T) bool, edit func(*T)) func(*corev1.Pod) bool {
	return func(pod *corev1.Pod) bool {
		l := list(pod)
		if l == nil {
			return false
		}
		edited := false
		for i := range *l {
			if match((*l)[i]) {
				edit(&(*l)[i])
				edited = true
			}
		}
		return edited
	}
}
