// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package datacentre

import (
	"errors"
	"fmt"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/api/resource"
)

// MaxNodes bounds a data centre. Kubernetes is tested up to 5,000 nodes; a
// simulated one goes further, until one machine has no memory left for it.
const MaxNodes = 20000

// Spec is the size of a data centre and of its nodes.
type Spec struct {
	// Zones is the number of zones: rooms or buildings.
	Zones int
	// RacksPerZone is the number of racks in each zone.
	RacksPerZone int
	// HostsPerRack is the number of physical machines in each rack.
	HostsPerRack int
	// VMsPerHost is the number of nodes on each physical machine. With 1 the
	// node is the machine.
	VMsPerHost int
	// CPU, Memory and EphemeralStorage are what each node has and offers to pods,
	// as Kubernetes quantities.
	CPU, Memory, EphemeralStorage string
	// Pods is the number of pods that each node takes.
	Pods int
}

// Default is the data centre that the playground shows: 60 hosts of a common size.
func Default() Spec {
	return Spec{
		Zones: 3, RacksPerZone: 4, HostsPerRack: 5, VMsPerHost: 1,
		CPU: "32", Memory: "128Gi", EphemeralStorage: "500Gi", Pods: 110,
	}
}

// Names of the flags, which are also how errors name the fields of a Spec.
const (
	flagZones            = "zones"
	flagRacksPerZone     = "racks-per-zone"
	flagHostsPerRack     = "hosts-per-rack"
	flagVMsPerHost       = "vms-per-host"
	flagCPU              = "node-cpu"
	flagMemory           = "node-memory"
	flagEphemeralStorage = "node-ephemeral-storage"
	flagPods             = "node-pods"
)

// AddFlags binds the Spec to flags, its present values being the defaults.
func (s *Spec) AddFlags(flags *pflag.FlagSet) {
	flags.IntVar(&s.Zones, flagZones, s.Zones, "zones of the simulated data centre")
	flags.IntVar(&s.RacksPerZone, flagRacksPerZone, s.RacksPerZone, "racks in each zone")
	flags.IntVar(&s.HostsPerRack, flagHostsPerRack, s.HostsPerRack, "physical machines in each rack")
	flags.IntVar(&s.VMsPerHost, flagVMsPerHost, s.VMsPerHost, "nodes on each physical machine; with 1 the node is the machine")
	flags.StringVar(&s.CPU, flagCPU, s.CPU, "CPU of each node")
	flags.StringVar(&s.Memory, flagMemory, s.Memory, "memory of each node")
	flags.StringVar(&s.EphemeralStorage, flagEphemeralStorage, s.EphemeralStorage, "ephemeral storage of each node")
	flags.IntVar(&s.Pods, flagPods, s.Pods, "pods that each node takes")
}

// Nodes is the number of nodes of a valid Spec.
func (s Spec) Nodes() int { return s.Zones * s.RacksPerZone * s.HostsPerRack * s.VMsPerHost }

// Validate returns all that is wrong with the Spec, each with the flag's name.
func (s Spec) Validate() error {
	var errs []error
	for _, count := range []struct {
		flag  string
		value int
	}{
		{flagZones, s.Zones},
		{flagRacksPerZone, s.RacksPerZone},
		{flagHostsPerRack, s.HostsPerRack},
		{flagVMsPerHost, s.VMsPerHost},
		{flagPods, s.Pods},
	} {
		switch {
		case count.value < 1:
			errs = append(errs, fmt.Errorf("--%s must be at least 1, not %d", count.flag, count.value))
		case count.value > MaxNodes:
			errs = append(errs, fmt.Errorf("--%s must be at most %d, not %d", count.flag, MaxNodes, count.value))
		}
	}
	for _, quantity := range []struct{ flag, value, example string }{
		{flagCPU, s.CPU, "32"},
		{flagMemory, s.Memory, "128Gi"},
		{flagEphemeralStorage, s.EphemeralStorage, "500Gi"},
	} {
		parsed, err := resource.ParseQuantity(quantity.value)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("--%s %q is not a quantity: write it like %s", quantity.flag, quantity.value, quantity.example))
		case parsed.Sign() <= 0:
			errs = append(errs, fmt.Errorf("--%s must be more than 0, not %s", quantity.flag, quantity.value))
		}
	}
	// Each factor is bounded by now, so the product of four fits 64 bits.
	if len(errs) == 0 && int64(s.Zones)*int64(s.RacksPerZone)*int64(s.HostsPerRack)*int64(s.VMsPerHost) > MaxNodes {
		errs = append(errs, fmt.Errorf("--%s %d x --%s %d x --%s %d x --%s %d are more than %d nodes: make one of them smaller",
			flagZones, s.Zones, flagRacksPerZone, s.RacksPerZone, flagHostsPerRack, s.HostsPerRack, flagVMsPerHost, s.VMsPerHost, MaxNodes))
	}
	return errors.Join(errs...)
}
