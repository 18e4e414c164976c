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

	"github.com/evenkeel/evenkeel/internal/program"
)

func main() {
	os.Exit(program.UntilSignal(func(ctx context.Context) int {
		return run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	}))
}
