// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// The files in the folder of --out.
const (
	figuresFile = "scheduler.json"
	pageFile    = "scheduler.md"
)

// options are the flags.
type options struct {
	driver, schedulerPerf, out string
	only                       []string
	pageOnly                   bool
}

// run measures what is asked for. Settings that are not keep the figures that the
// folder has of them. After each setting the files are written, so that a run
// that is broken off has lost nothing but the setting that it was at.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var o options
	flags := pflag.NewFlagSet("matrix", pflag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.driver, "driver", "", "the program of test/perf/scheduler")
	flags.StringVar(&o.schedulerPerf, "schedulerperf", "", "the program of test/perf/schedulerperf")
	flags.StringVar(&o.out, "out", "docs/benchmarks", "folder of "+figuresFile+" and "+pageFile)
	flags.StringSliceVar(&o.only, "only", nil, "names of the settings to measure, all if not given: "+strings.Join(names(), ", "))
	flags.BoolVar(&o.pageOnly, "page-only", false, "measure nothing; write the page from the figures that there are")
	if err := flags.Parse(args); errors.Is(err, pflag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unknown argument %q: everything is said in flags, which --help lists", flags.Arg(0))
	}
	if !o.pageOnly && (o.driver == "" || o.schedulerPerf == "") {
		return errors.New("--driver and --schedulerperf must name the two programs; make bench-scheduler builds and names them")
	}
	for _, name := range o.only {
		if !slices.Contains(names(), name) {
			return fmt.Errorf("--only names %q, which is none of %s", name, strings.Join(names(), ", "))
		}
	}
	figures, err := load(filepath.Join(o.out, figuresFile))
	if err != nil {
		return err
	}
	for _, s := range settings {
		if o.pageOnly || o.only != nil && !slices.Contains(o.only, s.name) {
			continue
		}
		program := o.driver
		if s.withServer {
			program = o.schedulerPerf
		}
		fmt.Fprintln(stderr, "measuring", s.name+":", s.command())
		result, err := measure(ctx, program, s.flags, stderr)
		if err != nil {
			return fmt.Errorf("measuring %s: %w", s.name, err)
		}
		figures[s.name] = figure{Command: s.command(), Day: time.Now().UTC().Format(time.DateOnly), Result: result}
		if err := figures.save(o.out); err != nil {
			return err
		}
	}
	if err := figures.save(o.out); err != nil {
		return err
	}
	_, err = fmt.Fprintln(stdout, "written:", filepath.Join(o.out, figuresFile), filepath.Join(o.out, pageFile))
	return err
}

// measure runs a program and returns its last line, the JSON object.
func measure(ctx context.Context, program string, flags []string, stderr io.Writer) (json.RawMessage, error) {
	var stdout bytes.Buffer
	cmd := exec.CommandContext(ctx, program, append([]string{"-o", "json"}, flags...)...)
	cmd.Stdout, cmd.Stderr = &stdout, stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(program), err)
	}
	lines := bytes.Split(bytes.TrimSpace(stdout.Bytes()), []byte("\n"))
	last := lines[len(lines)-1]
	if !json.Valid(last) {
		return nil, fmt.Errorf("%s ended without a JSON object", filepath.Base(program))
	}
	return last, nil
}

// figure is what was measured in one setting.
type figure struct {
	Command string `json:"command"`
	// Day of the measurement, in UTC.
	Day string `json:"day"`
	// Result is the JSON object of the program.
	Result json.RawMessage `json:"result"`
}

// figures are by the name of the setting.
type figures map[string]figure

func load(file string) (figures, error) {
	f := figures{}
	text, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return f, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, fmt.Errorf("%s: %w; mend or remove it", file, err)
	}
	return f, nil
}

// save writes the figures and the page.
func (f figures) save(folder string) error {
	page, err := f.page()
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(f, "", " ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, figuresFile), append(text, '\n'), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, pageFile), page, 0o644)
}
