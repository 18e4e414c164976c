// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	configv1 "k8s.io/kube-scheduler/config/v1"
)

// SchemeGroupVersion is the internal version of kube-scheduler's configuration
// group.
var SchemeGroupVersion = schema.GroupVersion{Group: configv1.GroupName, Version: runtime.APIVersionInternal}

// AddToScheme adds the internal types of this package to the scheme.
func AddToScheme(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(SchemeGroupVersion, &GuardedInterPodAffinityArgs{}, &GuardedPodTopologySpreadArgs{}, &ProfileGuardArgs{}, &ReplicaSpreadArgs{})
	return nil
}
