// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package measure

import (
	"fmt"

	"k8s.io/component-base/metrics/legacyregistry"
)

// fastPathPlaced returns the number of pods that the fast path has placed in this
// process, as its metric tells.
func fastPathPlaced() (float64, error) {
	families, err := legacyregistry.DefaultGatherer.Gather()
	if err != nil {
		return 0, fmt.Errorf("reading the metric of the fast path: %w", err)
	}
	for _, family := range families {
		if family.GetName() != "evenkeel_scheduler_fastpath_cycles_total" {
			continue
		}
		for _, metric := range family.GetMetric() {
			if metric.GetLabel()[0].GetValue() == "placed" {
				return metric.GetCounter().GetValue(), nil
			}
		}
	}
	return 0, nil
}
