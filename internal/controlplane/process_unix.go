// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package controlplane

import (
	"errors"
	"os"
	"syscall"
)

// ownProcessGroup keeps a terminal's Ctrl-C from the process: it reaches the
// parent alone, which then ends all processes in their order.
func ownProcessGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}

// alive tells whether there is a process of the id.
func alive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

var terminate os.Signal = syscall.SIGTERM

// terminatePID asks the process of the id to end.
func terminatePID(pid int) { _ = syscall.Kill(pid, syscall.SIGTERM) }

// killPID ends the process of the id without asking it.
func killPID(pid int) { _ = syscall.Kill(pid, syscall.SIGKILL) }
