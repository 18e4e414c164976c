// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package report turns what a cluster holds into the facts that the playground
// shows: where the replicas of each workload lie, what admission made of each
// pod, and what is not as it should be. It writes them as two tables or as one
// JSON document, whose JSON Schema is schema.json.
//
// It is pure: objects in, facts out. Heap flags, agents and tokens are read from
// the stored pod as a kubelet would, not from what admission says that it did;
// where the two disagree, that is a problem. Listing the objects, and waiting for
// them, is the parent package's work.
package report
