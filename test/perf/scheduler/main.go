// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Command scheduler measures what it costs to place pods: with the default
// profile of Kubernetes, with a tuned one and with Evenkeel's, in one run and
// without an API server.
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
