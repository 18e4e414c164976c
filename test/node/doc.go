// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package node shows on a real node what evenkeel-node promises: containerd and
// runc make real containers, in namespaces that are gone with the test.
//
// `make test-node` runs it, as root. Where that cannot be, it says why and ends
// without an error. The parts are in the packages below; only tests live here.
package node
