// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/evenkeel/evenkeel/internal/program"
)

const name = "schedulerperf"

// run runs the program and returns its exit code. What went wrong is told in
// one line on stderr.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return program.Run(ctx, name, newCommand(), args, stdout, stderr)
}

func newCommand() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   name,
		Short: "Measure how many pods per second are placed, with an API server",
		Long: `Measure how many pods per second are placed, with an API server.

Kubernetes' scheduler_perf runs the workloads, each with each scheduler in turns,
in a new process with a new API server and a new etcd each time. The last line is
one JSON object.

The API server, the schedulers and whatever creates the pods share the machine:
the figures compare within one run only, and no scheduler can be faster than the
one called null.`,
		Example: "  go run ./test/perf/schedulerperf --sizes 1000,5000 --repeats 3",
		Args:    program.FlagsOnly,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
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
