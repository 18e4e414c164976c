// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package podspec edits pods: an Editor that changes a typed pod and records
// each change as a JSON Patch operation, and the merge rules for the options
// that a JVM reads from its environment.
//
// It is pure. What to change, and why, is decided by the mutators under
// webhooks/; what is sent to the API server or printed is decided by their
// callers.
//
// The patch is recorded and not computed by comparing two pods, because a
// comparison of typed pods moves or drops the fields that are newer than the Go
// types it was compiled with.
package podspec
