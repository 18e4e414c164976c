// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package profileguard

import (
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/component-base/metrics"
	"k8s.io/component-base/metrics/legacyregistry"
)

// newCounter registers the plugin's metric with the registry that the scheduler
// serves, or returns the one that is registered: the registry is the process's,
// a plugin the profile's.
func newCounter() (*metrics.CounterVec, error) {
	counter := metrics.NewCounterVec(&metrics.CounterOpts{
		Namespace: "evenkeel",
		Subsystem: "scheduler",
		Name:      "profileguard_affected_pods_total",
		Help: "Number of pods that use a plugin of the default profile which their profile leaves out, " +
			"by the profile and the plugin. Each pod is counted once, when it is first tried.",
		StabilityLevel: metrics.ALPHA,
	}, []string{"profile", "plugin"})
	err := legacyregistry.Register(counter)
	var already prometheus.AlreadyRegisteredError
	if errors.As(err, &already) {
		if existing, ok := already.ExistingCollector.(*metrics.CounterVec); ok {
			return existing, nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("registering the metric of %s: %w", Name, err)
	}
	return counter, nil
}
