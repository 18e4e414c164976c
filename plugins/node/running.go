// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"github.com/containerd/nri/pkg/api"

	"github.com/evenkeel/evenkeel/plugins/node/pids"
)

// Reasons for which a container that ran already has not got its limit. They go
// before the Adjuster's.
const (
	// ReasonStartedWithout: the container was started while the daemon was not
	// connected, and the configuration leaves running containers alone.
	ReasonStartedWithout pids.Reason = "StartedWithout"
	// ReasonRuntimeCannot: the runtime cannot change the limit of a container that
	// runs.
	ReasonRuntimeCannot pids.Reason = "RuntimeCannotUpdate"
	// ReasonUpdateFailed: the runtime refused to change the limit.
	ReasonUpdateFailed pids.Reason = "UpdateFailed"
)

// update is the change of one running container.
type update struct {
	record   *record
	decision pids.Decision
}

// cgroup2Magic is how statfs knows the unified hierarchy (CGROUP2_SUPER_MAGIC in
// linux/magic.h).
const cgroup2Magic = 0x63677270

// UnifiedCgroups reports whether the node has cgroup v2. A container sees that in
// its own /sys/fs/cgroup.
func UnifiedCgroups() (bool, error) {
	const root = "/sys/fs/cgroup"
	var stat syscall.Statfs_t
	if err := syscall.Statfs(root, &stat); err != nil {
		return false, fmt.Errorf("finding the version of cgroups in %s: %w", root, err)
	}
	// The type of the field differs between architectures.
	return int64(stat.Type) == cgroup2Magic, nil //nolint:unconvert // It is an int32 on some.
}

// plan returns the change of a running container, if there is one to try.
func (p *Plugin) plan(adjuster *pids.Adjuster, r *record, d pids.Decision) (update, bool) {
	if !p.lacksOwnNumber(r, d) || !adjuster.UpdatesRunning() || !p.canUpdate() {
		return update{}, false
	}
	return update{record: r, decision: d}, true
}

// lacksOwnNumber reports whether a container runs with another limit than the
// annotation gives it. The node's default is for new containers only: one that was
// started without a limit may have more threads than that.
func (p *Plugin) lacksOwnNumber(r *record, d pids.Decision) bool {
	return (d.Reason == pids.ReasonAnnotation || d.Reason == pids.ReasonCeiling) && d.Limit != r.effective
}

// canUpdate reports whether the runtime changes limits of running containers.
// containerd takes updates through the CRI, which has no field for pids; on cgroup
// v2 they pass as a file of the unified hierarchy.
func (p *Plugin) canUpdate() bool {
	return p.cgroup2 || p.runtime.Load().name != "containerd"
}

// whyLeft returns the reason for which a running container is not changed.
func (p *Plugin) whyLeft(adjuster *pids.Adjuster, r *record, d pids.Decision) pids.Reason {
	switch {
	case d.Limit == 0 || d.Limit == r.effective:
		return d.Reason
	case !p.lacksOwnNumber(r, d) || !adjuster.UpdatesRunning():
		p.metrics.updated(resultLeft)
		return ReasonStartedWithout
	}
	p.metrics.updated(resultCannot)
	return ReasonRuntimeCannot
}

// change changes running containers, one by one.
func (p *Plugin) change(ctx context.Context, list []update, send func([]*api.ContainerUpdate) ([]*api.ContainerUpdate, error)) {
	for _, u := range list {
		if ctx.Err() != nil {
			return
		}
		failed, err := send([]*api.ContainerUpdate{u.decision.Update(u.record.id, p.cgroup2)})
		if err == nil && len(failed) > 0 {
			err = errors.New("the runtime gives no reason; its log has it")
		}
		effective, reason, detail := u.decision.Limit, u.decision.Reason, ""
		if err != nil {
			p.metrics.updated(resultFailed)
			effective, reason, detail = u.record.effective, ReasonUpdateFailed, err.Error()
		} else {
			p.metrics.updated(resultChanged)
		}
		if r, ok := p.records.revise(u.record.id, effective, reason, detail); ok {
			p.tell(r)
			if err == nil {
				p.logger.Info("Changed the pid limit of a running container", "namespace", r.namespace, "pod", r.pod, "container", r.container, "pids", effective)
			}
		}
	}
}
