// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package datacentre

import (
	"fmt"
	"net/netip"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/evenkeel/evenkeel/api/wellknown"
)

const (
	// region is the value of the region label: there is one data centre.
	region = "datacentre"

	// kwokAnnotation gives the node to KWOK; the label is how KWOK's own
	// documentation lets people select its nodes.
	kwokAnnotation = "kwok.x-k8s.io/node"
	kwokFake       = "fake"
	kwokTypeLabel  = "type"
	kwokType       = "kwok"

	// roleLabel makes kubectl show the node's role.
	roleLabel = "node-role.kubernetes.io/worker"
)

// firstNodeIP precedes the addresses of the nodes; those of pods (10.128.0.0/9)
// and Services (10.96.0.0/16) are beyond MaxNodes from it.
var firstNodeIP = netip.AddrFrom4([4]byte{10, 0, 0, 0})

// Layout returns the nodes of the data centre, zone by zone, rack by rack, host
// by host. Names count from 1, zones from a: zone-a-rack-2-host-5, and
// zone-a-rack-2-host-5-vm-1 where a host carries several nodes.
//
// The nodes carry no taint: KWOK advises one to keep pods that expect a real
// kubelet away, and there is no real node beside these.
func Layout(spec Spec) ([]*corev1.Node, error) {
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	resources := corev1.ResourceList{
		corev1.ResourceCPU:              resource.MustParse(spec.CPU),
		corev1.ResourceMemory:           resource.MustParse(spec.Memory),
		corev1.ResourceEphemeralStorage: resource.MustParse(spec.EphemeralStorage),
		corev1.ResourcePods:             *resource.NewQuantity(int64(spec.Pods), resource.DecimalSI),
	}
	nodes := make([]*corev1.Node, 0, spec.Nodes())
	ip := firstNodeIP
	for z := range spec.Zones {
		zone := "zone-" + letters(z)
		for r := range spec.RacksPerZone {
			rack := zone + "-rack-" + strconv.Itoa(r+1)
			for h := range spec.HostsPerRack {
				host := rack + "-host-" + strconv.Itoa(h+1)
				for v := range spec.VMsPerHost {
					name := host
					if spec.VMsPerHost > 1 {
						name = fmt.Sprintf("%s-vm-%d", host, v+1)
					}
					ip = ip.Next()
					nodes = append(nodes, node(name, zone, rack, host, ip, resources))
				}
			}
		}
	}
	return nodes, nil
}

func node(name, zone, rack, host string, ip netip.Addr, resources corev1.ResourceList) *corev1.Node {
	return &corev1.Node{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Node"},
		ObjectMeta: metav1.ObjectMeta{
			Name: name,
			Labels: map[string]string{
				corev1.LabelHostname:       name,
				corev1.LabelTopologyRegion: region,
				wellknown.TopologyZone:     zone,
				wellknown.TopologyRack:     rack,
				wellknown.TopologyHost:     host,
				corev1.LabelArchStable:     "amd64",
				corev1.LabelOSStable:       "linux",
				roleLabel:                  "",
				kwokTypeLabel:              kwokType,
			},
			Annotations: map[string]string{kwokAnnotation: kwokFake},
		},
		Status: corev1.NodeStatus{
			Capacity:    resources.DeepCopy(),
			Allocatable: resources.DeepCopy(),
			Addresses: []corev1.NodeAddress{
				{Type: corev1.NodeInternalIP, Address: ip.String()},
				{Type: corev1.NodeHostName, Address: name},
			},
			NodeInfo: corev1.NodeSystemInfo{Architecture: "amd64", OperatingSystem: "linux"},
		},
	}
}

// letters counts a, b, ... z, aa, ab, ... as the columns of a spreadsheet do.
func letters(n int) string {
	text := ""
	for n++; n > 0; n = (n - 1) / 26 {
		text = string(rune('a'+(n-1)%26)) + text
	}
	return text
}
