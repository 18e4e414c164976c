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
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal ends the run, the second the process.
	context.AfterFunc(ctx, stop)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
