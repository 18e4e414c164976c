// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package podindex

import (
	"fmt"
	"sync"
	"time"

	fwk "k8s.io/kube-scheduler/framework"
)

// Indexes are the indexes of a process, one for each scheduler, which the plugins of
// all its profiles share. The zero value is ready to use.
type Indexes struct {
	mu         sync.Mutex
	bySnapshot map[fwk.SharedLister]*Index
}

// Of returns the index of the scheduler that has a snapshot.
func (x *Indexes) Of(snapshot fwk.SharedLister) *Index {
	x.mu.Lock()
	defer x.mu.Unlock()
	ix := x.bySnapshot[snapshot]
	if ix == nil {
		if x.bySnapshot == nil {
			x.bySnapshot = map[fwk.SharedLister]*Index{}
		}
		ix = New()
		x.bySnapshot[snapshot] = ix
	}
	return ix
}

const (
	// tidyEvery is how often an index is brought up to date though no pod asks, so
	// that it does not hold on to pods that are gone.
	tidyEvery = time.Second
	// keep is how long a label key, a topology key or a layout is indexed that no pod
	// asks for.
	keep = 10 * time.Minute
)

// Tidy keeps an index from growing old: at most once a second, it forgets what no pod
// has asked for in ten minutes, and takes over the snapshot. The plugins that use
// the index call it for every pod; not while pods may be placed on trial.
func (ix *Index) Tidy(now time.Time, snapshot fwk.SharedLister) error {
	if !ix.due(now) {
		return nil
	}
	all, err := snapshot.NodeInfos().List()
	if err != nil {
		return fmt.Errorf("listing the nodes of the snapshot: %w", err)
	}
	ix.Expire(now.Add(-keep))
	ix.Refresh(all, false)
	return nil
}

// due reports whether there is something to tidy, and notes when.
func (ix *Index) due(now time.Time) bool {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	if len(ix.keys) == 0 || now.Sub(ix.tidied) < tidyEvery {
		return false
	}
	ix.tidied = now
	return true
}
