// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package index

import (
	corev1 "k8s.io/api/core/v1"
)

// group is a set of replicas that are counted together: a workload, or the
// family that several workloads are the revisions of.
type group struct {
	// key is the group's key in table.
	key   string
	table map[string]*group
	// family is the group's family; nil for a family and for a workload that
	// has none.
	family *group

	// pods and leaving are the totals of what is counted below.
	pods, leaving int32
	// podsIn counts, per level, the pods of each domain that are to stay.
	podsIn [MaxLevels]map[domainID]int32
	// leavingHost counts the terminating pods of each domain of the first
	// level. They are kept apart because they do not count as replicas.
	leavingHost map[domainID]int32

	// pass and tenant say where the group stands in the list of tenants that
	// the read with that number builds.
	pass   uint64
	tenant int
}

// groupOf returns the group of the workload that a pod belongs to, making it if
// need be, or nil if the pod is none that is spread.
func (ix *Index) groupOf(pod *corev1.Pod) *group {
	owner := spreadOwner(pod)
	if owner == nil {
		return nil
	}
	if g := ix.workloads[string(owner.UID)]; g != nil {
		return g
	}
	g := &group{key: string(owner.UID), table: ix.workloads}
	ix.workloads[g.key] = g
	if key := familyKey(pod, owner); key != "" {
		if ix.families[key] == nil {
			ix.families[key] = &group{key: key, table: ix.families}
		}
		g.family = ix.families[key]
	}
	return g
}

// drop forgets a group without pods.
func (ix *Index) drop(g *group) {
	delete(g.table, g.key)
}

// move counts one more pod of the group in the list of tenants that the read
// with the number pass builds.
func (g *group) move(tenants []tenant, pass uint64, leaving bool) []tenant {
	if g.pass != pass {
		g.pass, g.tenant = pass, len(tenants)
		tenants = append(tenants, tenant{group: g})
	}
	if leaving {
		tenants[g.tenant].leaving++
	} else {
		tenants[g.tenant].pods++
	}
	return tenants
}

// add changes the counts of the given domains.
func (g *group) add(levels int, where [MaxLevels]domainID, pods, leaving int32) {
	g.pods += pods
	g.leaving += leaving
	if pods != 0 {
		for level := range levels {
			g.podsIn[level] = addTo(g.podsIn[level], where[level], pods)
		}
	}
	if leaving != 0 {
		g.leavingHost = addTo(g.leavingHost, where[0], leaving)
	}
}

func (g *group) empty() bool { return g.pods == 0 && g.leaving == 0 }

// addTo adds n to the count of a domain and keeps no zeros.
func addTo(counts map[domainID]int32, d domainID, n int32) map[domainID]int32 {
	if counts == nil {
		counts = map[domainID]int32{}
	}
	if counts[d] += n; counts[d] == 0 {
		delete(counts, d)
	}
	return counts
}
