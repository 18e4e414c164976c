// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/evenkeel/evenkeel/test/perf/scheduler/cluster"
	"github.com/evenkeel/evenkeel/test/perf/scheduler/contender"
	"github.com/evenkeel/evenkeel/test/perf/scheduler/measure"
	"github.com/evenkeel/evenkeel/test/perf/scheduler/report"
)

const program = "scheduler"

// The exit codes.
const (
	exitFailure  = 1
	exitBadInput = 2
)

// run runs the program and returns its exit code. What went wrong is told in
// one line on stderr.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	cmd := newCommand()
	cmd.SetArgs(args)
	cmd.SetOut(stdout)
	cmd.SetErr(stderr)
	err := cmd.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	_, _ = fmt.Fprintf(stderr, "%s: %s\n", program, strings.Join(strings.Fields(err.Error()), " "))
	if errors.As(err, &inputError{}) {
		return exitBadInput
	}
	return exitFailure
}

// inputError is an error that whoever called the program can mend.
type inputError struct{ err error }

func (e inputError) Error() string { return e.err.Error() }
func (e inputError) Unwrap() error { return e.err }

func newCommand() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   program,
		Short: "Measure what it costs to place pods, without an API server",
		Long: `Measure what it costs to place pods, without an API server.

The real scheduler places the replicas of new workloads in a cluster that it has
in its cache: with the default profile of Kubernetes, with a tuned default
profile and with Evenkeel's, in turns, in one process. Bindings end in memory.
The last line is one JSON object.`,
		Example:       "  go run ./test/perf/scheduler --nodes 5000 --pods-per-node 20 --burst 50 --services many-namespaces",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return inputError{fmt.Errorf("unknown argument %q: everything is said in flags, which --help lists", args[0])}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		return inputError{fmt.Errorf("%w; --help lists the flags", err)}
	})
	o.addTo(cmd.Flags())
	return cmd
}

func (o *options) run(ctx context.Context, stdout, stderr io.Writer) error {
	if err := o.complete(); err != nil {
		return inputError{err}
	}
	contenders := make([]*contender.Contender, len(o.profiles))
	for i, name := range o.profiles {
		c, err := contender.Load(name, o.config)
		if err != nil {
			return inputError{err}
		}
		if gogc, ok := o.gogc[name]; ok {
			c.GOGC = gogc
		}
		contenders[i] = c
	}
	if o.plan.CPUProfile != "" {
		if err := os.MkdirAll(o.plan.CPUProfile, 0o755); err != nil {
			return inputError{fmt.Errorf("--cpuprofile: %w", err)}
		}
	}
	o.plan.Progress = stderr
	results, err := measure.Run(ctx, o.plan, contenders, cluster.New(o.shape))
	if err != nil {
		return err
	}
	r := report.New(o.shape, o.plan, results)
	if o.output == outputTable {
		if err := r.WriteTable(stdout); err != nil {
			return err
		}
	}
	return r.WriteJSON(stdout)
}
