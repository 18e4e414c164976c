// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package emulator gets QEMU and a kernel from Debian's packages, which are
// unpacked and not installed, and runs a machine of them until it turns itself off.
// What the machine does is the caller's, who gives its initramfs.
package emulator
