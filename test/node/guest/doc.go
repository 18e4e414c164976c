// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package guest shows on cgroup v2 what test/node shows on this machine's own
// cgroups, whatever version they have: it boots Debian's kernel in QEMU's software
// emulation, with no disk and no network, and runs there the tests of test/node
// that need no control plane, and those of package inside.
//
// It needs no KVM, and makes no mount, namespace or cgroup here. Where QEMU or the kernel cannot be had, it says so
// and is skipped. Only the test and the guest's first program live here; the parts
// are in the packages below.
package guest
