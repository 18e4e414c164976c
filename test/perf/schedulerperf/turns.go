// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/evenkeel/evenkeel/internal/controlplane/binaries"
	"github.com/evenkeel/evenkeel/internal/program"
	"github.com/evenkeel/evenkeel/test/perf/schedulerperf/report"
	"github.com/evenkeel/evenkeel/test/perf/schedulerperf/upstream"
	"github.com/evenkeel/evenkeel/test/perf/schedulerperf/workload"
)

// The files in the folder of a turn.
const (
	resultsFolder = "results"
	logFile       = "output.log"
)

func (o *options) run(ctx context.Context, stdout, stderr io.Writer) error {
	if err := o.complete(); err != nil {
		return program.InputError{Err: err}
	}
	paths, err := binaries.Ensure(ctx, binaries.Options{Progress: func(line string) { _, _ = fmt.Fprintln(stderr, line) }})
	if err != nil {
		return err
	}
	results := o.results
	if results == "" {
		if results, err = os.MkdirTemp("", "evenkeel-schedulerperf-"); err != nil {
			return err
		}
	}
	// Turns have another working directory.
	if results, err = filepath.Abs(results); err != nil {
		return err
	}
	s := &series{options: o, results: results, etcd: filepath.Dir(paths.Etcd), progress: stderr, report: report.New(o.repeats, o.gogc, o.schedulers)}
	if err := s.run(ctx); err != nil {
		return err
	}
	if o.results == "" {
		if err := os.RemoveAll(results); err != nil {
			return err
		}
	}
	if o.output == outputTable {
		if err := s.report.WriteTable(stdout); err != nil {
			return err
		}
	}
	return s.report.WriteJSON(stdout)
}

// series is all turns of a run.
type series struct {
	*options
	results, etcd string
	progress      io.Writer
	report        *report.Report
}

// run has the schedulers take turns with each workload, in another order each
// time, so that what slows the machine down for a while slows down all.
func (s *series) run(ctx context.Context) error {
	for _, size := range s.sizes {
		for _, name := range s.workloads {
			w, err := workload.Load(name, size)
			if err != nil {
				return err
			}
			s.report.Add(w.String(), w.Shape)
			for repeat := range s.repeats {
				order := slices.Clone(s.schedulers)
				if repeat%2 == 1 {
					slices.Reverse(order)
				}
				for _, scheduler := range order {
					if err := s.measure(ctx, w, scheduler, repeat); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

func (s *series) measure(ctx context.Context, w *workload.Workload, scheduler string, repeat int) error {
	t := turn{
		workload: w.Name, size: w.Size, scheduler: scheduler, cpuProfile: s.cpuProfile,
		dir: filepath.Join(s.results, fmt.Sprintf("%s-%s-%s-%d", w.Name, w.Size, scheduler, repeat+1)),
	}
	if config := s.configOf(scheduler); config != "" {
		var err error
		if t.config, err = filepath.Abs(config); err != nil {
			return err
		}
	}
	title := fmt.Sprintf("%s with %s, %d of %d", w, scheduler, repeat+1, s.repeats)
	// A folder of an earlier run would have two results.
	if err := os.RemoveAll(t.dir); err != nil {
		return err
	}
	start := time.Now()
	cpu, err := s.play(ctx, &t)
	if err != nil {
		return fmt.Errorf("%s: %w", title, err)
	}
	measured, err := report.Read(filepath.Join(t.dir, resultsFolder))
	if err != nil {
		return fmt.Errorf("%s: %w", title, err)
	}
	measured.CPU = cpu.Seconds()
	s.report.Measured(w.String(), scheduler, measured)
	_, _ = fmt.Fprintf(s.progress, "%s: %s (%s in all)\n", title, measured, time.Since(start).Round(time.Second))
	return nil
}

// play takes a turn in a process of its own and returns the CPU time of the
// process and of its etcd.
func (s *series) play(ctx context.Context, t *turn) (time.Duration, error) {
	if err := os.MkdirAll(t.dir, 0o755); err != nil {
		return 0, err
	}
	program, err := os.Executable()
	if err != nil {
		return 0, err
	}
	name := filepath.Join(t.dir, logFile)
	log, err := os.Create(name)
	if err != nil {
		return 0, err
	}
	defer func() { _ = log.Close() }()
	cmd := exec.CommandContext(ctx, program, t.args()...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = append(os.Environ(),
		"PATH="+s.etcd+string(os.PathListSeparator)+os.Getenv("PATH"),
		"GOGC="+strconv.Itoa(s.gogc),
		// As in production: else client-go compares every object it caches.
		"KUBE_CACHE_MUTATION_DETECTOR=false",
	)
	// scheduler_perf stops its etcd on an interrupt.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = time.Minute
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return 0, fmt.Errorf("interrupted: %w", context.Cause(ctx))
		}
		output, readErr := os.ReadFile(name)
		if readErr != nil {
			return 0, fmt.Errorf("%w; its output cannot be read: %w", err, readErr)
		}
		lines := strings.Split(upstream.Why(output), "\n")
		return 0, fmt.Errorf("%w: %s; all of its output is in %s", err, lines[len(lines)-1], name)
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), nil
}
