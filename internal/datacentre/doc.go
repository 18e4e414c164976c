// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package datacentre lays out a simulated data centre: zones that hold racks,
// racks that hold hosts, hosts that are nodes or carry several nodes as virtual
// machines. It turns a Spec into Node objects with the topology labels that the
// scheduler reads, and that KWOK brings to life.
//
// The layout is pure: the same Spec gives the same nodes, and nothing is sent
// anywhere. Package provision creates the nodes in a cluster.
package datacentre
