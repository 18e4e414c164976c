// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func node(name, zone, rack, host string) corev1.Node {
	labels := map[string]string{}
	for key, value := range map[string]string{
		"topology.kubernetes.io/zone": zone, "topology.evenkeel.io/rack": rack, "topology.evenkeel.io/host": host,
	} {
		if value != "" {
			labels[key] = value
		}
	}
	return corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}
}

func TestLocationOfNode(t *testing.T) {
	hostname := node("n1", "a", "a1", "")
	hostname.Labels[corev1.LabelHostname] = "n1.example"
	tests := map[string]struct {
		node corev1.Node
		want Location
	}{
		"all labels":                               {node("n1", "a", "a1", "h1"), Location{"a", "a1", "h1"}},
		"the hostname stands in for the host":      {hostname, Location{"a", "a1", "n1.example"}},
		"without labels it is a domain of its own": {node("n1", "", "", ""), Location{"n1", "n1", "n1"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, LocationOf(&tc.node)); diff != "" {
				t.Errorf("LocationOf() (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSpreadsCountDomains(t *testing.T) {
	cordoned := node("n5", "c", "c1", "h5")
	cordoned.Spec.Unschedulable = true
	// Two zones, three racks, and two virtual machines on host h1.
	topology := NewTopology([]corev1.Node{
		node("n1", "a", "a1", "h1"), node("n2", "a", "a1", "h1"),
		node("n3", "a", "a2", "h3"), node("n4", "b", "b1", "h4"), cordoned,
	})
	tests := map[string]struct {
		nodes []string
		want  map[Level]Spread
	}{
		"nothing is placed": {
			want: map[Level]Spread{Zone: {}, Rack: {}, Host: {}},
		},
		"even": {
			nodes: []string{"n1", "n4"},
			want: map[Level]Spread{
				Zone: {Used: 2, Worst: 1, WorstDomain: "a", Ideal: 1},
				Rack: {Used: 2, Worst: 1, WorstDomain: "a1", Ideal: 1},
				Host: {Used: 2, Worst: 1, WorstDomain: "h1", Ideal: 1},
			},
		},
		"two nodes of one host count together": {
			nodes: []string{"n1", "n2", "n3"},
			want: map[Level]Spread{
				Zone: {Used: 1, Worst: 3, WorstDomain: "a", Ideal: 2},
				Rack: {Used: 2, Worst: 2, WorstDomain: "a1", Ideal: 1},
				Host: {Used: 2, Worst: 2, WorstDomain: "h1", Ideal: 1},
			},
		},
		"what a cordoned node holds counts, the node is no place to spread to": {
			nodes: []string{"n5", "n5", "n1", "n4"},
			want: map[Level]Spread{
				Zone: {Used: 3, Worst: 2, WorstDomain: "c", Ideal: 2},
				Rack: {Used: 3, Worst: 2, WorstDomain: "c1", Ideal: 2},
				Host: {Used: 3, Worst: 2, WorstDomain: "h5", Ideal: 2},
			},
		},
		"an unknown node is left out": {
			nodes: []string{"gone", "n3"},
			want: map[Level]Spread{
				Zone: {Used: 1, Worst: 1, WorstDomain: "a", Ideal: 1},
				Rack: {Used: 1, Worst: 1, WorstDomain: "a2", Ideal: 1},
				Host: {Used: 1, Worst: 1, WorstDomain: "h3", Ideal: 1},
			},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, topology.Spreads(tc.nodes)); diff != "" {
				t.Errorf("Spreads(%v) (-want +got):\n%s", tc.nodes, diff)
			}
		})
	}
	if z, r, h := topology.Domains(Zone), topology.Domains(Rack), topology.Domains(Host); z != 2 || r != 3 || h != 3 {
		t.Errorf("Domains() = %d zones, %d racks, %d hosts, want 2, 3 and 3", z, r, h)
	}
}

func TestSpreadsOfNoNodes(t *testing.T) {
	if diff := cmp.Diff(map[Level]Spread{Zone: {}, Rack: {}, Host: {}}, NewTopology(nil).Spreads([]string{"n1"})); diff != "" {
		t.Errorf("Spreads() (-want +got):\n%s", diff)
	}
}
