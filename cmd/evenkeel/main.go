// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Command evenkeel is the command line of Evenkeel, also as `kubectl evenkeel`
// when it is installed under the name kubectl-evenkeel. The verbs are in
// internal/cli.
package main

import (
	"context"
	"os"

	"github.com/evenkeel/evenkeel/internal/cli"
	"github.com/evenkeel/evenkeel/internal/program"
)

func main() {
	os.Exit(program.UntilSignal(func(ctx context.Context) int {
		return cli.Run(ctx, os.Args, os.Stdin, os.Stdout, os.Stderr)
	}))
}
