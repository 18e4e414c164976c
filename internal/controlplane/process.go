// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// Process is a program to run beside the control plane.
type Process struct {
	// Name is unique in the control plane and names the log.
	Name string
	// Path is the program's file.
	Path string
	// Args are its arguments.
	Args []string
	// Env is added to this process's environment.
	Env []string
	// Ready returns nil once the program is ready; it is called until then, and
	// its last error is reported when the time is up. Nil means ready at once.
	Ready func(ctx context.Context) error
}

// runningProcess is a Process that was started.
type runningProcess struct {
	name string
	log  string
	cmd  *exec.Cmd
	// done is closed when the process has ended; err then says how.
	done chan struct{}
	err  error
}

// startProcess starts the program with its log in the run directory.
func startProcess(run runDir, p Process) (*runningProcess, error) {
	path, err := filepath.Abs(p.Path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.Name, err)
	}
	if info, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("%s cannot be started: %w", p.Name, err)
	} else if info.IsDir() || info.Mode().Perm()&0o111 == 0 {
		return nil, fmt.Errorf("%s cannot be started: %s is not an executable file", p.Name, path)
	}
	launcher, err := run.launcher(p.Name, path)
	if err != nil {
		return nil, err
	}
	log, err := os.OpenFile(run.log(p.Name), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("log of %s: %w", p.Name, err)
	}
	defer log.Close()

	cmd := exec.Command(launcher, p.Args...)
	cmd.Env = append(os.Environ(), p.Env...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = ownProcessGroup()
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s cannot be started: %w", p.Name, err)
	}
	proc := &runningProcess{name: p.Name, log: run.log(p.Name), cmd: cmd, done: make(chan struct{})}
	go func() {
		defer close(proc.done)
		proc.err = cmd.Wait()
	}()
	return proc, nil
}

// waitReady calls ready until it returns nil, the process ends, or the time is up.
func (p *runningProcess) waitReady(ctx context.Context, timeout time.Duration, ready func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, errNotReady)
	defer cancel()
	var last error
	for {
		if last = ready(ctx); last == nil {
			return nil
		}
		select {
		case <-p.done:
			return p.ended()
		case <-ctx.Done():
			if errors.Is(context.Cause(ctx), errNotReady) {
				return fmt.Errorf("%s did not become ready within %s: %w; see %s", p.name, timeout, last, p.log)
			}
			return fmt.Errorf("waiting for %s was interrupted: %w", p.name, context.Cause(ctx))
		case <-time.After(pollInterval):
		}
	}
}

// pollInterval is how often readiness is asked for.
const pollInterval = 100 * time.Millisecond

var errNotReady = errors.New("not ready in time")

// ended says how the process has ended.
func (p *runningProcess) ended() *EndedError {
	how := "exit status 0"
	if p.err != nil {
		how = p.err.Error()
	}
	return &EndedError{Process: p.name, How: how, LastWords: lastWords(p.log), Log: p.log}
}

// stop asks the process to end and kills it when it takes too long.
func (p *runningProcess) stop() error {
	select {
	case <-p.done:
		return nil
	default:
	}
	if err := p.cmd.Process.Signal(terminate); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("end %s: %w", p.name, err)
	}
	select {
	case <-p.done:
	case <-time.After(stopTimeout):
		_ = p.cmd.Process.Kill()
		<-p.done
	}
	return nil
}
