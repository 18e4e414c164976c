// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package contender

import (
	"fmt"

	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/component-base/featuregate"
)

// Enter sets the contender's feature gates and returns what sets them back.
// Gates are global to a process and some are read in every cycle, so only one
// contender may be inside at a time.
func (c *Contender) Enter() (leave func(), err error) {
	before := map[string]bool{}
	for name := range c.FeatureGates {
		if _, ok := utilfeature.DefaultMutableFeatureGate.GetAll()[featuregate.Feature(name)]; !ok {
			return nil, fmt.Errorf("profile %s: this Kubernetes release has no feature gate %s", c.Name, name)
		}
		before[name] = utilfeature.DefaultFeatureGate.Enabled(featuregate.Feature(name))
	}
	if err := utilfeature.DefaultMutableFeatureGate.SetFromMap(c.FeatureGates); err != nil {
		return nil, fmt.Errorf("profile %s: setting the feature gates: %w", c.Name, err)
	}
	return func() {
		// What was set a moment ago can be set again.
		_ = utilfeature.DefaultMutableFeatureGate.SetFromMap(before)
	}, nil
}
