// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

const program = "schedulerperf"

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
		Short: "Measure how many pods per second are placed, with an API server",
		Long: `Measure how many pods per second are placed, with an API server.

Kubernetes' scheduler_perf runs the workloads, each with each scheduler in turns,
in a new process with a new API server and a new etcd each time. The last line is
one JSON object.

The API server, the schedulers and whatever creates the pods share the machine:
the figures compare within one run only, and no scheduler can be faster than the
one called null.`,
		Example:       "  go run ./test/perf/schedulerperf --sizes 1000,5000 --repeats 3",
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
	cmd.AddCommand(newTurnCommand())
	return cmd
}

// newTurnCommand is what the program calls itself with for each measurement.
func newTurnCommand() *cobra.Command {
	var t turn
	cmd := &cobra.Command{
		Use:    turnCommand,
		Short:  "Measure one scheduler with one workload in this process",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE:   func(*cobra.Command, []string) error { return t.play() },
	}
	t.addTo(cmd.Flags())
	return cmd
}
