// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package profileguard

import (
	"k8s.io/component-base/metrics"

	"github.com/evenkeel/evenkeel/plugins/scheduler/pluginmetrics"
)

// newCounter registers the plugin's metric with the registry that the scheduler
// serves, or returns the one that is registered: the registry is the process's,
// a plugin the profile's.
func newCounter() (*metrics.CounterVec, error) {
	return pluginmetrics.Register(Name, metrics.NewCounterVec(&metrics.CounterOpts{
		Namespace: "evenkeel",
		Subsystem: "scheduler",
		Name:      "profileguard_affected_pods_total",
		Help: "Number of pods that use a plugin of the default profile which their profile leaves out, " +
			"by the profile and the plugin. Each pod is counted once, when it is first tried.",
		StabilityLevel: metrics.ALPHA,
	}, []string{"profile", "plugin"}))
}
