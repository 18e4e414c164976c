// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package scheme makes kube-scheduler know the arguments of Evenkeel's plugins.
package scheme

import (
	"errors"

	"k8s.io/apimachinery/pkg/runtime"
	schedulerscheme "k8s.io/kubernetes/pkg/scheduler/apis/config/scheme"
	schedulerconfigv1 "k8s.io/kubernetes/pkg/scheduler/apis/config/v1"

	"github.com/evenkeel/evenkeel/api/config"
	configv1 "github.com/evenkeel/evenkeel/api/config/v1"
)

// Install adds the arguments of Evenkeel's plugins to both schemes that
// kube-scheduler reads its configuration with. A scheduler's main calls it
// once, before it loads a configuration; later is too late, because schemes
// are not safe for concurrent change.
//
// Both are needed. kube-scheduler's scheme decodes, strictly. The second scheme
// fills in defaults and converts to the internal version. A plugin whose
// arguments are in neither gets them as *runtime.Unknown: any typing error in
// them would pass.
func Install() error {
	return errors.Join(
		AddToScheme(schedulerscheme.Scheme),
		AddToScheme(schedulerconfigv1.GetPluginArgConversionScheme()),
	)
}

// AddToScheme adds both versions of the arguments to the scheme, with their
// defaults and conversions.
func AddToScheme(scheme *runtime.Scheme) error {
	return errors.Join(config.AddToScheme(scheme), configv1.AddToScheme(scheme))
}
