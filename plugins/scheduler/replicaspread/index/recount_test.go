// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package index

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	fwk "k8s.io/kube-scheduler/framework"
)

// The recount of the tests: slow, and with nothing in common with the index but
// WorkloadOf.

// counted is all that an index knows: per workload and node, its size, and the
// workloads at risk.
type counted struct {
	Counts map[Workload]map[string]Counts
	Size   Size
	AtRisk [MaxLevels]int
}

// countAll asks the index for the counts of every workload around every node.
func countAll(ix *Index, infos []fwk.NodeInfo) counted {
	all := counted{Counts: map[Workload]map[string]Counts{}, Size: ix.Size(), AtRisk: ix.Survey().AtRisk}
	for _, r := range replicasOn(infos) {
		if all.Counts[r.workload] != nil {
			continue
		}
		of := map[string]Counts{}
		for i, counts := range ix.Count(r.workload, infos) {
			of[infos[i].Node().Name] = counts
		}
		all.Counts[r.workload] = of
	}
	return all
}

// replica is a pod that is counted, and where it is.
type replica struct {
	workload Workload
	leaving  bool
	node     string
	domains  [MaxLevels]string
}

func replicasOn(infos []fwk.NodeInfo) []replica {
	var replicas []replica
	for _, info := range infos {
		for _, pod := range info.GetPods() {
			if w, ok := testConfig.Identity.WorkloadOf(pod.GetPod()); ok {
				replicas = append(replicas, replica{w, pod.GetPod().DeletionTimestamp != nil, info.Node().Name, domainsOf(info.Node())})
			}
		}
	}
	return replicas
}

// recount says the same by looking at every pod for every node.
func recount(infos []fwk.NodeInfo) counted {
	all := counted{Counts: map[Workload]map[string]Counts{}}
	replicas := replicasOn(infos)
	ids, families := map[string]bool{}, map[string]bool{}
	for _, r := range replicas {
		ids[r.workload.ID] = true
		if r.workload.Family != "" {
			families[r.workload.Family] = true
		}
		if all.Counts[r.workload] != nil {
			continue
		}
		of := map[string]Counts{}
		for _, info := range infos {
			of[info.Node().Name] = recountAround(r.workload, info.Node(), replicas)
		}
		all.Counts[r.workload] = of
	}
	for id := range ids {
		for level := range MaxLevels {
			if recountAtRisk(id, level, infos, replicas) {
				all.AtRisk[level]++
			}
		}
	}
	all.Size = Size{Nodes: len(infos), Workloads: len(ids), Families: len(families)}
	return all
}

func recountAround(w Workload, node *corev1.Node, replicas []replica) Counts {
	c, domains := Counts{NodeHash: hashString(node.Name)}, domainsOf(node)
	for _, r := range replicas {
		own, family := r.workload.ID == w.ID, w.Family != "" && r.workload.Family == w.Family
		for level := range MaxLevels {
			if r.domains[level] != domains[level] {
				continue
			}
			switch {
			case r.leaving:
				if level == 0 && (family || own && w.Family == "") {
					c.Leaving++
				}
			default:
				if own {
					c.Own[level]++
				}
				if family {
					c.Family[level]++
				}
				if own && level == 0 && r.node == node.Name {
					c.OnNode++
				}
			}
		}
	}
	return c
}

func recountAtRisk(id string, level int, infos []fwk.NodeInfo, replicas []replica) bool {
	pods, in, most := 0, map[string]int{}, 0
	for _, info := range infos {
		in[domainsOf(info.Node())[level]] = 0
	}
	for _, r := range replicas {
		if r.workload.ID == id && !r.leaving {
			pods++
			in[r.domains[level]]++
			most = max(most, in[r.domains[level]])
		}
	}
	// Beyond the ideal: fewer than so many in each domain would not do.
	return pods > 0 && (most-1)*len(in) >= pods
}

// domainsOf names the domains of a node by what testConfig says in prose.
func domainsOf(node *corev1.Node) [MaxLevels]string {
	alone := "node " + node.Name
	domains := [MaxLevels]string{alone, alone, alone}
	if metal := node.Labels["metal"]; metal != "" {
		domains[0] = "machine " + metal
	}
	if rack := node.Labels["rack"]; rack != "" {
		domains[1] = "rack " + rack + " in " + node.Labels["zone"]
	}
	if zone := node.Labels["zone"]; zone != "" {
		domains[2] = "zone " + zone
	}
	return domains
}

// TestRecountFindsAndMendsDifferences spoils counts one by one.
func TestRecountFindsAndMendsDifferences(t *testing.T) {
	for name, tc := range map[string]struct {
		spoil func(*Index)
		want  int
	}{
		"nothing":                    {spoil: func(*Index) {}},
		"a count":                    {spoil: func(ix *Index) { ix.workloads["db-uid"].podsIn[1].add(0, 1) }, want: 1},
		"a domain":                   {spoil: func(ix *Index) { ix.domains[2].names[ix.nodes["a"].domains[2]] = "zone=other" }, want: 1 + 2},
		"a workload too many":        {spoil: func(ix *Index) { ix.workloads["gone"] = &group{podsIn: [MaxLevels]tally{{few: []entry{{0, 1}}}}} }, want: 1},
		"a workload too few":         {spoil: func(ix *Index) { delete(ix.workloads, "db-uid") }, want: 3 + 1},
		"terminating pods":           {spoil: func(ix *Index) { ix.workloads["db-uid"].leavingHost.add(0, 1) }, want: 1},
		"a node that does not exist": {spoil: func(ix *Index) { ix.nodes["b"] = &node{name: "b"} }, want: 1},
	} {
		t.Run(name, func(t *testing.T) {
			infos := oneNode(ownedPod("StatefulSet", "db", nil), terminating(ownedPod("StatefulSet", "db", nil)))
			ix := New(testConfig)
			ix.Refresh(infos, RefreshOptions{})
			tc.spoil(ix)
			if got := ix.Recount(infos); got != tc.want {
				t.Errorf("found %d differences, want %d", got, tc.want)
			}
			if got := ix.Recount(infos); got != 0 {
				t.Errorf("%d differences are left", got)
			}
			if got := ix.Count(Workload{ID: "db-uid"}, infos)[0]; got.Own != [MaxLevels]int32{1, 1, 1} || got.Leaving != 1 {
				t.Errorf("the counts afterwards are %+v", got)
			}
		})
	}
}

// TestSweepMendsWhatWasChangedInPlace changes a pod behind the index's back, as
// nobody should: a refresh cannot see it, and a sweep mends it.
func TestSweepMendsWhatWasChangedInPlace(t *testing.T) {
	unit := func(name string) map[string]string { return map[string]string{"unit": name} }
	changed := ownedPod("ReplicaSet", "a", unit("one"))
	infos := oneNode(changed, ownedPod("ReplicaSet", "b", unit("one")))
	ix := New(testConfig)
	ix.Refresh(infos, RefreshOptions{All: true})
	if ix.Sweep() {
		t.Error("a sweep found a difference where there was none")
	}
	changed.Labels["unit"] = "two"
	ix.Refresh(infos, RefreshOptions{All: true})
	if diff := cmp.Diff(recount(infos), countAll(ix, infos)); diff == "" {
		t.Fatal("the index saw a pod that was changed in place; this test is of no use")
	}
	if !ix.Sweep() {
		t.Error("a sweep found no difference")
	}
	if diff := cmp.Diff(recount(infos), countAll(ix, infos)); diff != "" {
		t.Errorf("after a sweep, the index differs from a recount (-recount +index):\n%s", diff)
	}
	if ix.Sweep() {
		t.Error("a second sweep found a difference")
	}
}
