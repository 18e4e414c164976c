// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package index

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	fwk "k8s.io/kube-scheduler/framework"
)

// read brings the count of one node up to date. Pods are never changed in place:
// a changed one is another object. So what has to be looked at, in the labels
// and owners of pods, are the pods that came or went, commonly one of a hundred.
func (ix *Index) read(n *node, info fwk.NodeInfo) {
	pods := info.GetPods()
	n.room = roomOf(info)
	if object := info.Node(); object != n.object {
		ix.settle(n, object, ix.locate(object), ix.tenantsOf(pods))
		ix.keep(n, pods)
		return
	}
	// What comes is added before what goes is taken away, so that a group of both
	// is never dropped and made again.
	changed := len(pods) != len(n.pods)
	for i, info := range pods {
		if pod := info.GetPod(); i >= len(n.pods) || n.pods[i] != pod {
			ix.count(n, pod, 1)
			changed = true
		}
	}
	for i, pod := range n.pods {
		if i >= len(pods) || pods[i].GetPod() != pod {
			ix.count(n, pod, -1)
		}
	}
	if changed {
		ix.keep(n, pods)
	}
}

// count adds a pod to the share of its workload on a node, times sign.
func (ix *Index) count(n *node, pod *corev1.Pod, sign int32) {
	own, family := ix.groupsOf(pod)
	if own == nil {
		return
	}
	change := tenant{group: own, family: family, pods: sign}
	if pod.DeletionTimestamp != nil {
		change.pods, change.leaving = 0, sign
	}
	i := slices.IndexFunc(n.tenants, func(t tenant) bool { return t.group == own && t.family == family })
	if i < 0 {
		i = len(n.tenants)
		if i == cap(n.tenants) {
			// A node's tenants are few and many nodes have them: doubling would
			// leave half of the memory unused.
			n.tenants = append(make([]tenant, 0, i+4), n.tenants...)
		}
		n.tenants = append(n.tenants, tenant{group: own, family: family})
		ix.shares++
	}
	t := &n.tenants[i]
	t.pods += change.pods
	t.leaving += change.leaving
	if t.pods == 0 && t.leaving == 0 {
		last := len(n.tenants) - 1
		n.tenants[i], n.tenants[last] = n.tenants[last], tenant{}
		n.tenants = n.tenants[:last]
		ix.shares--
	}
	ix.version++
	ix.add(change, n.domains, 1)
}

// keep remembers the pods that a node was read with.
func (ix *Index) keep(n *node, pods []fwk.PodInfo) {
	ix.kept += len(pods) - len(n.pods)
	if cap(n.pods) < len(pods) {
		n.pods = make([]*corev1.Pod, len(pods), len(pods)+len(pods)/8)
	}
	clear(n.pods[min(len(pods), len(n.pods)):])
	n.pods = n.pods[:len(pods)]
	for i, info := range pods {
		n.pods[i] = info.GetPod()
	}
}

// tenantsOf returns the shares of all workloads of the pods, in a buffer.
func (ix *Index) tenantsOf(pods []fwk.PodInfo) []tenant {
	ix.pass++
	ix.tenants = ix.tenants[:0]
	for _, info := range pods {
		pod := info.GetPod()
		if own, family := ix.groupsOf(pod); own != nil {
			ix.move(own, family, pod.DeletionTimestamp != nil)
		}
	}
	return ix.tenants
}

// move counts one more pod among the tenants of the node that is being read.
func (ix *Index) move(own, family *group, leaving bool) {
	i := own.tenant
	if own.pass != ix.pass {
		i = -1
	} else if ix.tenants[i].family != family {
		// Pods of one workload that differ in their family.
		i = slices.IndexFunc(ix.tenants, func(t tenant) bool { return t.group == own && t.family == family })
	}
	if i < 0 {
		i = len(ix.tenants)
		ix.tenants = append(ix.tenants, tenant{group: own, family: family})
		own.pass, own.tenant = ix.pass, i
	}
	if leaving {
		ix.tenants[i].leaving++
	} else {
		ix.tenants[i].pods++
	}
}

// settle replaces what a node contributes. The new share is added before the
// old one is taken away. tenants is copied.
func (ix *Index) settle(n *node, object *corev1.Node, where Domains, tenants []tenant) {
	ix.version++
	for _, t := range tenants {
		ix.add(t, where, 1)
	}
	for _, t := range n.tenants {
		ix.add(t, n.domains, -1)
	}
	if where != n.domains {
		ix.layout++
	}
	if object != n.object && n.object != nil {
		for level := range ix.config.Levels {
			ix.domains[level].release(n.domains[level])
		}
	}
	n.object, n.domains = object, where
	ix.shares += len(tenants) - len(n.tenants)
	n.tenants = slices.Clone(tenants)
}

// add changes the counts of a tenant's groups at a place by its share, times
// sign, and drops a group that is left without pods.
func (ix *Index) add(t tenant, where Domains, sign int32) {
	for _, g := range []*group{t.group, t.family} {
		if g == nil {
			continue
		}
		ix.counts += g.add(len(ix.config.Levels), where, sign*t.pods, sign*t.leaving)
		if g.empty() {
			ix.drop(g)
		}
	}
}

// Sweep counts the pods of the next node in turn afresh, and reports whether the
// index had counted others; if so, it takes over the fresh count. It is to be
// called right after a Refresh with All. However an error came about, such as by
// a pod that was changed in place, a sweep of every node ends it.
func (ix *Index) Sweep() (differed bool) {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	if len(ix.slots) == 0 {
		return false
	}
	ix.swept++
	s := &ix.slots[ix.swept%len(ix.slots)]
	if s.node == nil {
		return false
	}
	fresh := ix.tenantsOf(s.info.GetPods())
	if sameTenants(fresh, s.node.tenants) {
		return false
	}
	ix.settle(s.node, s.node.object, s.node.domains, fresh)
	ix.keep(s.node, s.info.GetPods())
	return true
}

// sameTenants compares shares whatever their order.
func sameTenants(a, b []tenant) bool {
	if len(a) != len(b) {
		return false
	}
	for _, t := range a {
		if !slices.Contains(b, t) {
			return false
		}
	}
	return true
}
