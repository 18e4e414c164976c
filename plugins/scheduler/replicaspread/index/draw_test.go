// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package index

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/types"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	st "k8s.io/kubernetes/pkg/scheduler/testing"
)

// room for this many pods of one CPU and 1 GiB is on each node of a hall.
const hallRoom = 8

// hall is a cluster for draws: nodes named zone-rack-number, whose pods a test
// adds. An odd number of racks in zone a, and unequal racks, are the rule in real
// data centres.
type hall struct {
	t     *testing.T
	infos []fwk.NodeInfo
	ix    *Index
	pods  int
}

func newHall(t *testing.T, config Config, zones, racks, nodes int) *hall {
	h := &hall{t: t, ix: New(config)}
	for zone := range zones {
		for rack := range racks {
			for node := range nodes {
				z, r := string(rune('a'+zone)), fmt.Sprintf("r%d", rack)
				h.addNode(st.MakeNode().Name(fmt.Sprintf("%s-%s-%d", z, r, node)).Label("zone", z).Label("rack", r))
			}
		}
	}
	return h
}

func (h *hall) addNode(node *st.NodeWrapper) *framework.NodeInfo {
	info := framework.NewNodeInfo()
	info.SetNode(node.Capacity(map[corev1.ResourceName]string{"cpu": fmt.Sprint(hallRoom), "memory": fmt.Sprintf("%dGi", hallRoom), "pods": "100"}).Obj())
	h.infos = append(h.infos, info)
	return info
}

// place puts a replica of an owner on a node.
func (h *hall) place(owner, node string) {
	h.t.Helper()
	h.placePod(h.pod(owner), node)
}

func (h *hall) placePod(pod *corev1.Pod, node string) {
	h.t.Helper()
	i := slices.IndexFunc(h.infos, func(info fwk.NodeInfo) bool { return info.Node().Name == node })
	if i < 0 {
		h.t.Fatalf("there is no node %s", node)
	}
	pod.Spec.NodeName = node
	h.infos[i].(*framework.NodeInfo).AddPod(pod)
}

func (h *hall) pod(owner string) *corev1.Pod {
	h.pods++
	pod := ownedPod("ReplicaSet", owner, nil)
	pod.Name, pod.UID = fmt.Sprint(owner, h.pods), types.UID(fmt.Sprint(owner, h.pods))
	pod.Spec.Containers = []corev1.Container{{Resources: corev1.ResourceRequirements{
		Requests: corev1.ResourceList{"cpu": resource.MustParse("1"), "memory": resource.MustParse("1Gi")}}}}
	return pod
}

func (h *hall) draw(owner string) *Draw { return h.drawFor(h.pod(owner)) }

// drawFor begins a draw for a pod.
func (h *hall) drawFor(pod *corev1.Pod) *Draw {
	h.ix.Refresh(h.infos, RefreshOptions{All: true})
	w := Wanted{Pod: pod, MilliCPU: 1000, Memory: 1 << 30, FamilyPercent: 25}
	w.Workload, _ = h.ix.WorkloadOf(pod)
	return h.ix.NewDraw(w)
}

func drawn(infos []fwk.NodeInfo) []string {
	var names []string
	for _, info := range infos {
		names = append(names, info.Node().Name)
	}
	return names
}

// racksOf shortens node names to their racks, with the number of nodes.
func racksOf(names []string) map[string]int {
	racks := map[string]int{}
	for _, name := range names {
		racks[name[:strings.LastIndex(name, "-")]]++
	}
	return racks
}

func TestDrawPrefersPlacesWithoutReplicas(t *testing.T) {
	for name, tc := range map[string]struct {
		placed []string
		n      int
		// wantIn are prefixes of which every name has one.
		wantIn []string
		// wantNot are nodes that are not drawn.
		wantNot []string
	}{
		"the only rack without a replica gives most, others the rest": {
			placed:  []string{"a-r0-0", "a-r1-0", "a-r2-0", "b-r0-0", "b-r1-0", "b-r2-0", "b-r2-1"},
			n:       4,
			wantIn:  []string{"a-", "b-"},
			wantNot: []string{"a-r0-0", "a-r1-0", "a-r2-0", "b-r0-0", "b-r1-0", "b-r2-0", "b-r2-1"},
		},
		"zones with a replica are left for the one without": {
			placed: []string{"a-r0-0"},
			n:      4,
			wantIn: []string{"b-"},
		},
		"within a rack, hosts without a replica come first": {
			placed:  []string{"a-r0-0", "a-r1-0", "a-r2-0", "b-r0-0", "b-r1-0", "b-r2-0"},
			n:       12,
			wantNot: []string{"a-r0-0", "a-r1-0", "a-r2-0", "b-r0-0", "b-r1-0", "b-r2-0"},
			wantIn:  []string{"a-", "b-"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHall(t, testConfig, 2, 3, 5)
			for _, node := range tc.placed {
				h.place("web", node)
			}
			got := drawn(h.draw("web").Next(tc.n))
			if len(got) != tc.n {
				t.Errorf("got %d candidates, want %d: %v", len(got), tc.n, got)
			}
			for _, node := range got {
				if !slices.ContainsFunc(tc.wantIn, func(prefix string) bool { return strings.HasPrefix(node, prefix) }) {
					t.Errorf("%s is not in %v", node, tc.wantIn)
				}
				if slices.Contains(tc.wantNot, node) {
					t.Errorf("%s has a replica; got %v", node, got)
				}
			}
		})
	}
}

// TestDrawSpansRacks holds a draw to two nodes of a rack while there are racks
// enough, so that a rack that is full or tainted costs it little.
func TestDrawSpansRacks(t *testing.T) {
	h := newHall(t, testConfig, 3, 10, 4)
	for rack, nodes := range racksOf(drawn(h.draw("web").Next(16))) {
		if nodes > perRack {
			t.Errorf("%d candidates are in rack %s", nodes, rack)
		}
	}
}

// TestDrawsPassOverNodesWithoutRoom draws all there is.
func TestDrawsPassOverNodesWithoutRoom(t *testing.T) {
	h := newHall(t, testConfig, 1, 2, 2)
	for range hallRoom {
		h.place("db", "a-r0-0")
	}
	h.addNode(st.MakeNode().Name("cordoned").Label("zone", "a").Unschedulable(true))
	h.addNode(st.MakeNode().Name("tainted").Label("zone", "a").Taints([]corev1.Taint{{Key: "gpu", Effect: corev1.TaintEffectNoSchedule}}))
	h.addNode(st.MakeNode().Name("disliked").Label("zone", "a").Taints([]corev1.Taint{{Key: "old", Effect: corev1.TaintEffectPreferNoSchedule}}))
	everything := func(d *Draw) []string {
		var all []string
		for range 10 {
			all = append(all, drawn(d.Next(4))...)
		}
		slices.Sort(all)
		return all
	}
	want := []string{"a-r0-1", "a-r1-0", "a-r1-1", "disliked"}
	if got := everything(h.draw("web")); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v: each once", got, want)
	}
	d := h.draw("web")
	d.wanted.Pod.Spec.Tolerations = []corev1.Toleration{{Key: "gpu", Operator: corev1.TolerationOpExists}}
	want = append(want, "tainted")
	if got := everything(d); !slices.Equal(got, want) {
		t.Errorf("with a toleration: got %v, want %v", got, want)
	}
}

// TestDrawsReachEveryNode places pods that are nobody's replicas: each draw goes on
// where the one before it ended, whatever the levels are.
func TestDrawsReachEveryNode(t *testing.T) {
	levels := testConfig.Levels
	for name, config := range map[string]Config{
		"three levels": {Levels: levels},
		"two levels":   {Levels: levels[:2]},
		"one level":    {Levels: levels[:1]},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHall(t, config, 3, 4, 25)
			reached := map[string]int{}
			for range 4 * len(h.infos) / 8 {
				for _, node := range drawn(h.draw("").Next(8)) {
					reached[node]++
				}
			}
			for _, info := range h.infos {
				if n := reached[info.Node().Name]; n == 0 || n > 16 {
					t.Errorf("%s was drawn %d times, want about 4", info.Node().Name, n)
				}
			}
		})
	}
}

// TestDrawsSpreadAsWellAsAFullView places a service by always taking the first
// candidate with the least load, and looks at what it could have been at best.
func TestDrawsSpreadAsWellAsAFullView(t *testing.T) {
	for name, tc := range map[string]struct {
		zones, racks, nodes, replicas int
	}{
		"fewer replicas than racks":       {zones: 3, racks: 40, nodes: 4, replicas: 100},
		"as many replicas as racks":       {zones: 3, racks: 40, nodes: 4, replicas: 120},
		"several replicas in each rack":   {zones: 3, racks: 8, nodes: 20, replicas: 50},
		"as many replicas as nodes":       {zones: 2, racks: 5, nodes: 4, replicas: 40},
		"more replicas than nodes":        {zones: 2, racks: 5, nodes: 4, replicas: 85},
		"racks that one walk cannot span": {zones: 1, racks: 5 * racksLooked, nodes: 2, replicas: 100},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHall(t, testConfig, tc.zones, tc.racks, tc.nodes)
			load := map[string]int{}
			for range tc.replicas {
				var best string
				for _, node := range drawn(h.draw("web").Next(16)) {
					rack := node[:strings.LastIndex(node, "-")]
					weigh := func(node, rack string) int { return 60*load[node] + 25*load[rack] + load[node[:1]] }
					if best == "" || weigh(node, rack) < weigh(best, best[:strings.LastIndex(best, "-")]) {
						best = node
					}
				}
				h.place("web", best)
				for _, domain := range []string{best, best[:strings.LastIndex(best, "-")], best[:1]} {
					load[domain]++
				}
			}
			atMost := func(domains int) int { return (tc.replicas + domains - 1) / domains }
			for domain, n := range load {
				want := atMost(tc.zones)
				switch strings.Count(domain, "-") {
				case 1:
					want = atMost(tc.zones * tc.racks)
				case 2:
					want = atMost(tc.zones * tc.racks * tc.nodes)
				}
				if n > want {
					t.Errorf("%s has %d replicas, want at most %d", domain, n, want)
				}
			}
		})
	}
}

// TestDrawsFindTheLastFreeHosts gives each of the hosts in unequal racks and zones a
// replica of a Deployment: few candidates must do, although racks and zones that are
// full have the fewest replicas, and some hosts have two nodes.
func TestDrawsFindTheLastFreeHosts(t *testing.T) {
	h := newHall(t, testConfig, 2, 3, 4)
	for i := range 14 {
		for _, rack := range []string{"a-r1", "b-r0", "b-r9"} {
			h.addNode(st.MakeNode().Name(fmt.Sprintf("%s-vm-%d", rack, i)).Label("metal", fmt.Sprintf("%s-metal-%d", rack, i/2)).
				Label("zone", rack[:1]).Label("rack", rack[2:]))
		}
	}
	// A host whose nodes are labelled as in two racks, each with nothing else.
	for _, rack := range []string{"a-r7", "b-r7"} {
		h.addNode(st.MakeNode().Name(rack+"-astray").Label("metal", "astray").Label("zone", rack[:1]).Label("rack", rack[2:]))
	}
	host := map[string]string{}
	free := map[string]bool{}
	for _, info := range h.infos {
		node := info.Node()
		host[node.Name] = cmp.Or(node.Labels["metal"], node.Name)
		free[host[node.Name]] = true
	}
	replica := func() *corev1.Pod {
		pod := h.pod("web-5d5f9")
		pod.Labels = map[string]string{"pod-template-hash": "5d5f9"}
		return pod
	}
	for len(free) > 0 {
		got := drawn(h.drawFor(replica()).Next(4))
		i := slices.IndexFunc(got, func(node string) bool { return free[host[node]] })
		if i < 0 {
			t.Fatalf("%d hosts are free, and none of the candidates %v is on one", len(free), got)
		}
		delete(free, host[got[i]])
		h.placePod(replica(), got[i])
	}
}

// TestDrawEndsWithARefresh asks a draw for more after the nodes changed: what it
// stood on is gone.
func TestDrawEndsWithARefresh(t *testing.T) {
	h := newHall(t, testConfig, 1, 2, 2)
	old := h.draw("web")
	h.draw("db")
	if got := old.Next(4); got != nil {
		t.Errorf("after another draw: got %v, want none", drawn(got))
	}
	current := h.draw("web")
	h.addNode(st.MakeNode().Name("new"))
	h.ix.Refresh(h.infos, RefreshOptions{All: true})
	if got := current.Next(4); got != nil {
		t.Errorf("after a change of nodes: got %v, want none", drawn(got))
	}
}
