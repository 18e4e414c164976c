// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Command matrix runs the benchmarks of the scheduler in all the settings that
// docs/benchmarks/scheduler.md shows, and writes that page and the figures that
// it shows, scheduler.json.
//
// How a figure is measured is decided in test/perf/scheduler and
// test/perf/schedulerperf, which it runs as programs; here are only the list of
// the settings and the page.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "matrix:", err)
		os.Exit(1)
	}
}
