// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package pids

import (
	"strconv"

	"github.com/containerd/nri/pkg/api"
)

// unifiedKey is the file of cgroup v2 that holds a limit.
const unifiedKey = "pids.max"

// Adjustment returns what to answer when a container is created; nil if nothing
// is to be set.
func (d Decision) Adjustment() *api.ContainerAdjustment {
	if d.Limit == 0 {
		return nil
	}
	adjustment := &api.ContainerAdjustment{}
	adjustment.SetLinuxPidLimits(d.Limit)
	return adjustment
}

// Update returns the message that sets the limit on a running container.
//
// On cgroup v2 the limit is said twice: containerd carries updates through the
// CRI, whose resources have no field for pids, and would drop it; the file of the
// unified hierarchy passes. CRI-O takes the field.
func (d Decision) Update(id string, cgroup2 bool) *api.ContainerUpdate {
	update := &api.ContainerUpdate{}
	update.SetContainerId(id)
	update.SetLinuxPidLimits(d.Limit)
	if cgroup2 {
		update.AddLinuxUnified(unifiedKey, strconv.FormatInt(d.Limit, 10))
	}
	return update
}

// Effective returns the limit that the runtime says a container has; 0 if it has
// none.
func Effective(container *api.Container) int64 {
	resources := container.GetLinux().GetResources()
	// What is in the unified map is written last. What is no number there, "max"
	// above all, is no limit.
	if text, ok := resources.GetUnified()[unifiedKey]; ok {
		pids, _ := strconv.ParseInt(text, 10, 64)
		return max(pids, 0)
	}
	return max(resources.GetPids().GetLimit(), 0)
}
