// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package playground_test runs `evenkeel playground` as a user does, as a program
// of its own with the real webhook and scheduler, and holds what it says against
// what the API server has stored.
package playground_test

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

// patience bounds every wait. It is long because a loaded machine is slow, and is
// never spent when things work.
const patience = 4 * time.Minute

// bin returns the folder with our programs; they are built if one is missing.
func bin(t *testing.T) string {
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

// process is a run of the program.
type process struct {
	cmd   *exec.Cmd
	ended chan struct{}

	mu  sync.Mutex
	out bytes.Buffer
	all bytes.Buffer
}

// start starts the playground. What it prints is in the test's log if the test fails.
func start(t *testing.T, program string, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(program, append([]string{"playground"}, args...)...), ended: make(chan struct{})}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var readers sync.WaitGroup
	readers.Go(func() { p.read(stdout, &p.out) })
	readers.Go(func() { p.read(stderr, nil) })
	go func() {
		readers.Wait()
		_ = p.cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Signal(syscall.SIGTERM)
		<-p.ended
		if t.Failed() {
			t.Logf("%s printed:\n%s", p.cmd, p.printed())
		}
	})
	return p
}

func (p *process) read(from io.Reader, also *bytes.Buffer) {
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

// printed is what the program has printed to both outputs.
func (p *process) printed() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.all.String()
}

// stdout is what the program has printed to its standard output.
func (p *process) stdout() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return bytes.Clone(p.out.Bytes())
}

// await waits for a line of either output that begins so and returns the rest of it.
func (p *process) await(t *testing.T, prefix string) string {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		ended := false
		select {
		case <-p.ended:
			ended = true
		default:
		}
		for line := range strings.Lines(p.printed()) {
			if rest, found := strings.CutPrefix(line, prefix); found {
				return strings.TrimSpace(rest)
			}
		}
		if ended {
			t.Fatalf("it ended without a line that begins with %q", prefix)
		}
	}
	t.Fatalf("no line that begins with %q within %s", prefix, patience)
	return ""
}

// exitCode waits for the end of the program.
func (p *process) exitCode(t *testing.T) int {
	t.Helper()
	select {
	case <-p.ended:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(patience):
		t.Fatalf("it is still there after %s", patience)
		return 0
	}
}

// children returns the processes that the control plane in the run directory has
// started, by name.
func children(t *testing.T, runDir string) map[string]int {
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

// checkGone checks that none of the processes is left.
func checkGone(t *testing.T, processes map[string]int) {
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
