// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// Try starts a program by itself, without a control plane, waits until it is ready
// and kills it: that shows whether it takes its flags and files. The error is an
// *EndedError, whose log is gone, when the program ended instead.
func Try(ctx context.Context, p Process, timeout time.Duration) (err error) {
	run, err := newRunDir("")
	if err != nil {
		return err
	}
	defer func() {
		if removeErr := os.RemoveAll(run.path); removeErr != nil {
			err = errors.Join(err, fmt.Errorf("remove the directory of a trial: %w", removeErr))
		}
	}()
	watchdog, err := startWatchdog(run)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, watchdog.dismiss()) }()
	proc, err := startProcess(run, p)
	if err != nil {
		return err
	}
	err = proc.waitReady(ctx, timeout, p.Ready)
	_ = proc.cmd.Process.Kill()
	<-proc.done
	return err
}
