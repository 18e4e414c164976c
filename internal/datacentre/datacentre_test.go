// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package datacentre

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/internal/controlplane"
)

func TestLayoutNamesAndLabels(t *testing.T) {
	for name, tc := range map[string]struct {
		zones, racks, hosts, vms int
		// want is each node as zone, rack, host and name.
		want [][4]string
	}{
		"hosts are nodes": {
			zones: 2, racks: 1, hosts: 2, vms: 1,
			want: [][4]string{
				{"zone-a", "zone-a-rack-1", "zone-a-rack-1-host-1", "zone-a-rack-1-host-1"},
				{"zone-a", "zone-a-rack-1", "zone-a-rack-1-host-2", "zone-a-rack-1-host-2"},
				{"zone-b", "zone-b-rack-1", "zone-b-rack-1-host-1", "zone-b-rack-1-host-1"},
				{"zone-b", "zone-b-rack-1", "zone-b-rack-1-host-2", "zone-b-rack-1-host-2"},
			},
		},
		"hosts carry nodes": {
			zones: 1, racks: 2, hosts: 1, vms: 2,
			want: [][4]string{
				{"zone-a", "zone-a-rack-1", "zone-a-rack-1-host-1", "zone-a-rack-1-host-1-vm-1"},
				{"zone-a", "zone-a-rack-1", "zone-a-rack-1-host-1", "zone-a-rack-1-host-1-vm-2"},
				{"zone-a", "zone-a-rack-2", "zone-a-rack-2-host-1", "zone-a-rack-2-host-1-vm-1"},
				{"zone-a", "zone-a-rack-2", "zone-a-rack-2-host-1", "zone-a-rack-2-host-1-vm-2"},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			spec := Default()
			spec.Zones, spec.RacksPerZone, spec.HostsPerRack, spec.VMsPerHost = tc.zones, tc.racks, tc.hosts, tc.vms
			nodes, err := Layout(spec)
			if err != nil {
				t.Fatal(err)
			}
			var got [][4]string
			for _, node := range nodes {
				got = append(got, [4]string{
					node.Labels[wellknown.TopologyZone], node.Labels[wellknown.TopologyRack],
					node.Labels[wellknown.TopologyHost], node.Labels[corev1.LabelHostname],
				})
				if node.Name != node.Labels[corev1.LabelHostname] {
					t.Errorf("node %s has the hostname %s", node.Name, node.Labels[corev1.LabelHostname])
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("nodes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLayoutNode(t *testing.T) {
	nodes, err := Layout(Spec{
		Zones: 1, RacksPerZone: 1, HostsPerRack: 1, VMsPerHost: 1,
		CPU: "4", Memory: "8Gi", EphemeralStorage: "50Gi", Pods: 20,
	})
	if err != nil {
		t.Fatal(err)
	}
	resources := corev1.ResourceList{
		"cpu": resource.MustParse("4"), "memory": resource.MustParse("8Gi"),
		"ephemeral-storage": resource.MustParse("50Gi"), "pods": resource.MustParse("20"),
	}
	want := []*corev1.Node{{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Node"},
		ObjectMeta: metav1.ObjectMeta{
			Name: "zone-a-rack-1-host-1",
			Labels: map[string]string{
				"topology.kubernetes.io/region":  "datacentre",
				"topology.kubernetes.io/zone":    "zone-a",
				"topology.evenkeel.io/rack":      "zone-a-rack-1",
				"topology.evenkeel.io/host":      "zone-a-rack-1-host-1",
				"kubernetes.io/hostname":         "zone-a-rack-1-host-1",
				"kubernetes.io/arch":             "amd64",
				"kubernetes.io/os":               "linux",
				"node-role.kubernetes.io/worker": "",
				"type":                           "kwok",
			},
			Annotations: map[string]string{controlplane.KwokNodeAnnotation: controlplane.KwokNodeFake},
		},
		Status: corev1.NodeStatus{
			Capacity: resources, Allocatable: resources,
			Addresses: []corev1.NodeAddress{
				{Type: corev1.NodeInternalIP, Address: "10.0.0.1"},
				{Type: corev1.NodeHostName, Address: "zone-a-rack-1-host-1"},
			},
			NodeInfo: corev1.NodeSystemInfo{Architecture: "amd64", OperatingSystem: "linux"},
		},
	}}
	if diff := cmp.Diff(want, nodes); diff != "" {
		t.Errorf("nodes (-want +got):\n%s", diff)
	}
}

// TestLayoutAtItsLargest checks that names and addresses stay unique and valid.
func TestLayoutAtItsLargest(t *testing.T) {
	spec := Default()
	spec.Zones, spec.RacksPerZone, spec.HostsPerRack, spec.VMsPerHost = 1000, 1, 4, 5
	nodes, err := Layout(spec)
	if err != nil {
		t.Fatal(err)
	}
	if len(nodes) != MaxNodes || len(nodes) != spec.Nodes() {
		t.Fatalf("%d nodes, want %d", len(nodes), MaxNodes)
	}
	names, addresses, zones := sets.New[string](), sets.New[string](), sets.New[string]()
	for _, node := range nodes {
		names.Insert(node.Name)
		addresses.Insert(node.Status.Addresses[0].Address)
		zones.Insert(node.Labels[wellknown.TopologyZone])
		if problems := validation.IsDNS1123Label(node.Name); len(problems) > 0 {
			t.Fatalf("node name %s: %v", node.Name, problems)
		}
		for key, value := range node.Labels {
			if problems := validation.IsValidLabelValue(value); len(problems) > 0 {
				t.Fatalf("label %s=%s: %v", key, value, problems)
			}
		}
	}
	if len(names) != MaxNodes || len(addresses) != MaxNodes || len(zones) != spec.Zones {
		t.Errorf("%d names, %d addresses, %d zones; want each once", len(names), len(addresses), len(zones))
	}
	if !zones.HasAll("zone-z", "zone-aa", "zone-az", "zone-ba") {
		t.Error("zones after zone-z are not named zone-aa, zone-ab and so on")
	}
}

func TestSpecValidate(t *testing.T) {
	for name, tc := range map[string]struct {
		args []string
		// want is the whole error; empty means none.
		want string
	}{
		"the default":            {},
		"a large one":            {args: []string{"--zones=10", "--racks-per-zone=50", "--hosts-per-rack=40"}},
		"no zone":                {args: []string{"--zones=0"}, want: "--zones must be at least 1, not 0"},
		"a negative count":       {args: []string{"--hosts-per-rack=-3"}, want: "--hosts-per-rack must be at least 1, not -3"},
		"a count beyond all":     {args: []string{"--racks-per-zone=9000000000"}, want: "--racks-per-zone must be at most 20000, not 9000000000"},
		"no pods":                {args: []string{"--node-pods=0"}, want: "--node-pods must be at least 1, not 0"},
		"not a quantity":         {args: []string{"--node-memory=much"}, want: `--node-memory "much" is not a quantity: write it like 128Gi`},
		"no quantity":            {args: []string{"--node-cpu="}, want: `--node-cpu "" is not a quantity: write it like 32`},
		"a quantity of nothing":  {args: []string{"--node-ephemeral-storage=0"}, want: "--node-ephemeral-storage must be more than 0, not 0"},
		"two mistakes":           {args: []string{"--zones=0", "--vms-per-host=0"}, want: "--zones must be at least 1, not 0\n--vms-per-host must be at least 1, not 0"},
		"one node more than fit": {args: []string{"--zones=20000", "--racks-per-zone=20000", "--hosts-per-rack=20000", "--vms-per-host=20000"}, want: "--zones 20000 x --racks-per-zone 20000 x --hosts-per-rack 20000 x --vms-per-host 20000 are more than 20000 nodes: make one of them smaller"},
	} {
		t.Run(name, func(t *testing.T) {
			spec := Default()
			flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
			spec.AddFlags(flags)
			if err := flags.Parse(tc.args); err != nil {
				t.Fatal(err)
			}
			err := spec.Validate()
			got := ""
			if err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if _, err := Layout(spec); (err == nil) != (tc.want == "") {
				t.Errorf("Layout: error = %v, want the same verdict", err)
			}
		})
	}
}

func TestSpecFlagsKeepDefaults(t *testing.T) {
	spec := Default()
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	spec.AddFlags(flags)
	var names []string
	flags.VisitAll(func(flag *pflag.Flag) { names = append(names, flag.Name) })
	const want = "hosts-per-rack node-cpu node-ephemeral-storage node-memory node-pods racks-per-zone vms-per-host zones"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("flags = %s, want %s", got, want)
	}
	if diff := cmp.Diff(Default(), spec); diff != "" {
		t.Errorf("binding the flags changed the Spec (-want +got):\n%s", diff)
	}
}
