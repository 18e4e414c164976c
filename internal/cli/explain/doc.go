// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package explain is the verb `evenkeel explain`: it says, container by
// container, what admission makes of a pod and why: the limits that it goes by,
// how they are divided, what comes of them, and what is left alone for which
// reason.
//
// The answers are those of the webhook's own chain: over the pods of a file, with
// package standin in place of a cluster, or over a live pod, whose record says
// what was done when it was created. Features are told generically, by their
// reasons and facts, so a new one needs nothing here; only the budget of the heap
// is known by name.
//
// Here live the flags, the client, the comparison of a record with what would be
// done today, and the outputs.
package explain
