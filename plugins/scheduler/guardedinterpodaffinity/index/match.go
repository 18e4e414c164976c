// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package index

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	fwk "k8s.io/kube-scheduler/framework"
)

// Has returns the kinds that placed pods declare, be it in terms that match no
// pod at all.
func (ix *Index) Has() Kinds {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	return ix.has()
}

func (ix *Index) has() Kinds {
	var has Kinds
	for k, n := range ix.declared {
		if n > 0 {
			has |= 1 << k
		}
	}
	return has
}

// Match returns the kinds of which at least one term of a placed pod matches the
// pod. namespaceLabels returns the labels of the pod's namespace; it is called
// only if a term that might match has a namespace selector, at most once, so
// that a namespace that was relabelled counts from the next call on.
func (ix *Index) Match(pod *corev1.Pod, namespaceLabels func() labels.Set) Kinds {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	m := matcher{index: ix, pod: pod, namespaceLabels: namespaceLabels, open: ix.has()}
	if m.open == 0 {
		return 0
	}
	m.visit(anchor{})
	m.visit(anchor{namespace: pod.Namespace})
	for key, value := range pod.Labels {
		if m.open == 0 {
			break
		}
		m.visit(anchor{key: key, value: value})
		m.visit(anchor{namespace: pod.Namespace, key: key, value: value})
	}
	return m.found
}

// NodesOf returns the nodes with a pod that has a term of one of the kinds that
// matches the pod, as of the last Refresh, each once and in no order. See Match.
func (ix *Index) NodesOf(pod *corev1.Pod, of Kinds, namespaceLabels func() labels.Set) []fwk.NodeInfo {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	m := matcher{index: ix, pod: pod, namespaceLabels: namespaceLabels, open: ix.has() & of, collects: true}
	if m.open == 0 {
		return nil
	}
	ix.answer++
	m.visit(anchor{})
	m.visit(anchor{namespace: pod.Namespace})
	for key, value := range pod.Labels {
		m.visit(anchor{key: key, value: value})
		m.visit(anchor{namespace: pod.Namespace, key: key, value: value})
	}
	return m.nodes
}

// matcher compares one pod with classes.
type matcher struct {
	index           *Index
	pod             *corev1.Pod
	namespaceLabels func() labels.Set

	// found are the kinds that matched, open those that may still.
	found, open Kinds
	// collects says that all matches of the open kinds are wanted, and the nodes
	// of those who declare them.
	collects bool
	nodes    []fwk.NodeInfo

	namespace       labels.Set
	namespaceIsRead bool
}

// visit compares the pod with the classes that are posted under an anchor, save
// those that could tell nothing new.
func (m *matcher) visit(a anchor) {
	for _, c := range m.index.postings[a] {
		if c.kinds&m.open == 0 || !m.matches(c) {
			continue
		}
		m.found |= c.kinds
		if m.collects {
			m.collect(c)
		} else {
			m.open &^= c.kinds
		}
	}
}

// collect adds the nodes of a class.
func (m *matcher) collect(c *class) {
	for d := range c.declarations {
		if d.kinds&m.open == 0 {
			continue
		}
		for n := range d.nodes {
			if n.answer != m.index.answer {
				n.answer = m.index.answer
				m.nodes = append(m.nodes, m.index.slots[n.slot].info)
			}
		}
	}
}

// matches says what AffinityTerm.Matches would say with the labels of the pod's
// namespace.
func (m *matcher) matches(c *class) bool {
	if !c.term.Namespaces.Has(m.pod.Namespace) {
		if matchesNoLabels(c.term.NamespaceSelector) {
			return false
		}
		if !m.namespaceIsRead {
			m.namespace, m.namespaceIsRead = m.namespaceLabels(), true
		}
		if !c.term.NamespaceSelector.Matches(m.namespace) {
			return false
		}
	}
	return c.term.Selector.Matches(labels.Set(m.pod.Labels))
}
