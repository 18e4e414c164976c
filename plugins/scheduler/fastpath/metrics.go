// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package fastpath

import (
	"sync"

	"k8s.io/component-base/metrics"
	"k8s.io/component-base/metrics/legacyregistry"
)

var (
	cycles = metrics.NewCounterVec(&metrics.CounterOpts{
		Name:           "evenkeel_scheduler_fastpath_cycles_total",
		Help:           "Scheduling cycles by what became of them on the fast path: placed, or the reason for which they were left to kube-scheduler's own way.",
		StabilityLevel: metrics.ALPHA,
	}, []string{"result"})
	// byReason saves looking a counter up for every pod.
	byReason map[reason]metrics.CounterMetric
)

var registerMetrics = sync.OnceFunc(func() {
	legacyregistry.MustRegister(cycles)
	byReason = map[reason]metrics.CounterMetric{}
	for _, r := range reasons {
		byReason[r] = cycles.WithLabelValues(string(r))
	}
})

func count(r reason) { byReason[r].Inc() }
