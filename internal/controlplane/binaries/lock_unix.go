// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package binaries

import (
	"errors"
	"os"
	"syscall"
)

// errLocked says that another process holds the lock.
var errLocked = errors.New("held by another process")

// tryLock takes an advisory lock that ends with the file's descriptor, so that a
// killed process leaves none behind.
func tryLock(file *os.File) error {
	err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return errLocked
	}
	return err
}
