// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/evenkeel/evenkeel/internal/program"
	"github.com/evenkeel/evenkeel/test/perf/scheduler/cluster"
	"github.com/evenkeel/evenkeel/test/perf/scheduler/contender"
	"github.com/evenkeel/evenkeel/test/perf/scheduler/measure"
	"github.com/evenkeel/evenkeel/test/perf/scheduler/report"
)

const name = "scheduler"

// run runs the program and returns its exit code. What went wrong is told in
// one line on stderr.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return program.Run(ctx, name, newCommand(), args, stdout, stderr)
}

func newCommand() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   name,
		Short: "Measure what it costs to place pods, without an API server",
		Long: `Measure what it costs to place pods, without an API server.

The real scheduler places the replicas of new workloads in a cluster that it has
in its cache: with the default profile of Kubernetes, with a tuned default
profile and with Evenkeel's, in turns, in one process. Bindings end in memory.
The last line is one JSON object.`,
		Example: "  go run ./test/perf/scheduler --nodes 5000 --pods-per-node 20 --burst 50 --services many-namespaces",
		Args:    program.FlagsOnly,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	o.addTo(cmd.Flags())
	return cmd
}

func (o *options) run(ctx context.Context, stdout, stderr io.Writer) error {
	if err := o.complete(); err != nil {
		return program.InputError{Err: err}
	}
	contenders := make([]*contender.Contender, len(o.profiles))
	for i, name := range o.profiles {
		c, err := contender.Load(name, o.config)
		if err != nil {
			return program.InputError{Err: err}
		}
		if gogc, ok := o.gogc[name]; ok {
			c.GOGC = gogc
		}
		contenders[i] = c
	}
	if o.plan.CPUProfile != "" {
		if err := os.MkdirAll(o.plan.CPUProfile, 0o755); err != nil {
			return program.InputError{Err: fmt.Errorf("--cpuprofile: %w", err)}
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
