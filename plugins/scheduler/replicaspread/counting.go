// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replicaspread

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"

	"github.com/evenkeel/evenkeel/api/config"
	"github.com/evenkeel/evenkeel/plugins/scheduler/replicaspread/index"
)

const (
	// compareUpTo is the number of nodes up to which every cycle compares all of
	// them: it takes less than 10 µs.
	compareUpTo = 1000
	// compareEvery is how often all nodes are compared in a larger cluster. At
	// 15,000 nodes it takes 100 to 250 µs, which is too much for each pod and
	// nothing 10 times a second. In between, the nodes that this scheduler placed
	// pods on are looked at; what came from elsewhere (a pod was deleted, a label
	// changed) waits so long to count in scores. A hard cap does not wait.
	compareEvery = 100 * time.Millisecond
)

// counter keeps an index up to date with the snapshot. The profiles that share
// it have one scheduling cycle at a time between them.
type counter struct {
	lister fwk.SharedLister
	index  *index.Index
	now    func() time.Time

	mu sync.Mutex
	// compared is when all nodes were last compared, and swept when one was last
	// counted afresh.
	compared, swept time.Time
	// cycles counts the refreshes, of which every recount-th recounts; 0 is never.
	cycles, recount int
}

// refresh brings the index up to date for the cycle of a pod and returns the
// number of nodes that were read. exact says that a verdict depends on it, not
// only a score.
func (c *counter) refresh(ctx context.Context, pod *corev1.Pod, exact bool) (int, error) {
	infos, err := c.lister.NodeInfos().List()
	if err != nil {
		return 0, fmt.Errorf("listing the nodes of the snapshot: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	onTrial := pod.Spec.SchedulingGroup != nil
	c.cycles++
	recount := c.recount > 0 && c.cycles%c.recount == 0 && !onTrial
	now := c.now()
	all := exact || recount || len(infos) <= compareUpTo || now.Sub(c.compared) >= compareEvery
	if all {
		c.compared = now
	}
	read := c.index.Refresh(infos, index.RefreshOptions{All: all, OnTrial: onTrial})
	if all && !onTrial && now.Sub(c.swept) >= compareEvery {
		c.swept = now
		if c.index.Sweep() {
			divergence.Inc()
			klog.FromContext(ctx).Error(nil, "The index of replicas differed from the pods of a node and was mended")
		}
	}
	if recount {
		recounts.Inc()
		if n := c.index.Recount(infos); n > 0 {
			divergence.Add(float64(n))
			klog.FromContext(ctx).Error(nil, "The index of replicas differed from a recount and was mended", "differences", n)
		}
	}
	return read, nil
}

// recountEvery makes every so many refreshes recount. Of profiles that differ,
// the more frequent goes.
func (c *counter) recountEvery(cycles int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if cycles > 0 && (c.recount == 0 || cycles < c.recount) {
		c.recount = cycles
	}
}

// counters are the counters of all profiles.
type counters struct {
	mu    sync.Mutex
	byKey map[counterKey]*counter
}

// counterKey says which profiles can share a counter: those that see the same
// snapshot and count alike. Weights may differ.
type counterKey struct {
	snapshot fwk.SharedLister
	counting string
}

// get returns the counter of a configuration. One that is new is surveyed for the
// metrics until the context ends.
func (c *counters) get(ctx context.Context, snapshot fwk.SharedLister, counting index.Config, levels []config.LevelName) *counter {
	c.mu.Lock()
	defer c.mu.Unlock()
	// No name in it has a space or a bracket, so no two print alike.
	key := counterKey{snapshot: snapshot, counting: fmt.Sprint(counting, levels)}
	if c.byKey[key] == nil {
		c.byKey[key] = &counter{lister: snapshot, index: index.New(counting), now: time.Now}
		surveys.add(ctx, c.byKey[key].index, slices.Clone(levels))
	}
	return c.byKey[key]
}
