// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package constraints judges a placement by what the pods in it declare:
// topology spread constraints, (anti-)affinity between pods, affinity to nodes,
// taints and room. It reads the API's rules only and shares no code with the
// scheduler's plugins for pods.
//
// Its test runs the workloads that Kubernetes' scheduler_perf has for these
// constraints with our profile, and judges where the pods went.
package constraints
