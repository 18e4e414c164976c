// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replicaspread

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/backend/cache"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	frameworkruntime "k8s.io/kubernetes/pkg/scheduler/framework/runtime"
	st "k8s.io/kubernetes/pkg/scheduler/testing"
)

var seed = flag.Uint64("seed", 0, "seed of the random tests; 0 takes the time")

// capCase is a random cluster, with a pod that declares caps.
type capCase struct {
	t     *testing.T
	rnd   *rand.Rand
	pl    *ReplicaSpread
	nodes []string
	// infos are copies of the snapshot's, which pods are added to and removed from
	// on trial.
	infos map[string]fwk.NodeInfo
	pod   *corev1.Pod
	// replicas is what percentages are of, counted by hand.
	replicas int
	made     int
}

// TestFilterEqualsARecount makes random clusters and pods with random caps, adds
// and removes pods on trial as preemption and nominated pods do, and holds every
// verdict to a count over all pods: whether the node fits, the reasons, and
// whether preemption on that node could help.
func TestFilterEqualsARecount(t *testing.T) {
	s := *seed
	if s == 0 {
		s = uint64(time.Now().UnixNano())
	}
	t.Logf("replay with: go test ./plugins/scheduler/replicaspread -run %s -args -seed %d", t.Name(), s)
	seen := map[fwk.Code]int{}
	for number := range uint64(400) {
		c := newCapCase(t, rand.New(rand.NewPCG(s, number)))
		var state fwk.CycleState = framework.NewCycleState()
		if _, status := c.pl.PreFilter(t.Context(), state, c.pod, nil); !status.IsSuccess() {
			t.Fatalf("case %d: %v", number, status)
		}
		c.check(number, state, seen)
		for range 6 {
			// A clone goes its own way; the state that it is of stays as it was.
			before, infos := state.Clone(), c.copyInfos()
			for range 1 + c.rnd.IntN(5) {
				c.try(state)
			}
			c.check(number, state, seen)
			if c.rnd.IntN(2) == 0 {
				state, c.infos = before, infos
				c.check(number, state, seen)
			}
		}
	}
	for _, code := range []fwk.Code{fwk.Success, fwk.Unschedulable, fwk.UnschedulableAndUnresolvable} {
		if seen[code] < 100 {
			t.Errorf("only %d verdicts %v: the cases are too much alike", seen[code], code)
		}
	}
}

func newCapCase(t *testing.T, rnd *rand.Rand) *capCase {
	t.Helper()
	c := &capCase{t: t, rnd: rnd, infos: map[string]fwk.NodeInfo{}}
	var nodes []*corev1.Node
	for i := range 2 + rnd.IntN(8) {
		w := st.MakeNode().Name(fmt.Sprintf("node-%d", i))
		for label, n := range map[string]int{"metal": 5, "rack": 3, corev1.LabelTopologyZone: 2} {
			if rnd.IntN(6) > 0 {
				w.Label(label, fmt.Sprint(rnd.IntN(n)))
			}
		}
		nodes = append(nodes, w.Obj())
		c.nodes = append(c.nodes, nodes[i].Name)
	}
	var pods []*corev1.Pod
	for range rnd.IntN(25) {
		pods = append(pods, c.newPod(c.nodes[rnd.IntN(len(nodes))]))
	}
	snapshot := cache.NewSnapshot(pods, nodes)
	factory := informers.NewSharedInformerFactory(fake.NewClientset(), 0)
	handle, err := frameworkruntime.NewFramework(t.Context(), nil, nil,
		frameworkruntime.WithSnapshotSharedLister(snapshot), frameworkruntime.WithInformerFactory(factory))
	if err != nil {
		t.Fatal(err)
	}
	args := testArgs()
	args.Levels[1].Nested = true
	args.WorkloadKeys = []string{"unit"}
	pl, err := New(t.Context(), args, handle)
	if err != nil {
		t.Fatal(err)
	}
	c.pl = pl.(*ReplicaSpread)

	c.pod = c.newPod("")
	c.pod.DeletionTimestamp = nil
	for _, level := range []string{"host", "rack", "zone"} {
		switch rnd.IntN(4) {
		case 0:
			withCaps(c.pod, level, fmt.Sprint(1+rnd.IntN(4)))
		case 1:
			withCaps(c.pod, level, fmt.Sprintf("%d%%", 1+rnd.IntN(100)))
		}
	}
	if len(c.pod.Annotations) == 0 {
		withCaps(c.pod, "rack", "1")
	}
	// The API server has the placed pods, this one, and more that wait.
	exist := append(slices.Clone(pods), c.pod)
	for range rnd.IntN(10) {
		exist = append(exist, c.newPod(""))
	}
	inAPI, inCluster := 0, 1
	for _, pod := range exist {
		if rnd.IntN(2) == 0 {
			pod.Annotations = c.pod.Annotations
		}
		if err := factory.Core().V1().Pods().Informer().GetStore().Add(pod); err != nil {
			t.Fatal(err)
		}
		if c.same(pod) {
			if hasPercentage(pod) {
				inAPI++
			}
			if pod.Spec.NodeName != "" {
				inCluster++
			}
		}
	}
	c.replicas = max(inAPI, inCluster)
	for _, name := range c.nodes {
		info, err := snapshot.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		c.infos[name] = info.Snapshot()
	}
	return c
}

func (c *capCase) newPod(node string) *corev1.Pod {
	c.made++
	pod := placed(replica(fmt.Sprintf("pod-%d", c.made), fmt.Sprintf("db-%d", c.rnd.IntN(2))), node, int32(c.rnd.IntN(3)))
	if c.rnd.IntN(3) == 0 {
		pod.Labels["unit"] = fmt.Sprint(c.rnd.IntN(2))
	}
	if c.rnd.IntN(8) == 0 {
		terminating(pod)
	}
	return pod
}

func (c *capCase) copyInfos() map[string]fwk.NodeInfo {
	infos := map[string]fwk.NodeInfo{}
	for name, info := range c.infos {
		infos[name] = info.Snapshot()
	}
	return infos
}

// try adds a pod to a node or removes one.
func (c *capCase) try(state fwk.CycleState) {
	info := c.infos[c.nodes[c.rnd.IntN(len(c.nodes))]]
	if pods := info.GetPods(); len(pods) > 0 && c.rnd.IntN(2) == 0 {
		pod := pods[c.rnd.IntN(len(pods))]
		if err := info.RemovePod(klog.Background(), pod.GetPod()); err != nil {
			c.t.Fatal(err)
		}
		if status := c.pl.RemovePod(c.t.Context(), state, c.pod, pod, info); !status.IsSuccess() {
			c.t.Fatal(status)
		}
		return
	}
	pod := mustPodInfo(c.t, c.newPod(info.Node().Name))
	info.AddPodInfo(pod)
	if status := c.pl.AddPod(c.t.Context(), state, c.pod, pod, info); !status.IsSuccess() {
		c.t.Fatal(status)
	}
}

// check compares the verdict for every node.
func (c *capCase) check(number uint64, state fwk.CycleState, seen map[fwk.Code]int) {
	c.t.Helper()
	for _, name := range c.nodes {
		status := c.pl.Filter(c.t.Context(), state, c.pod, c.infos[name])
		wantCode, wantLevels := c.verdict(name)
		var levels []string
		if status != nil {
			for _, reason := range status.Reasons() {
				level, _, _ := strings.Cut(strings.TrimPrefix(reason, "node(s) would exceed max-per-"), " ")
				levels = append(levels, level)
			}
		}
		if status.Code() != wantCode || !slices.Equal(levels, wantLevels) {
			c.t.Fatalf("case %d, node %s, caps %v, %d replicas: got %v %v, want %v %v",
				number, name, c.pod.Annotations, c.replicas, status.Code(), levels, wantCode, wantLevels)
		}
		seen[wantCode]++
	}
}

// verdict says by a count over all pods what the verdict for a node is.
func (c *capCase) verdict(node string) (fwk.Code, []string) {
	exceeded := c.exceeded(node, func(*corev1.Pod) bool { return true })
	if len(exceeded) == 0 {
		return fwk.Success, nil
	}
	// As preemption begins: without all pods of lower priority on the node.
	rest := c.exceeded(node, func(pod *corev1.Pod) bool {
		return pod.Spec.NodeName != node || *pod.Spec.Priority >= *c.pod.Spec.Priority
	})
	if len(rest) == 0 {
		return fwk.Unschedulable, exceeded
	}
	return fwk.UnschedulableAndUnresolvable, exceeded
}

// exceeded returns the levels whose caps the pod would exceed on a node, counting
// some pods.
func (c *capCase) exceeded(node string, counts func(*corev1.Pod) bool) []string {
	var levels []string
	for i, level := range []string{"host", "rack", "zone"} {
		value, ok := c.pod.Annotations["spread.evenkeel.io/max-per-"+level]
		if !ok {
			continue
		}
		most, n := 0, 1
		if _, err := fmt.Sscanf(value, "%d", &most); err != nil {
			c.t.Fatal(err)
		}
		if strings.HasSuffix(value, "%") {
			// The least number that is not below the percentage.
			percent := most
			for most = 0; most*100 < c.replicas*percent; {
				most++
			}
		}
		for _, info := range c.infos {
			for _, other := range info.GetPods() {
				if c.domain(i, info.Node()) == c.domain(i, c.infos[node].Node()) && c.same(other.GetPod()) && counts(other.GetPod()) {
					n++
				}
			}
		}
		if n > most {
			levels = append(levels, level)
		}
	}
	return levels
}

// same reports whether a pod is one of the workload and counts.
func (c *capCase) same(pod *corev1.Pod) bool {
	if pod.DeletionTimestamp != nil {
		return false
	}
	if unit := c.pod.Labels["unit"]; unit != "" || pod.Labels["unit"] != "" {
		return pod.Labels["unit"] == unit
	}
	return pod.OwnerReferences[0].UID == c.pod.OwnerReferences[0].UID
}

func (c *capCase) domain(level int, node *corev1.Node) string {
	metal, rack, zone := node.Labels["metal"], node.Labels["rack"], node.Labels[corev1.LabelTopologyZone]
	switch {
	case level == 0 && metal != "":
		return "machine " + metal
	case level == 1 && rack != "":
		return "rack " + rack + " in " + zone
	case level == 2 && zone != "":
		return "zone " + zone
	}
	return "node " + node.Name
}
