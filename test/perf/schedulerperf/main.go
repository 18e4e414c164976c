// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Command schedulerperf measures how many pods per second several schedulers
// place on top of a real API server: the default profile of Kubernetes, Evenkeel's
// and one that does next to nothing, with Kubernetes' own scheduler_perf.
//
// docs/benchmarks/README.md says how to read what it prints.
package main

import (
	"context"
	"os"

	"github.com/evenkeel/evenkeel/internal/program"
)

func main() {
	os.Exit(program.UntilSignal(func(ctx context.Context) int {
		return run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	}))
}
