// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/evenkeel/evenkeel/test/node/machine"
	"github.com/evenkeel/evenkeel/test/node/private"
	"github.com/evenkeel/evenkeel/test/node/programs"
)

// settings of this run, inside.
var settings machine.Settings

// outcomes are printed at the end: what was seen, for docs/node.md.
var outcomes struct {
	sync.Mutex
	lines []string
}

func saw(format string, args ...any) {
	outcomes.Lock()
	defer outcomes.Unlock()
	outcomes.lines = append(outcomes.lines, fmt.Sprintf(format, args...))
}

func TestMain(m *testing.M) {
	flag.Parse()
	if testing.Short() {
		fmt.Println("test/node: not with -short; make test-node runs it")
		return
	}
	where, code := private.Enter(func() error {
		s, err := machine.Imported()
		if err != nil {
			return err
		}
		return s.SetUp()
	})
	switch where {
	case private.Done:
		os.Exit(code)
	case private.Outside:
		code, err := outside()
		if err != nil {
			fmt.Fprintf(os.Stderr, "test/node: %v\n", err)
			code = 1
		}
		os.Exit(code)
	}
	var err error
	if settings, err = machine.Imported(); err != nil {
		fmt.Fprintf(os.Stderr, "test/node: %v\n", err)
		os.Exit(1)
	}
	code = m.Run()
	slices.Sort(outcomes.lines)
	fmt.Printf("--- what was seen\n%s\n", strings.Join(outcomes.lines, "\n"))
	os.Exit(code)
}

// outside prepares the run, runs it inside, and sees to it that nothing is left.
func outside() (code int, err error) {
	if err := private.Check(); err != nil {
		fmt.Printf("test/node: NOT RUN: this machine cannot: %v\n", err)
		return 0, nil
	}
	// Whoever ends this program, the time limit of go test among them, still gets a
	// clean machine.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGHUP)
	defer stop()
	begin := time.Now()
	progress := func(line string) { fmt.Printf("test/node: %s (%v)\n", line, time.Since(begin).Round(time.Second)) }
	paths, err := programs.Ensure(ctx, progress)
	if errors.Is(err, programs.ErrNoPackages) {
		fmt.Printf("test/node: NOT RUN: %v\n", err)
		return 0, nil
	} else if err != nil {
		return 0, err
	}
	dir, err := os.MkdirTemp("", "evenkeel-node-")
	if err != nil {
		return 0, err
	}
	s := machine.Settings{Paths: paths, Dir: dir, Cgroup: fmt.Sprintf("evenkeel-node-%d", os.Getpid())}
	mounts, err := private.Mounts()
	if err != nil {
		return 0, err
	}
	defer func() {
		left := errors.Join(private.RemoveCgroup(s.Cgroup), private.NewMounts(mounts), private.Processes(dir))
		switch {
		case left != nil:
			err = errors.Join(err, fmt.Errorf("something was left behind: %w", left))
		case err == nil:
			progress("Left behind no mount, cgroup, namespace or process")
		}
		if code == 0 && err == nil {
			err = os.RemoveAll(dir)
		} else {
			fmt.Printf("test/node: logs are in %s\n", dir)
		}
	}()
	if err := private.MakeCgroup(s.Cgroup); err != nil {
		return 0, err
	}
	if err := s.Export(); err != nil {
		return 0, err
	}
	progress("Starting inside")
	return private.Run(ctx)
}
