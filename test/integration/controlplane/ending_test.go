// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/evenkeel/evenkeel/internal/controlplane"
	"github.com/evenkeel/evenkeel/internal/controlplane/binaries"
)

// victimVariable makes this test binary a process that starts a control plane in
// the run directory it names, says so, and waits to be killed.
const victimVariable = "EVENKEEL_TEST_VICTIM_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(victimVariable); dir != "" {
		if _, err := controlplane.Start(context.Background(), controlplane.Options{Dir: dir}); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("started")
		select {}
	}
	os.Exit(m.Run())
}

func TestStartFails(t *testing.T) {
	for name, tc := range map[string]struct {
		opts func(dir string) controlplane.Options
		// want are parts of the error; DIR stands for the run directory.
		want []string
	}{
		"a flag kube-apiserver does not know": {
			opts: func(dir string) controlplane.Options {
				return controlplane.Options{Dir: dir, APIServerFlags: map[string]string{"no-such-flag": "1"}}
			},
			want: []string{"kube-apiserver ended before it was ready", "unknown flag: --no-such-flag", "DIR/logs/kube-apiserver.log"},
		},
		"a flag kube-controller-manager does not know": {
			opts: func(dir string) controlplane.Options {
				return controlplane.Options{Dir: dir, ControllerManagerFlags: map[string]string{"no-such-flag": "1"}}
			},
			want: []string{"kube-controller-manager ended unexpectedly", "unknown flag: --no-such-flag", "DIR/logs/kube-controller-manager.log"},
		},
		"a program that is not there": {
			opts: func(dir string) controlplane.Options {
				paths, err := binaries.Ensure(t.Context(), binaries.Options{})
				if err != nil {
					t.Fatal(err)
				}
				paths.Kwok = "/nowhere/kwok"
				return controlplane.Options{Dir: dir, Binaries: paths}
			},
			want: []string{"kwok cannot be started", "/nowhere/kwok"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "run")
			cp, err := controlplane.Start(t.Context(), tc.opts(dir))
			if err == nil {
				_ = cp.Stop()
				t.Fatal("the control plane started")
			}
			for _, part := range tc.want {
				part = strings.ReplaceAll(part, "DIR", dir)
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error = %q, want it to say %q", err, part)
				}
			}
			if left := processesNaming(t, dir); len(left) > 0 {
				t.Errorf("processes left: %v", left)
			}
		})
	}
}

func TestStartRefusesUsedDirectory(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "letter"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := controlplane.Start(t.Context(), controlplane.Options{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), dir+" is not empty") {
		t.Errorf("error = %v, want one that says that %s is not empty", err, dir)
	}
}

// TestStartInterrupted ends the context as soon as the API server is being started.
func TestStartInterrupted(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	stop := errors.New("somebody pressed Ctrl-C")
	ctx, cancel := context.WithCancelCause(t.Context())
	_, err := controlplane.Start(ctx, controlplane.Options{Dir: dir, Progress: func(line string) {
		if line == "Starting kube-apiserver" {
			cancel(stop)
		}
	}})
	if !errors.Is(err, stop) {
		t.Errorf("error = %v, want one that wraps %q", err, stop)
	}
	if left := processesNaming(t, dir); len(left) > 0 {
		t.Errorf("processes left: %v", left)
	}
}

// TestContextEndStops also looks for goroutines that stay.
func TestContextEndStops(t *testing.T) {
	before := goleak.IgnoreCurrent()
	ctx, cancel := context.WithCancel(t.Context())
	cp, err := controlplane.Start(ctx, controlplane.Options{WithoutControllerManager: true, WithoutKwok: true})
	if err != nil {
		t.Fatal(err)
	}
	processes := processesOf(t, cp)
	cancel()
	if err := cp.Stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
	checkGone(t, processes)
	goleak.VerifyNone(t, before)
}

// TestProcessEndIsTold ends programs behind the control plane's back.
func TestProcessEndIsTold(t *testing.T) {
	for _, name := range []string{binaries.Etcd, binaries.KubeControllerManager} {
		t.Run(name, func(t *testing.T) {
			cp := start(t, controlplane.Options{Dir: filepath.Join(t.TempDir(), "run")})
			for id, program := range processesOf(t, cp) {
				if program == name {
					if err := syscall.Kill(id, syscall.SIGKILL); err != nil {
						t.Fatal(err)
					}
				}
			}
			select {
			case err := <-cp.Failed():
				if !strings.Contains(err.Error(), name+" ended unexpectedly") || !strings.Contains(err.Error(), cp.Log(name)) {
					t.Errorf("error = %q, want the end of %s and its log", err, name)
				}
			case <-time.After(patience):
				t.Errorf("the end of %s was not told", name)
			}
		})
	}
}

// TestKilledParentLeavesNothing kills the process that started a control plane.
func TestKilledParentLeavesNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	victim := exec.Command(os.Args[0])
	victim.Env = append(os.Environ(), victimVariable+"="+dir)
	out, err := victim.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(out).ReadString('\n')
	if line != "started\n" {
		_ = victim.Wait()
		t.Fatalf("the victim said %q", line)
	}
	if found := processesNaming(t, dir); len(found) < 5 {
		t.Fatalf("processes = %v, want the watchdog and four more", found)
	}
	if err := victim.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = victim.Wait()
	err = wait.PollUntilContextTimeout(t.Context(), 100*time.Millisecond, patience, true, func(context.Context) (bool, error) {
		return len(processesNaming(t, dir)) == 0, nil
	})
	if err != nil {
		t.Errorf("processes left: %v", processesNaming(t, dir))
	}
}
