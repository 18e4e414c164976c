// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package constraints

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	corev1helpers "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
	"k8s.io/klog/v2"
)

// Cluster is a placement.
type Cluster struct {
	Nodes      []corev1.Node
	Namespaces []corev1.Namespace
	// Pods that have no node yet are passed over.
	Pods []corev1.Pod
}

// Violations returns what the placement breaks, one sentence each; none if it
// keeps everything. It takes the placement for the end of a story in which pods
// only ever arrived and nothing was relabelled: a constraint is only required to
// hold when its pod is placed, and later departures may break it rightly.
func (c Cluster) Violations() []string {
	j := newJudge(c)
	var found []string
	for _, pod := range j.pods {
		for _, check := range []func(*corev1.Pod) []string{j.onAllowedNode, j.apart, j.together, j.spread} {
			for _, what := range check(pod) {
				found = append(found, fmt.Sprintf("pod %s on node %s: %s", klog.KObj(pod), pod.Spec.NodeName, what))
			}
		}
	}
	return append(found, j.overfull()...)
}

// Overfull returns the nodes whose pods do not fit. It holds at any time.
func (c Cluster) Overfull() []string { return newJudge(c).overfull() }

type judge struct {
	nodes      map[string]*corev1.Node
	namespaces map[string]labels.Set
	pods       []*corev1.Pod
}

func newJudge(c Cluster) *judge {
	j := &judge{nodes: map[string]*corev1.Node{}, namespaces: map[string]labels.Set{}}
	for i := range c.Nodes {
		j.nodes[c.Nodes[i].Name] = &c.Nodes[i]
	}
	for i := range c.Namespaces {
		j.namespaces[c.Namespaces[i].Name] = c.Namespaces[i].Labels
	}
	for i := range c.Pods {
		if c.Pods[i].Spec.NodeName != "" {
			j.pods = append(j.pods, &c.Pods[i])
		}
	}
	return j
}

// domain returns the domain of a placed pod.
func (j *judge) domain(pod *corev1.Pod, key string) (string, bool) {
	node := j.nodes[pod.Spec.NodeName]
	if node == nil {
		return "", false
	}
	value, ok := node.Labels[key]
	return value, ok
}

func (j *judge) onAllowedNode(pod *corev1.Pod) []string {
	node := j.nodes[pod.Spec.NodeName]
	if node == nil {
		return []string{"there is no such node"}
	}
	var found []string
	if ok, err := nodeaffinity.GetRequiredNodeAffinity(pod).Match(node); err != nil || !ok {
		found = append(found, "its node selector or node affinity does not match the node")
	}
	if taint, untolerated := untoleratedTaint(pod, node); untolerated {
		found = append(found, fmt.Sprintf("it does not tolerate the taint %s", taint.ToString()))
	}
	return found
}

func untoleratedTaint(pod *corev1.Pod, node *corev1.Node) (corev1.Taint, bool) {
	return corev1helpers.FindMatchingUntoleratedTaint(klog.Background(), node.Spec.Taints, pod.Spec.Tolerations, func(t *corev1.Taint) bool {
		return t.Effect == corev1.TaintEffectNoSchedule || t.Effect == corev1.TaintEffectNoExecute
	}, false)
}

func (j *judge) overfull() []string {
	used := map[string]corev1.ResourceList{}
	add := func(node string, name corev1.ResourceName, list corev1.ResourceList) {
		sum, quantity := used[node][name], list[name]
		sum.Add(quantity)
		used[node][name] = sum
	}
	one := corev1.ResourceList{corev1.ResourcePods: *oneQuantity}
	for _, pod := range j.pods {
		node := pod.Spec.NodeName
		if used[node] == nil {
			used[node] = corev1.ResourceList{}
		}
		add(node, corev1.ResourcePods, one)
		for i := range pod.Spec.Containers {
			requests := pod.Spec.Containers[i].Resources.Requests
			for name := range requests {
				add(node, name, requests)
			}
		}
	}
	var found []string
	for name, list := range used {
		node := j.nodes[name]
		if node == nil {
			continue
		}
		for resource, sum := range list {
			if room, ok := node.Status.Allocatable[resource]; !ok || sum.Cmp(room) > 0 {
				found = append(found, fmt.Sprintf("node %s: its pods ask for %s of %s and it has %s", name, sum.String(), resource, room.String()))
			}
		}
	}
	slices.Sort(found)
	return found
}

// selects reports whether a label selector of the API selects the labels. Without
// a selector it selects nothing, as in affinity terms and spread constraints.
func selects(selector *metav1.LabelSelector, set map[string]string) bool {
	s, err := metav1.LabelSelectorAsSelector(selector)
	return err == nil && s.Matches(labels.Set(set))
}
