// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package placement says how the replicas of workloads lie over the zones, racks
// and hosts of a data centre: how many replicas the fullest domain of a level
// holds, and how many it would hold if they lay evenly.
//
// It is pure: nodes and replicas in, counts out. It judges a placement and makes
// none; that is the work of the scheduler's plugin ReplicaSpread, with which it
// shares the labels and the meaning of a node that lacks one. Which object a pod
// is a replica of is the caller's business.
package placement
