// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package index

import (
	corev1 "k8s.io/api/core/v1"
)

// domainID is a small number for a domain of one level. It is valid while at
// least one node is in the domain.
type domainID int32

// domains numbers the domains of one level and counts the nodes in each, so
// that the number of a domain without nodes can be used again.
type domains struct {
	ids   map[string]domainID
	names []string
	nodes []int32
	free  []domainID
}

// acquire returns the number of the named domain, for one more node.
func (d *domains) acquire(name string) domainID {
	id, ok := d.ids[name]
	switch {
	case ok:
	case len(d.free) > 0:
		id = d.free[len(d.free)-1]
		d.free = d.free[:len(d.free)-1]
	default:
		id = domainID(len(d.names))
		d.names = append(d.names, "")
		d.nodes = append(d.nodes, 0)
	}
	if !ok {
		if d.ids == nil {
			d.ids = map[string]domainID{}
		}
		d.ids[name] = id
		d.names[id] = name
	}
	d.nodes[id]++
	return id
}

// release takes one node out of a domain.
func (d *domains) release(id domainID) {
	if d.nodes[id]--; d.nodes[id] > 0 {
		return
	}
	delete(d.ids, d.names[id])
	d.names[id] = ""
	d.free = append(d.free, id)
}

// domainName names the domain of a node at the level with the given label keys.
// The key is part of the name: a physical host and a node's host name that are
// spelled alike are not taken for one machine. A node without any of the labels
// is alone in a domain, whose name cannot be a label's because it has no '='.
func domainName(node *corev1.Node, keys []string) string {
	for _, key := range keys {
		if value := node.Labels[key]; value != "" {
			return key + "=" + value
		}
	}
	return node.Name
}
