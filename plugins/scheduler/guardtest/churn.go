// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package guardtest

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

// Limits say how large a cluster becomes.
type Limits struct {
	// LeastNodes are there before anything else changes.
	LeastNodes, MostNodes int
	// NewNodes is the probability, in percent, that a change is a further node.
	NewNodes int
	MostPods int
}

// churn changes the cluster of a round at random.
type churn struct {
	Round
	r       *Random
	changes []func(at, i int)

	nodes   []*corev1.Node
	pods    []*corev1.Pod // in the cache; those in assumed are not confirmed
	assumed map[types.UID]bool
	waiting []*corev1.Pod // nominated
	made    int           // nodes that were given a name
}

func newChurn(round Round, r *Random) *churn {
	c := &churn{Round: round, r: r, assumed: map[types.UID]bool{}}
	c.changes = []func(at, i int){c.replaceNode, c.loseNode, c.returnNode, c.removePod, c.removePod, c.removePod, c.bindPod, c.updatePod}
	for _, change := range round.Changes {
		c.changes = append(c.changes, func(int, int) { change() })
	}
	c.changes = append(c.changes, c.nominate, c.withdraw)
	return c
}

// change makes one random change: of the node or the pod that is drawn, or another.
func (c *churn) change() {
	if len(c.nodes) < c.LeastNodes || len(c.nodes) < c.MostNodes && c.r.Percent(c.NewNodes) {
		c.made++
		c.makeNode(fmt.Sprintf("node-%d", c.made))
		return
	}
	at := c.r.IntN(len(c.nodes))
	if len(c.pods) == 0 || len(c.pods) < c.MostPods && c.r.Percent(35) {
		pod := c.Placed()
		pod.Spec.NodeName = c.nodes[at].Name
		Must(c.tb, c.cache.AssumePod(klog.Background(), pod))
		c.pods, c.assumed[pod.UID] = append(c.pods, pod), true
		return
	}
	i := c.r.IntN(len(c.pods))
	Pick(c.r, c.changes)(at, i)
}

func (c *churn) makeNode(name string) {
	node := c.Node(name)
	c.nodes = append(c.nodes, node)
	c.AddNode(node)
}

// replaceNode relabels a node, or only replaces its object.
func (c *churn) replaceNode(at, _ int) {
	node := c.Node(c.nodes[at].Name)
	c.cache.UpdateNode(klog.Background(), c.nodes[at], node)
	c.nodes[at] = node
}

// loseNode removes a node. Its pods stay in the cache until they are deleted.
func (c *churn) loseNode(at, _ int) {
	Must(c.tb, c.cache.RemoveNode(klog.Background(), c.nodes[at]))
	c.nodes = slices.Delete(c.nodes, at, at+1)
}

// returnNode adds a node under the name of a lost one.
func (c *churn) returnNode(int, int) {
	name := fmt.Sprintf("node-%d", 1+c.r.IntN(c.made))
	if !slices.ContainsFunc(c.nodes, func(n *corev1.Node) bool { return n.Name == name }) {
		c.makeNode(name)
	}
}

// removePod removes a pod that was placed in vain, or is deleted.
func (c *churn) removePod(_, i int) {
	pod := c.pods[i]
	if c.assumed[pod.UID] {
		Must(c.tb, c.cache.ForgetPod(klog.Background(), pod))
	} else {
		Must(c.tb, c.cache.RemovePod(klog.Background(), pod))
	}
	c.pods = slices.Delete(c.pods, i, i+1)
	delete(c.assumed, pod.UID)
}

// bindPod confirms an assumed pod.
func (c *churn) bindPod(_, i int) {
	pod := c.pods[i]
	if c.assumed[pod.UID] {
		Must(c.tb, c.cache.AddPod(klog.Background(), pod))
		delete(c.assumed, pod.UID)
	}
}

// updatePod relabels a pod, or has it shut down.
func (c *churn) updatePod(_, i int) {
	pod := c.pods[i]
	if c.assumed[pod.UID] {
		return
	}
	changed := pod.DeepCopy()
	if c.r.Percent(50) {
		changed.Labels = c.PodLabels()
	} else {
		changed.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)}
	}
	Must(c.tb, c.cache.UpdatePod(klog.Background(), pod, changed))
	c.pods[i] = changed
}

// nominate has a pod wait for a node.
func (c *churn) nominate(at, _ int) {
	pod := c.Pod()
	c.waiting = append(c.waiting, pod)
	c.Nominate(pod, c.nodes[at].Name)
}

// withdraw ends the nomination that is the oldest.
func (c *churn) withdraw(int, int) {
	if len(c.waiting) > 0 {
		c.nominated.DeleteNominatedPodIfExists(c.waiting[0])
		c.waiting = c.waiting[1:]
	}
}

// tryPlacing places pods on trial, the way a pod group is, and withdraws them.
// The generation of a NodeInfo tells nothing of it. The snapshot is looked at
// after each step, save now and then.
func (c *churn) tryPlacing(look func()) {
	infos := c.Nodes()
	var tried []*corev1.Pod
	forget := func() {
		Must(c.tb, c.Snapshot.ForgetPod(klog.Background(), tried[len(tried)-1]))
		tried = tried[:len(tried)-1]
	}
	for range 1 + c.r.IntN(4) {
		pod := grouped(c.Pod())
		pod.Spec.NodeName = Pick(c.r, infos).Node().Name
		info, err := framework.NewPodInfo(pod)
		Must(c.tb, err)
		Must(c.tb, c.Snapshot.AssumePod(info))
		tried = append(tried, pod)
		if c.r.Percent(80) {
			look()
		}
		if c.r.Percent(40) {
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
	Must(c.tb, c.Snapshot.StartMutations())
	var removed []fwk.PodInfo
	for _, info := range c.Nodes() {
		for _, pod := range slices.Clone(info.GetPods()) {
			if c.r.Percent(30) {
				Must(c.tb, c.Snapshot.RemovePod(klog.Background(), pod.GetPod(), info.Node().Name))
				removed = append(removed, pod)
			}
		}
	}
	look()
	for _, pod := range removed {
		if c.r.Percent(50) {
			Must(c.tb, c.Snapshot.AddPod(pod, pod.GetPod().Spec.NodeName))
		}
	}
	if c.r.Percent(50) {
		look()
	}
	Must(c.tb, c.Snapshot.EndMutations())
}
