// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package podindex

import (
	"time"

	corev1 "k8s.io/api/core/v1"
)

// topology counts the nodes by their value of one node label.
type topology struct {
	of map[string]int32
	// without is the number of nodes that have no such label.
	without int32
	used    time.Time
}

// TrackTopology makes the index know the domains of a topology key. It reports
// false if there is no room for a further one: then nothing is known of it.
func (ix *Index) TrackTopology(key string, now time.Time) bool {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	t := ix.topologies[key]
	if t == nil {
		if len(ix.topologies) == MaxKeys {
			return false
		}
		t = &topology{of: map[string]int32{}}
		for _, n := range ix.nodes {
			t.count(n.object, key, 1)
		}
		ix.topologies[key] = t
	}
	t.used = now
	return true
}

// Domains returns the number of values that the nodes have for a topology key,
// and whether there are nodes without it, as of the last Refresh. The key must be
// tracked.
func (ix *Index) Domains(key string) (values int, someWithout bool) {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	t := ix.topologies[key]
	return len(t.of), t.without > 0
}

// count adds a node to its domain, or takes it out.
func (t *topology) count(node *corev1.Node, key string, sign int32) {
	if node == nil {
		return
	}
	value, ok := node.Labels[key]
	if !ok {
		t.without += sign
		return
	}
	if t.of[value] += sign; t.of[value] == 0 {
		delete(t.of, value)
	}
}

// relabel notes the object of a node, nil for one that is gone. A Node is never
// changed in place, and most changes are of its status.
func (ix *Index) relabel(n *node, object *corev1.Node) {
	if n.object == object {
		return
	}
	for key, t := range ix.topologies {
		t.count(n.object, key, -1)
		t.count(object, key, 1)
	}
	for _, l := range ix.layouts {
		l.move(n, object)
	}
	n.object = object
}
