// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package inside holds the tests that are run in the guest of package guest, and
// nowhere else: what is true of cgroup v2 only. What is true of both versions is
// tested by package node, which runs in the guest as well.
package inside
