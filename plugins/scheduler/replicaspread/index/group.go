// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package index

import (
	corev1 "k8s.io/api/core/v1"
)

// group is a set of replicas that are counted together: a workload, or the
// family that several workloads are the revisions of.
type group struct {
	// key is the group's key among the workloads or the families.
	key      string
	isFamily bool
	// dropped says that the group has no pods any more and is in no table.
	dropped bool

	// family is the family that the last pod of the workload had, and basis what
	// it was told by, so that it need not be looked up for every pod.
	family *group
	basis  familyBasis

	// pods and leaving are the totals of what is counted below.
	pods, leaving int32
	// podsIn counts, per level, the pods of each domain that are to stay.
	podsIn [MaxLevels]tally
	// leavingHost counts the terminating pods of each domain of the first
	// level. They are kept apart because they do not count as replicas. It is
	// nil while there are none, which is nearly always.
	leavingHost *tally

	// pass and tenant say where the group stands in the list of tenants that
	// the read with that number builds.
	pass   uint64
	tenant int
	// at is the position of a workload in Index.order, and seen the survey that
	// has counted it.
	at   int
	seen uint64
}

// groupsOf returns the groups of the workload and the family that a pod belongs
// to, making them if need be. Both are nil if the pod is none that is spread,
// and the second is nil if it has no family.
func (ix *Index) groupsOf(pod *corev1.Pod) (own, family *group) {
	id := &ix.config.Identity
	s, ok := id.subjectOf(pod)
	if !ok {
		return nil, nil
	}
	if s.label != "" {
		// Looking up by the bytes makes no string.
		ix.key = appendLabelKey(ix.key[:0], pod.Namespace, s.label, s.value)
		own = ix.workloads[string(ix.key)]
	} else {
		own = ix.workloads[string(s.owner.UID)]
	}
	if own == nil {
		own = &group{key: s.workload(pod), at: len(ix.order)}
		ix.workloads[own.key] = own
		ix.order = append(ix.order, own)
	}
	basis := id.familyBasisOf(pod, s)
	if basis.key == noFamily {
		return own, nil
	}
	if own.family == nil || own.basis != basis || own.family.dropped {
		key := id.family(pod, s, basis)
		if key == "" {
			return own, nil
		}
		if ix.families[key] == nil {
			ix.families[key] = &group{key: key, isFamily: true}
		}
		own.family, own.basis = ix.families[key], basis
	}
	return own, own.family
}

// drop forgets a group without pods.
func (ix *Index) drop(g *group) {
	g.dropped = true
	if g.isFamily {
		delete(ix.families, g.key)
		return
	}
	delete(ix.workloads, g.key)
	last := ix.order[len(ix.order)-1]
	ix.order[g.at], last.at = last, g.at
	ix.order[len(ix.order)-1] = nil
	ix.order = ix.order[:len(ix.order)-1]
}

// add changes the counts of the given domains, and returns by how many counts
// there are more than before.
func (g *group) add(levels int, where Domains, pods, leaving int32) int {
	before := g.len()
	g.pods += pods
	g.leaving += leaving
	if pods != 0 {
		for level := range levels {
			g.podsIn[level].add(where[level], pods)
		}
	}
	if leaving != 0 {
		if g.leavingHost == nil {
			g.leavingHost = &tally{}
		}
		g.leavingHost.add(where[0], leaving)
		if g.leaving == 0 {
			g.leavingHost = nil
		}
	}
	return g.len() - before
}

// len returns the number of counts.
func (g *group) len() int {
	n := 0
	for level := range g.podsIn {
		n += g.podsIn[level].len()
	}
	if g.leavingHost != nil {
		n += g.leavingHost.len()
	}
	return n
}

func (g *group) empty() bool { return g.pods == 0 && g.leaving == 0 }
