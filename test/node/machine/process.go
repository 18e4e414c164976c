// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// Process is a program that runs.
type Process struct {
	Name string
	// Log is the file with what it prints.
	Log  string
	cmd  *exec.Cmd
	done chan struct{}
}

// start starts a program; the test's end ends it. Logs of one name are appended
// to one file.
func start(tb testing.TB, s Settings, name, path string, env []string, args ...string) *Process {
	tb.Helper()
	p := launch(tb, s, name, path, env, args...)
	tb.Cleanup(func() { p.bury(tb) })
	return p
}

// launch starts a program that the caller ends.
func launch(tb testing.TB, s Settings, name, path string, env []string, args ...string) *Process {
	tb.Helper()
	p := &Process{Name: name, Log: filepath.Join(s.Dir, name+".log"), done: make(chan struct{})}
	log, err := os.OpenFile(p.Log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		tb.Fatal(err)
	}
	defer log.Close()
	p.cmd = exec.Command(path, args...)
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		tb.Fatalf("starting %s: %v", name, err)
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.done)
	}()
	return p
}

// bury ends the process and, when the test has failed, shows the end of its log.
func (p *Process) bury(tb testing.TB) {
	tb.Helper()
	p.Kill()
	if tb.Failed() {
		tb.Logf("the end of the log of %s:\n%s", p.Name, p.lastWords())
	}
}

// Signal sends a signal to the process.
func (p *Process) Signal(tb testing.TB, signal syscall.Signal) {
	tb.Helper()
	if err := p.cmd.Process.Signal(signal); err != nil {
		tb.Fatalf("sending %v to %s: %v", signal, p.Name, err)
	}
}

// Kill ends the process at once and waits for its end.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

// Running returns an error if the process has ended.
func (p *Process) Running() error {
	select {
	case <-p.done:
		return fmt.Errorf("%s has ended: %v; its log ends with: %s", p.Name, p.cmd.ProcessState, p.lastWords())
	default:
		return nil
	}
}

// RSS returns the memory that the process has in RAM, and its peak, in bytes.
func (p *Process) RSS(tb testing.TB) (now, peak int64) {
	tb.Helper()
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		tb.Fatal(err)
	}
	for line := range strings.Lines(string(content)) {
		fields := strings.Fields(line)
		if len(fields) != 3 {
			continue
		}
		kib, _ := strconv.ParseInt(fields[1], 10, 64)
		switch fields[0] {
		case "VmRSS:":
			now = kib << 10
		case "VmHWM:":
			peak = kib << 10
		}
	}
	return now, peak
}

func (p *Process) lastWords() string {
	content, _ := os.ReadFile(p.Log)
	lines := bytes.Split(bytes.TrimSpace(content), []byte("\n"))
	return string(bytes.Join(lines[max(0, len(lines)-25):], []byte("\n")))
}

func runQuietly(path string, args ...string) error {
	if out, err := exec.Command(path, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", filepath.Base(path), strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}
