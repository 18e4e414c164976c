// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package podindex

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/backend/cache"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/metrics"
	st "k8s.io/kubernetes/pkg/scheduler/testing"
)

var seed = flag.Uint64("seed", 0, "seed of the random tests; 0 takes the time")

// keys are tracked one after the other. No pod has the last.
var keys = []string{"app", "tier", "none"}

// churn drives a real scheduler cache at random.
type churn struct {
	*testing.T
	*rand.Rand
	cache    cache.Cache
	snapshot *cache.Snapshot
	nodes    map[string]*corev1.Node
	pods     map[string]*corev1.Pod
	made     int
}

// TestNodesEqualASearchUnderChurn compares the index, after every few random
// changes, with a search through all pods of the snapshot.
func TestNodesEqualASearchUnderChurn(t *testing.T) {
	s := *seed
	if s == 0 {
		s = uint64(time.Now().UnixNano())
	}
	t.Logf("replay with: go test ./plugins/scheduler/podindex -run %s -args -seed %d", t.Name(), s)
	metrics.Register() // The cache counts its nodes and pods.
	for round := range uint64(4) {
		c := &churn{
			T: t, Rand: rand.New(rand.NewPCG(s, round)),
			cache: cache.New(t.Context(), nil, false, false), snapshot: cache.NewEmptySnapshot(),
			nodes: map[string]*corev1.Node{}, pods: map[string]*corev1.Pod{},
		}
		ix := New()
		for step := range 300 {
			for range 1 + c.IntN(4) {
				c.change()
			}
			if err := c.cache.UpdateSnapshot(klog.Background(), c.snapshot); err != nil {
				t.Fatal(err)
			}
			tracked := keys[:min(1+step/50, len(keys))]
			for _, key := range tracked {
				ix.Track(key, time.Now())
			}
			for _, l := range layouts {
				ix.TrackLayout(l, time.Now())
			}
			ix.Refresh(c.list(), false)
			c.compare(ix, tracked)
			c.compareSpread(ix, tracked)
			if !ix.TrackTopology("zone", time.Now()) {
				t.Fatal("there is no room for a topology key")
			}
			c.compareDomains(ix)
			if c.IntN(4) == 0 {
				c.try(ix, tracked)
			}
		}
	}
}

func (c *churn) list() []fwk.NodeInfo {
	infos, err := c.snapshot.NodeInfos().List()
	if err != nil {
		c.Fatal(err)
	}
	return infos
}

// compare asks for random values of the keys.
func (c *churn) compare(ix *Index, tracked []string) {
	c.Helper()
	var queries []Query
	for _, key := range tracked {
		q := Query{Key: key}
		for range 1 + c.IntN(2) {
			q.Values = append(q.Values, Value{Namespace: c.namespace(), Value: c.value()})
		}
		queries = append(queries, q)
	}
	var want, got []string
	for _, info := range c.list() {
		if slices.ContainsFunc(info.GetPods(), func(p fwk.PodInfo) bool { return asked(queries, p.GetPod()) }) {
			want = append(want, info.Node().Name)
		}
	}
	for _, info := range ix.Nodes(queries) {
		got = append(got, info.Node().Name)
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(want, got) {
		c.Fatalf("nodes of %v: got %v, want %v", queries, got, want)
	}
}

// compareDomains counts the zones of the nodes.
func (c *churn) compareDomains(ix *Index) {
	c.Helper()
	zones, without := map[string]bool{}, false
	for _, info := range c.list() {
		if zone, ok := info.Node().Labels["zone"]; ok {
			zones[zone] = true
		} else {
			without = true
		}
	}
	if values, someWithout := ix.Domains("zone"); values != len(zones) || someWithout != without {
		c.Fatalf("%d zones, and %v that there are nodes without: want %d and %v", values, someWithout, len(zones), without)
	}
}

func asked(queries []Query, pod *corev1.Pod) bool {
	return slices.ContainsFunc(queries, func(q Query) bool {
		label, ok := pod.Labels[q.Key]
		return ok && slices.Contains(q.Values, Value{Namespace: pod.Namespace, Value: label})
	})
}

// try places pods on trial, the way a pod group is, lets the index see them and
// withdraws them. The generation of a NodeInfo tells nothing of it.
func (c *churn) try(ix *Index, tracked []string) {
	if len(c.nodes) == 0 {
		return
	}
	pod := c.newPod()
	info, err := framework.NewPodInfo(pod)
	if err != nil {
		c.Fatal(err)
	}
	if err := c.snapshot.AssumePod(info); err != nil {
		c.Fatal(err)
	}
	ix.Refresh(c.list(), true)
	c.compare(ix, tracked)
	if err := c.snapshot.ForgetPod(klog.Background(), pod); err != nil {
		c.Fatal(err)
	}
	ix.Refresh(c.list(), false)
	c.compare(ix, tracked)
}

func (c *churn) namespace() string { return fmt.Sprintf("ns-%d", c.IntN(2)) }
func (c *churn) value() string     { return fmt.Sprint(c.IntN(6)) }

func pick[T any](c *churn, m map[string]T) T {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return m[names[c.IntN(len(names))]]
}

func (c *churn) newPod() *corev1.Pod {
	c.made++
	pod := st.MakePod().Namespace(c.namespace()).Name(fmt.Sprintf("pod-%d", c.made)).UID(fmt.Sprintf("pod-%d", c.made)).Node(pick(c, c.nodes).Name)
	for _, key := range keys[:2] {
		if c.IntN(4) > 0 {
			pod.Label(key, c.value())
		}
	}
	return pod.Obj()
}

// label gives most nodes a zone, and some a host, a pool, a size and taints.
func (c *churn) label(node *st.NodeWrapper) *st.NodeWrapper {
	if c.IntN(6) > 0 {
		node.Label("zone", c.value())
	}
	for key, values := range map[string]int{"host": 100, "pool": 2, "size": 2} {
		if c.IntN(3) > 0 {
			node.Label(key, fmt.Sprint(c.IntN(values)))
		}
	}
	if c.IntN(8) == 0 {
		node.Label("pool", "") // Legal, and something else than no label.
	}
	if c.IntN(3) == 0 {
		effects := []corev1.TaintEffect{corev1.TaintEffectNoSchedule, corev1.TaintEffectNoExecute}
		node.Taints([]corev1.Taint{{Key: fmt.Sprint("for-", c.IntN(2)), Value: fmt.Sprint(c.IntN(2)), Effect: effects[c.IntN(2)]}})
	}
	return node
}

func (c *churn) change() {
	logger := klog.Background()
	var err error
	switch n := c.IntN(20); {
	case len(c.nodes) == 0 || n == 0:
		c.made++
		node := c.label(st.MakeNode().Name(fmt.Sprintf("node-%d", c.made))).Obj()
		c.nodes[node.Name] = node
		c.cache.AddNode(logger, node)
	case n == 1:
		// Its pods stay in the cache, on no node, until they are deleted too.
		node := pick(c, c.nodes)
		delete(c.nodes, node.Name)
		for name, pod := range c.pods {
			if pod.Spec.NodeName == node.Name && err == nil {
				delete(c.pods, name)
				err = c.cache.RemovePod(logger, pod)
			}
		}
		if err == nil {
			err = c.cache.RemoveNode(logger, node)
		}
	case n == 2:
		old := pick(c, c.nodes)
		changed := c.label(st.MakeNode().Name(old.Name)).Obj()
		c.nodes[old.Name] = changed
		c.cache.UpdateNode(logger, old, changed)
	case n < 12 || len(c.pods) == 0:
		pod := c.newPod()
		c.pods[pod.Name] = pod
		err = c.cache.AddPod(logger, pod)
	case n < 15:
		old := pick(c, c.pods)
		changed := old.DeepCopy()
		changed.Labels = map[string]string{"app": c.value()}
		c.pods[old.Name] = changed
		err = c.cache.UpdatePod(logger, old, changed)
	default:
		pod := pick(c, c.pods)
		delete(c.pods, pod.Name)
		err = c.cache.RemovePod(logger, pod)
	}
	if err != nil {
		c.Fatal(err)
	}
}

// TestKeysAreBounded asks for a key too many: the one that was not asked for for
// the longest time goes.
func TestKeysAreBounded(t *testing.T) {
	ix, start := New(), time.Unix(0, 0)
	for i := range MaxKeys {
		ix.Track(fmt.Sprint(i), start.Add(time.Duration(i)))
	}
	ix.Track("0", start.Add(time.Hour))
	ix.Track("one more", start.Add(time.Hour))
	for key, want := range map[string]bool{"0": true, "1": false, "2": true, "one more": true} {
		if got := ix.keys[key] != nil; got != want {
			t.Errorf("key %s is known: %v, want %v", key, got, want)
		}
	}
	if len(ix.keys) != MaxKeys || len(ix.used) != MaxKeys {
		t.Errorf("%d keys are known, and the use of %d, want %d", len(ix.keys), len(ix.used), MaxKeys)
	}
}

// TestTopologiesAreBounded asks for a topology key too many, and waits until nobody
// asks for the others.
func TestTopologiesAreBounded(t *testing.T) {
	info := framework.NewNodeInfo()
	info.SetNode(st.MakeNode().Name("n").Label("0", "x").Obj())
	ix, start := New(), time.Unix(0, 0)
	ix.Track("app", start.Add(time.Hour))
	ix.Refresh([]fwk.NodeInfo{info}, false)
	for i := range MaxKeys {
		if !ix.TrackTopology(fmt.Sprint(i), start) {
			t.Fatalf("there is no room for topology key %d", i)
		}
	}
	if ix.TrackTopology("one more", start) {
		t.Errorf("%d topology keys are known", MaxKeys+1)
	}
	if values, someWithout := ix.Domains("0"); values != 1 || someWithout {
		t.Errorf("%d values, and %v that there are nodes without, want 1 and false", values, someWithout)
	}
	ix.TrackTopology("3", start.Add(time.Hour))
	ix.Expire(start.Add(1))
	if len(ix.topologies) != 1 || ix.topologies["3"] == nil {
		t.Errorf("%d topology keys are known, want the one that was asked for", len(ix.topologies))
	}
	if !ix.TrackTopology("one more", start.Add(time.Hour)) {
		t.Error("there is no room though nobody asks for the others")
	}
	if values, someWithout := ix.Domains("one more"); values != 0 || !someWithout {
		t.Errorf("%d values, and %v that there are nodes without, want 0 and true", values, someWithout)
	}
}
