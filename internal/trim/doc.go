// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package trim says which plugins of the default profile a cluster can make use
// of, and which configuration of the scheduler follows.
//
// An Inventory takes the objects of a cluster one by one and keeps counts and a
// few names. Analyse goes through the default profile with it: each plugin is kept
// where it protects, whatever the cluster has; a part that only ranks nodes may go
// when no object of the cluster asks for it, or when no object can. Evidence that
// is missing never counts as absence. Configuration edits the shipped
// configuration to match.
//
// The package is pure. Reading a dump is package dump's, asking a cluster and
// printing the command line's.
package trim
