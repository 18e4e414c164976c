// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package differential tests that Evenkeel's profile ignores no constraint: for
// random pods in random clusters it gives the verdicts of the default profile of
// kube-scheduler.
//
// Two real schedulers, one with each profile, live through the same events (package
// feed) of a random cluster (package world). Each case is one attempt to place a
// pod. The two must say the same (package side) about:
//   - where waiting pods are in the queue, and who is nominated to which node;
//   - PreFilter and, for every node, Filter: status code, plugin and reasons;
//   - the attempt: whether the pod is placed; if not, the FitError with the status
//     of every node, the plugins to blame, and the event that tells of it;
//   - preemption: whether the pod is eligible, the candidates among all nodes, the
//     victims of each in their order and how many are against a budget, why other
//     nodes are no candidates, and the verdict of PostFilter;
//   - Reserve, Permit and PreBindPreFlight on the node that is taken in the end;
//   - the scores of the plugins that both profiles have.
//
// They may differ in the node that they choose:
//   - Placed, each side must choose a node that is feasible for both, and one that
//     is best by its own scores, unless it looked at one node only. The other scores
//     are what the profiles differ in: ReplicaSpread and the plugins that the
//     manifest disables, and PodTopologySpread for pods without constraints of their
//     own, which the default profile gives default ones.
//   - Nominated, each side must choose one of the candidates that upstream's
//     criteria (budgets, priorities, number and start times of victims) do not tell
//     apart, and ask for the deletion of exactly the victims there. Upstream takes
//     the first of those in the order of a Go map.
//
// What is done with the pod is then drawn from the choices of both sides and done
// for both, and the cluster changes, so that the state evolves.
//
// GuardedInterPodAffinity counts as InterPodAffinity wherever a plugin is named, and
// GuardedPodTopologySpread as PodTopologySpread.
// Hard caps (spread.evenkeel.io/max-per-*) are a constraint of our own that the
// default profile does not know; no pod here declares one. Not covered: extenders,
// pod groups, PreBind and Bind themselves, whose outcome the world makes up, and
// NodeName, since a pod that names its node is never in a scheduler's queue.
//
//	go test ./test/differential -v                              # what was covered
//	go test ./test/differential -args -cases 20000 -seed 0      # long, with a new seed
//	go test ./test/differential -args -seed 7 -case 1234        # one case again
//	go test ./test/differential -args -config my-config.yaml    # another profile
package differential
