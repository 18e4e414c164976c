// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package index

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/backend/cache"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/metrics"
	st "k8s.io/kubernetes/pkg/scheduler/testing"
)

var seed = flag.Uint64("seed", 0, "seed of the random tests; 0 takes the time")

// What is counted in these tests. Racks are numbered within each zone.
var testConfig = Config{
	Levels:   []Level{{Labels: []string{"metal", "kubernetes.io/hostname"}}, {Labels: []string{"rack"}, Nested: true}, {Labels: []string{"zone"}}},
	Identity: Identity{WorkloadKeys: []string{"unit"}, FamilyKeys: []string{"service"}, Kinds: []string{"Job"}},
}

// churn drives a real scheduler cache at random.
type churn struct {
	t        *testing.T
	rnd      *rand.Rand
	cache    cache.Cache
	snapshot *cache.Snapshot
	nodes    []*corev1.Node
	pods     []*corev1.Pod // in the cache; those in assumed are not confirmed
	assumed  map[types.UID]bool
	made     int
}

// TestIndexEqualsRecountUnderChurn compares the index, after every few random
// changes, with a count over all pods of the snapshot.
func TestIndexEqualsRecountUnderChurn(t *testing.T) {
	s := *seed
	if s == 0 {
		s = uint64(time.Now().UnixNano())
	}
	t.Logf("replay with: go test ./plugins/scheduler/replicaspread/index -run %s -args -seed %d", t.Name(), s)
	metrics.Register() // The cache counts its nodes and pods.
	for round := range uint64(4) {
		c := &churn{
			t:        t,
			rnd:      rand.New(rand.NewPCG(s, round)),
			cache:    cache.New(t.Context(), nil, false, false),
			snapshot: cache.NewEmptySnapshot(),
			assumed:  map[types.UID]bool{},
		}
		ix := New(testConfig)
		for step := range 200 {
			for range 1 + c.rnd.IntN(4) {
				c.change()
			}
			if err := c.cache.UpdateSnapshot(klog.Background(), c.snapshot); err != nil {
				t.Fatal(err)
			}
			if c.rnd.IntN(3) == 0 {
				// A hasty cycle in between, which may miss what was not touched.
				ix.Touch(c.nodes[c.rnd.IntN(len(c.nodes))].Name)
				ix.Refresh(c.list(), RefreshOptions{})
			}
			ix.Refresh(c.list(), RefreshOptions{All: true})
			if diff := cmp.Diff(recount(c.list()), countAll(ix, c.list())); diff != "" {
				t.Fatalf("round %d, step %d: the index differs from a recount (-recount +index):\n%s", round, step, diff)
			}
			if diff := ix.Recount(c.list()); diff != 0 {
				t.Fatalf("round %d, step %d: the index finds %d differences from its own recount", round, step, diff)
			}
			if c.rnd.IntN(4) == 0 {
				c.try(ix)
			}
		}
	}
}

func (c *churn) list() []fwk.NodeInfo {
	infos, err := c.snapshot.NodeInfos().List()
	if err != nil {
		c.t.Fatal(err)
	}
	return infos
}

// try places pods on trial, the way a pod group is, lets the index see them and
// withdraws them. The generation of a NodeInfo tells nothing of it.
func (c *churn) try(ix *Index) {
	infos := c.list()
	if len(infos) == 0 {
		return
	}
	var tried []*corev1.Pod
	for range 1 + c.rnd.IntN(3) {
		pod := c.newPod(infos[c.rnd.IntN(len(infos))].Node().Name)
		info, err := framework.NewPodInfo(pod)
		if err != nil {
			c.t.Fatal(err)
		}
		if err := c.snapshot.AssumePod(info); err != nil {
			c.t.Fatal(err)
		}
		tried = append(tried, pod)
		ix.Refresh(c.list(), RefreshOptions{OnTrial: true})
		if diff := cmp.Diff(recount(infos), countAll(ix, infos)); diff != "" {
			c.t.Fatalf("with pods on trial, the index differs from a recount (-recount +index):\n%s", diff)
		}
		if c.rnd.IntN(2) == 0 {
			if err := c.snapshot.ForgetPod(klog.Background(), pod); err != nil {
				c.t.Fatal(err)
			}
			tried = tried[:len(tried)-1]
		}
	}
	for _, pod := range slices.Backward(tried) {
		if err := c.snapshot.ForgetPod(klog.Background(), pod); err != nil {
			c.t.Fatal(err)
		}
	}
}

// change makes one random change to the cache.
func (c *churn) change() {
	logger := klog.Background()
	must := func(err error) {
		if err != nil {
			c.t.Helper()
			c.t.Fatal(err)
		}
	}
	if len(c.nodes) < 3 || c.rnd.IntN(20) == 0 {
		c.made++
		node := c.newNode(fmt.Sprintf("node-%d", c.made))
		c.nodes = append(c.nodes, node)
		c.cache.AddNode(logger, node)
		return
	}
	at := c.rnd.IntN(len(c.nodes))
	if len(c.pods) == 0 || c.rnd.IntN(3) == 0 {
		pod := c.newPod(c.nodes[at].Name)
		must(c.cache.AssumePod(logger, pod))
		c.pods, c.assumed[pod.UID] = append(c.pods, pod), true
		return
	}
	i := c.rnd.IntN(len(c.pods))
	pod := c.pods[i]
	switch c.rnd.IntN(8) {
	case 0: // The node is relabelled, or only its object replaced.
		node := c.newNode(c.nodes[at].Name)
		c.cache.UpdateNode(logger, c.nodes[at], node)
		c.nodes[at] = node
	case 1: // The node is lost; its pods stay in the cache until they are deleted.
		must(c.cache.RemoveNode(logger, c.nodes[at]))
		c.nodes = slices.Delete(c.nodes, at, at+1)
	case 2: // A node returns under the name of a lost one.
		name := fmt.Sprintf("node-%d", 1+c.rnd.IntN(c.made))
		if !slices.ContainsFunc(c.nodes, func(n *corev1.Node) bool { return n.Name == name }) {
			c.nodes = append(c.nodes, c.newNode(name))
			c.cache.AddNode(logger, c.nodes[len(c.nodes)-1])
		}
	case 3, 4: // Placed in vain, or deleted.
		if c.assumed[pod.UID] {
			must(c.cache.ForgetPod(logger, pod))
		} else {
			must(c.cache.RemovePod(logger, pod))
		}
		c.pods = slices.Delete(c.pods, i, i+1)
		delete(c.assumed, pod.UID)
	case 5: // Bound.
		if c.assumed[pod.UID] {
			must(c.cache.AddPod(logger, pod))
			delete(c.assumed, pod.UID)
		}
	default: // Shutting down.
		if !c.assumed[pod.UID] {
			leaving := pod.DeepCopy()
			leaving.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)}
			must(c.cache.UpdatePod(logger, pod, leaving))
			c.pods[i] = leaving
		}
	}
}

func (c *churn) newNode(name string) *corev1.Node {
	w := st.MakeNode().Name(name).Label("kubernetes.io/hostname", name)
	for label, n := range map[string]int{"metal": 4, "rack": 3, "zone": 2} {
		if c.rnd.IntN(4) > 0 {
			w.Label(label, fmt.Sprintf("%s-%d", label, c.rnd.IntN(n)))
		}
	}
	return w.Obj()
}

func (c *churn) newPod(node string) *corev1.Pod {
	c.made++
	name := fmt.Sprintf("pod-%d", c.made)
	w := st.MakePod().Namespace("ns").Name(name).UID(name).Node(node)
	owner, kind := fmt.Sprintf("owner-%d", c.rnd.IntN(4)), "StatefulSet"
	if c.rnd.IntN(6) == 0 {
		w.Label("unit", fmt.Sprint(c.rnd.IntN(2))) // Counted by its label, whoever owns it.
	}
	if c.rnd.IntN(4) == 0 {
		w.Label("service", fmt.Sprint(c.rnd.IntN(2))) // A workload may have pods of several families.
	}
	switch c.rnd.IntN(6) {
	case 0:
		return w.Obj() // No owner: not counted without the label.
	case 1:
		kind = "DaemonSet" // Nor this, unless the pod names a cap.
		if c.rnd.IntN(2) == 0 {
			w.Annotation("spread.evenkeel.io/max-per-rack", "1")
		}
	case 2:
		kind = "Job" // Counted, as the configuration says.
	case 3, 4:
		hash := fmt.Sprintf("rev%d", c.rnd.IntN(3))
		w.Label("pod-template-hash", hash)
		owner, kind = owner+"-"+hash, "ReplicaSet"
	}
	pod := w.OwnerReference(owner, schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: kind}).Obj()
	pod.OwnerReferences[0].UID = types.UID(kind + " " + owner)
	return pod
}
