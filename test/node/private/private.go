// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package private gives a test program a machine of its own on this one: mounts,
// processes and network that nobody else sees, and that are gone with it whatever
// becomes of it.
//
// The program starts itself again inside. A first process there is the parent of
// all that lose theirs; the second is the program's own. What runs in the
// namespaces is the caller's business.
package private

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// roleEnv says which process this is; it is unset outside.
const roleEnv = "EVENKEEL_PRIVATE_ROLE"

const (
	roleInit  = "init"
	roleMain  = "main"
	roleProbe = "probe"
)

// probeEnv names the folder in which a probe may try an overlay.
const probeEnv = "EVENKEEL_PRIVATE_PROBE"

// namespaces are those that the processes inside have for themselves.
const namespaces = syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNET | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS

// Check returns an error if this process may not make namespaces and cgroups.
func Check() error {
	if os.Geteuid() != 0 {
		return errors.New("it needs root, for namespaces, mounts and cgroups")
	}
	if len(cgroupMounts()) == 0 {
		return errors.New("there is no cgroup file system with the pids controller under /sys/fs/cgroup")
	}
	dir, err := os.MkdirTemp("", "evenkeel-node-probe-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	probe := exec.Command("/proc/self/exe")
	probe.Env = append(os.Environ(), roleEnv+"="+roleProbe, probeEnv+"="+dir)
	probe.SysProcAttr = &syscall.SysProcAttr{Cloneflags: namespaces}
	if out, err := probe.CombinedOutput(); err != nil {
		return fmt.Errorf("namespaces and mounts in them cannot be made: %w: %s", err, strings.TrimSpace(string(out)))
	}
	name := fmt.Sprintf("evenkeel-node-probe-%d", os.Getpid())
	for _, mount := range cgroupMounts() {
		if err := os.Mkdir(filepath.Join(mount, name), 0o755); err != nil {
			return fmt.Errorf("cgroups cannot be made: %w", err)
		}
		_ = os.Remove(filepath.Join(mount, name))
	}
	return nil
}

// Where is the place of a process that calls Enter.
type Where int

const (
	// Outside is where the program was started: it is to prepare, and to call Run.
	Outside Where = iota
	// Inside is the program's own process in the namespaces: it is to do its work.
	Inside
	// Done is a process that has done what it was there for: it is to end with the
	// code that Enter returns.
	Done
)

// Enter is called first by the program's main and says what the process is there
// for. setUp is called once, by the first process inside.
func Enter(setUp func() error) (where Where, code int) {
	switch os.Getenv(roleEnv) {
	case "":
		return Outside, 0
	case roleMain:
		_ = os.Unsetenv(roleEnv)
		return Inside, 0
	case roleInit:
		return Done, beInit(setUp)
	case roleProbe:
		if err := beProbe(os.Getenv(probeEnv)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return Done, 1
		}
	}
	return Done, 0
}

// beProbe tries what the processes inside will do: their mounts, and an overlay
// with its upper folder in dir, which not every file system can hold.
func beProbe(dir string) error {
	if err := isolate(); err != nil {
		return err
	}
	for _, name := range []string{"upper", "work"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			return err
		}
	}
	options := "lowerdir=/var/lib,upperdir=" + dir + "/upper,workdir=" + dir + "/work"
	if err := syscall.Mount("overlay", "/var/lib", "overlay", 0, options); err != nil {
		return fmt.Errorf("mounting an overlay whose upper folder is in %s: %w", filepath.Dir(dir), err)
	}
	return nil
}

// Run starts the program again inside, with its arguments, and returns its exit
// code when all that runs there has ended, which the context's end brings about. The
// error says what still runs in the namespaces, if anything does.
func Run(ctx context.Context) (int, error) {
	// The signal of the parent's death is that of the thread's.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.CommandContext(ctx, "/proc/self/exe", os.Args[1:]...)
	cmd.Env = append(os.Environ(), roleEnv+"="+roleInit)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: namespaces, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	made := namespacesOf(cmd.Process.Pid)
	err := cmd.Wait()
	left := inNamespaces(made)
	if ctx.Err() != nil {
		return 1, errors.Join(errors.New("it was ended before its time"), left)
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() >= 0 {
		return exit.ExitCode(), left
	}
	return 0, errors.Join(err, left)
}

// beInit is the first process of the namespaces: it sets them up, starts the
// program, and buries the dead. With its end the kernel ends all others.
func beInit(setUp func() error) int {
	if err := isolate(); err != nil {
		fmt.Fprintf(os.Stderr, "setting up the private mounts: %v\n", err)
		return 1
	}
	if err := setUp(); err != nil {
		fmt.Fprintf(os.Stderr, "setting up the private machine: %v\n", err)
		return 1
	}
	if err := os.Setenv(roleEnv, roleMain); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	child, err := syscall.ForkExec("/proc/self/exe", os.Args, &syscall.ProcAttr{Env: os.Environ(), Files: []uintptr{0, 1, 2}})
	if err != nil {
		fmt.Fprintf(os.Stderr, "starting inside: %v\n", err)
		return 1
	}
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			fmt.Fprintf(os.Stderr, "waiting inside: %v\n", err)
			return 1
		case pid == child && status.Exited():
			return status.ExitStatus()
		case pid == child && status.Signaled():
			fmt.Fprintf(os.Stderr, "the program was ended by %v\n", status.Signal())
			return 1
		}
	}
}

// isolate makes the mounts private, those below them shared among the processes
// inside as a kubelet needs it, and mounts a /proc of the new processes.
func isolate() error {
	for _, flags := range []uintptr{syscall.MS_REC | syscall.MS_PRIVATE, syscall.MS_REC | syscall.MS_SHARED} {
		if err := syscall.Mount("", "/", "", flags, ""); err != nil {
			return fmt.Errorf("changing the propagation of mounts: %w", err)
		}
	}
	if err := syscall.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("mounting /proc: %w", err)
	}
	if err := syscall.Mount("tmpfs", "/run", "tmpfs", 0, "mode=755"); err != nil {
		return fmt.Errorf("mounting /run: %w", err)
	}
	return nil
}
