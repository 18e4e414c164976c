// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"k8s.io/apimachinery/pkg/runtime"
	configv1 "k8s.io/kube-scheduler/config/v1"
)

// SchemeGroupVersion is the version of kube-scheduler's configuration group
// that this package adds to.
var SchemeGroupVersion = configv1.SchemeGroupVersion

// AddToScheme adds the types of this package to the scheme, with their defaults
// and their conversion to and from the internal version.
func AddToScheme(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(SchemeGroupVersion, &GuardedInterPodAffinityArgs{}, &GuardedPodTopologySpreadArgs{}, &ProfileGuardArgs{}, &ReplicaSpreadArgs{})
	addDefaultingFuncs(scheme)
	return addConversionFuncs(scheme)
}
