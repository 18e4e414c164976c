// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package index

import (
	corev1 "k8s.io/api/core/v1"
)

// Domain is a small number for a domain of one level. It is valid while at
// least one node is in the domain.
type Domain int32

// Domains are the domains of a node at each level.
type Domains [MaxLevels]Domain

// domains numbers the domains of one level and counts the nodes in each, so
// that the number of a domain without nodes can be used again.
type domains struct {
	ids   map[string]Domain
	names []string
	nodes []int32
	free  []Domain
}

// acquire returns the number of the named domain, for one more node.
func (d *domains) acquire(name string) Domain {
	id, ok := d.ids[name]
	switch {
	case ok:
	case len(d.free) > 0:
		id = d.free[len(d.free)-1]
		d.free = d.free[:len(d.free)-1]
	default:
		id = Domain(len(d.names))
		d.names = append(d.names, "")
		d.nodes = append(d.nodes, 0)
	}
	if !ok {
		if d.ids == nil {
			d.ids = map[string]Domain{}
		}
		d.ids[name] = id
		d.names[id] = name
	}
	d.nodes[id]++
	return id
}

// release takes one node out of a domain.
func (d *domains) release(id Domain) {
	if d.nodes[id]--; d.nodes[id] > 0 {
		return
	}
	delete(d.ids, d.names[id])
	d.names[id] = ""
	d.free = append(d.free, id)
}

// locate puts a node, as the object says, into its domains.
func (ix *Index) locate(object *corev1.Node) Domains {
	var where Domains
	for level, name := range DomainNames(ix.config.Levels, object) {
		where[level] = ix.domains[level].acquire(name)
	}
	return where
}

// DomainNames names the domains of a node at each level. The label key is part
// of the name: a physical host and a node's host name that are spelled alike
// are not taken for one machine. At a nested level the name of the wider domain
// comes first. A node without any of the labels of a level is alone in a
// domain, whose name cannot be a label's because it has no '='; so is, one
// level narrower, nobody: a nested domain in no wider one is known by its own
// name.
func DomainNames(levels []Level, node *corev1.Node) []string {
	names := make([]string, len(levels))
	wider := ""
	for i := len(levels) - 1; i >= 0; i-- {
		own := labelName(node, levels[i].Labels)
		switch {
		case own == "":
			names[i] = node.Name
		case levels[i].Nested && wider != "":
			// No label value has a '/', so no two pairs make one name.
			own = wider + "/" + own
			names[i] = own
		default:
			names[i] = own
		}
		wider = own
	}
	return names
}

func labelName(node *corev1.Node, keys []string) string {
	for _, key := range keys {
		if value := node.Labels[key]; value != "" {
			return key + "=" + value
		}
	}
	return ""
}
