// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package pluginmetrics registers the metrics of plugins with the registry that the
// scheduler serves. What is counted is for each plugin to say.
package pluginmetrics

import (
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/component-base/metrics"
	"k8s.io/component-base/metrics/legacyregistry"
)

// Register registers a metric of the plugin of that name, and returns the one that is
// registered already if there is one: the registry is the process's, and a plugin is
// made for each profile. It fails if that one is of another kind, or cannot be
// registered.
func Register[M metrics.Registerable](plugin string, m M) (M, error) {
	err := legacyregistry.Register(m)
	var already prometheus.AlreadyRegisteredError
	if errors.As(err, &already) {
		if existing, ok := already.ExistingCollector.(M); ok {
			return existing, nil
		}
	}
	if err != nil {
		return m, fmt.Errorf("registering a metric of %s: %w", plugin, err)
	}
	return m, nil
}
