// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package program runs the built programs for integration tests, as a user does:
// as processes of their own, by what they print and by how they end. What is
// expected of them is for the tests to say.
package program

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/evenkeel/evenkeel/internal/controlplane/binaries"
)

// Patience bounds every wait. It is long because a loaded machine is slow, and is
// never spent when things work.
const Patience = 4 * time.Minute

// Bin returns the folder with our programs; they are built if one is missing.
func Bin(t *testing.T) string {
	t.Helper()
	root, err := binaries.FindRoot()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(root, "bin")
	for _, name := range []string{"evenkeel", "evenkeel-webhook", "evenkeel-scheduler"} {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err == nil {
			continue
		}
		build := exec.CommandContext(t.Context(), "go", "build", "-o", path, "./cmd/"+name)
		build.Dir = root
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("building %s: %v\n%s", name, err, out)
		}
	}
	return dir
}

// Process is a run of the program.
type Process struct {
	Cmd   *exec.Cmd
	ended chan struct{}

	mu  sync.Mutex
	out bytes.Buffer
	all bytes.Buffer
}

// Start starts a program. It is ended with the test, and what it printed is in the
// test's log if the test fails.
func Start(t *testing.T, program string, args ...string) *Process {
	t.Helper()
	p := &Process{Cmd: exec.Command(program, args...), ended: make(chan struct{})}
	stdout, err := p.Cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := p.Cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var readers sync.WaitGroup
	readers.Go(func() { p.read(stdout, &p.out) })
	readers.Go(func() { p.read(stderr, nil) })
	go func() {
		readers.Wait()
		_ = p.Cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		_ = p.Cmd.Process.Signal(syscall.SIGTERM)
		<-p.ended
		if t.Failed() {
			t.Logf("%s printed:\n%s", p.Cmd, p.Printed())
		}
	})
	return p
}

func (p *Process) read(from io.Reader, also *bytes.Buffer) {
	for scanner := bufio.NewScanner(from); scanner.Scan(); {
		line := scanner.Text()
		p.mu.Lock()
		p.all.WriteString(line + "\n")
		if also != nil {
			also.WriteString(line + "\n")
		}
		p.mu.Unlock()
	}
}

// Printed is what the program has printed to both outputs.
func (p *Process) Printed() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.all.String()
}

// Stdout is what the program has printed to its standard output.
func (p *Process) Stdout() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return bytes.Clone(p.out.Bytes())
}

// Await waits for a line of either output that begins so and returns the rest of it.
func (p *Process) Await(t *testing.T, prefix string) string {
	t.Helper()
	for deadline := time.Now().Add(Patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		ended := false
		select {
		case <-p.ended:
			ended = true
		default:
		}
		for line := range strings.Lines(p.Printed()) {
			if rest, found := strings.CutPrefix(line, prefix); found {
				return strings.TrimSpace(rest)
			}
		}
		if ended {
			t.Fatalf("it ended without a line that begins with %q", prefix)
		}
	}
	t.Fatalf("no line that begins with %q within %s", prefix, Patience)
	return ""
}

// ExitCode waits for the end of the program.
func (p *Process) ExitCode(t *testing.T) int {
	t.Helper()
	select {
	case <-p.ended:
		return p.Cmd.ProcessState.ExitCode()
	case <-time.After(Patience):
		t.Fatalf("it is still there after %s", Patience)
		return 0
	}
}

// Children returns the processes that the control plane in the run directory has
// started, by name.
func Children(t *testing.T, runDir string) map[string]int {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(runDir, "programs", "processes"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]int{}
	for line := range strings.Lines(string(content)) {
		fields := strings.Fields(line)
		pid, err := strconv.Atoi(fields[0])
		if err != nil {
			t.Fatalf("%q is no id: %v", fields[0], err)
		}
		out[fields[1]] = pid
	}
	return out
}

// CheckGone checks that the processes of a playground were all there and that none
// is left.
func CheckGone(t *testing.T, processes map[string]int) {
	t.Helper()
	for _, name := range []string{"etcd", "kube-apiserver", "kube-controller-manager", "kwok", "evenkeel-webhook", "evenkeel-scheduler"} {
		pid, started := processes[name]
		if !started {
			t.Errorf("%s was not among the processes: %v", name, processes)
			continue
		}
		if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("%s, process %d, is still there: %v", name, pid, err)
		}
	}
}
