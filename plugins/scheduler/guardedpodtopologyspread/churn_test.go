// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package guardedpodtopologyspread

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework"
)

// churn changes a cluster at random.
type churn struct {
	*cluster
	r       *random
	nodes   []*corev1.Node
	pods    []*corev1.Pod // in the cache; those in assumed are not confirmed
	assumed map[types.UID]bool
	waiting []*corev1.Pod // nominated
	made    int
}

const (
	maxNodes = 14
	maxPods  = 50
)

// change makes one random change.
func (c *churn) change() {
	logger := klog.Background()
	if len(c.nodes) < 5 || len(c.nodes) < maxNodes && c.r.percent(9) {
		c.made++
		c.addNode(fmt.Sprintf("node-%d", c.made))
		return
	}
	at := c.r.IntN(len(c.nodes))
	if len(c.pods) == 0 || len(c.pods) < maxPods && c.r.percent(35) {
		pod := c.r.pod()
		pod.Spec.NodeName = c.nodes[at].Name
		must(c.tb, c.cache.AssumePod(logger, pod))
		c.pods, c.assumed[pod.UID] = append(c.pods, pod), true
		return
	}
	i := c.r.IntN(len(c.pods))
	pod := c.pods[i]
	switch c.r.IntN(10) {
	case 0: // The node is relabelled, or only its object replaced.
		node := c.r.node(c.nodes[at].Name)
		c.cache.UpdateNode(logger, c.nodes[at], node)
		c.nodes[at] = node
	case 1: // The node is lost; its pods stay in the cache until they are deleted.
		must(c.tb, c.cache.RemoveNode(logger, c.nodes[at]))
		c.nodes = slices.Delete(c.nodes, at, at+1)
	case 2: // A node returns under the name of a lost one.
		name := fmt.Sprintf("node-%d", 1+c.r.IntN(c.made))
		if !slices.ContainsFunc(c.nodes, func(n *corev1.Node) bool { return n.Name == name }) {
			c.addNode(name)
		}
	case 3, 4, 5: // Placed in vain, or deleted.
		if c.assumed[pod.UID] {
			must(c.tb, c.cache.ForgetPod(logger, pod))
		} else {
			must(c.tb, c.cache.RemovePod(logger, pod))
		}
		c.pods = slices.Delete(c.pods, i, i+1)
		delete(c.assumed, pod.UID)
	case 6: // Bound.
		if c.assumed[pod.UID] {
			must(c.tb, c.cache.AddPod(logger, pod))
			delete(c.assumed, pod.UID)
		}
	case 7: // Relabelled, or shutting down, so that it does not count.
		if !c.assumed[pod.UID] {
			changed := pod.DeepCopy()
			if c.r.percent(50) {
				changed.Labels = c.r.labels(labelKeys, labelValues)
			} else {
				changed.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)}
			}
			must(c.tb, c.cache.UpdatePod(logger, pod, changed))
			c.pods[i] = changed
		}
	case 8:
		pod := c.r.pod()
		c.waiting = append(c.waiting, pod)
		c.nominated.nominate(c.tb, pod, c.nodes[at].Name)
	default:
		if len(c.waiting) > 0 {
			c.nominated.DeleteNominatedPodIfExists(c.waiting[0])
			c.waiting = c.waiting[1:]
		}
	}
}

func (c *churn) addNode(name string) {
	node := c.r.node(name)
	c.nodes = append(c.nodes, node)
	c.cache.AddNode(klog.Background(), node)
}

// tryPlacing places pods on trial, the way a pod group is, and withdraws them.
// The generation of a NodeInfo tells nothing of it. The snapshot is looked at
// after each step, save now and then.
func (c *churn) tryPlacing(look func()) {
	infos := c.cluster.nodes()
	var tried []*corev1.Pod
	forget := func() {
		must(c.tb, c.snapshot.ForgetPod(klog.Background(), tried[len(tried)-1]))
		tried = tried[:len(tried)-1]
	}
	for range 1 + c.r.IntN(4) {
		pod := grouped(c.r.pod())
		pod.Spec.NodeName = pick(c.r, infos).Node().Name
		info, err := framework.NewPodInfo(pod)
		must(c.tb, err)
		must(c.tb, c.snapshot.AssumePod(info))
		tried = append(tried, pod)
		if c.r.percent(80) {
			look()
		}
		if c.r.percent(40) {
			forget()
		}
	}
	for len(tried) > 0 {
		forget()
	}
}

// tryPreempting removes pods from the snapshot on trial, the way the preemption
// for a pod group does, puts some back, and ends the trial.
func (c *churn) tryPreempting(look func()) {
	must(c.tb, c.snapshot.StartMutations())
	var removed []fwk.PodInfo
	for _, info := range c.cluster.nodes() {
		for _, pod := range slices.Clone(info.GetPods()) {
			if c.r.percent(30) {
				must(c.tb, c.snapshot.RemovePod(klog.Background(), pod.GetPod(), info.Node().Name))
				removed = append(removed, pod)
			}
		}
	}
	look()
	for _, pod := range removed {
		if c.r.percent(50) {
			must(c.tb, c.snapshot.AddPod(pod, pod.GetPod().Spec.NodeName))
		}
	}
	if c.r.percent(50) {
		look()
	}
	must(c.tb, c.snapshot.EndMutations())
}
