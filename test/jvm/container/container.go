// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package container runs a process under what a container has of the kernel that
// matters to a JVM: a memory and a CPU limit in a cgroup, mounts, a user and an
// environment of its own. It needs root for each of the first three, and tells
// what this machine lets it do.
//
// It starts no container: there is no image, no network and no pid namespace.
package container

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Spec is a process to run.
type Spec struct {
	// Args are the program and its arguments.
	Args []string
	// Env is its whole environment, as NAME=value.
	Env []string
	// Dir is its working folder.
	Dir string
	// Memory is its limit in bytes and MilliCPU in thousandths of a processor; 0 is
	// none. See Limits.
	Memory, MilliCPU int64
	// Root is a folder whose /usr and /etc take the place of the machine's, or "".
	Root string
	// Binds are folders and files that appear elsewhere. What they cover must exist.
	Binds []Bind
	// UID is the user that it runs as; 0 is the user that runs the test. With Root
	// it must be 0.
	UID int
}

// Bind makes a folder or file appear at another place.
type Bind struct {
	From, To string
	ReadOnly bool
}

// Result is how a process ended.
type Result struct {
	Stdout, Stderr string
	// ExitCode is 128 and the number of the signal when one ended the process, as in
	// a shell and in the status of a container.
	ExitCode int
	// OOMKilled says that the kernel ended it, or a part of it, for its memory limit.
	OOMKilled bool
}

// Output is both outputs of the process.
func (r *Result) Output() string { return r.Stdout + r.Stderr }

// maxTime is how long a process may take. None here takes a tenth of it.
const maxTime = 2 * time.Minute

// Run runs a process to its end. The error is about the running and not about
// how the process ended.
func Run(ctx context.Context, s Spec) (*Result, error) {
	ctx, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	script := []string{"set -e", "ulimit -c 0"}
	var group *cgroup
	if s.Memory > 0 || s.MilliCPU > 0 {
		var err error
		if group, err = newCgroup(s.Memory, s.MilliCPU); err != nil {
			return nil, err
		}
		defer group.remove()
		for _, procs := range group.procs() {
			script = append(script, "echo $$ > "+quote(procs))
		}
	}
	for _, b := range s.Binds {
		script = append(script, "mount --bind "+quote(b.From)+" "+quote(b.To))
		if b.ReadOnly {
			script = append(script, "mount -o remount,ro,bind "+quote(b.To))
		}
	}
	run := "exec "
	switch {
	case s.UID != 0 && s.Root != "":
		return nil, errors.New("a process with a root of its own has no setpriv there, so it runs as the test's user")
	case s.UID != 0:
		run += fmt.Sprintf("setpriv --reuid=%d --regid=%d --clear-groups --inh-caps=-all ", s.UID, s.UID)
	case s.Root != "":
		// /etc first: mount is in /usr.
		for _, folder := range []string{"/etc", "/usr"} {
			script = append(script, "mount --bind "+quote(s.Root+folder)+" "+folder)
		}
	}
	// The script itself runs with the test's environment, whose PATH it needs.
	run += "env -i "
	if s.Root != "" {
		// env is a program, which a small root does not have.
		run = "exec "
	}
	args := []string{"sh", "-c", strings.Join(append(script, run+`"$@"`), "\n"), "sh"}
	if s.Root == "" {
		args = append(args, s.Env...)
	}
	args = append(args, s.Args...)
	if len(s.Binds) > 0 || s.Root != "" {
		args = append([]string{"unshare", "--mount"}, args...)
	}

	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = s.Dir
	if s.Root != "" {
		cmd.Env = s.Env
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if ctx.Err() != nil {
		return nil, fmt.Errorf("running %s: %w", s.Args[0], ctx.Err())
	}
	res := &Result{Stdout: stdout.String(), Stderr: stderr.String()}
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		res.ExitCode = exit.ExitCode()
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			res.ExitCode = 128 + int(status.Signal())
		}
	case err != nil:
		return nil, fmt.Errorf("running %s: %w", s.Args[0], err)
	}
	if group != nil {
		res.OOMKilled = group.oomKilled()
	}
	return res, nil
}

// Mounts returns an error if this process may not make mounts of its own, which
// Binds and Root need.
func Mounts() error {
	out, err := exec.Command("unshare", "--mount", "mount", "--bind", "/tmp", "/tmp").CombinedOutput()
	if err != nil {
		return fmt.Errorf("no mounts of its own: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}

// quote writes a word for a shell.
func quote(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }

func format(n int64) string { return strconv.FormatInt(n, 10) }
