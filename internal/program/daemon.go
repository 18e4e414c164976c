// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package program

import (
	"context"
	"flag"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/klog/v2"
)

// UntilSignal calls a function with a context that the first SIGTERM or interrupt
// ends; the second ends the process at once.
func UntilSignal(run func(ctx context.Context) int) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return run(ctx)
}

// RunDaemon runs a command as Run does, until a signal ends it, and writes out what
// klog has kept back.
func RunDaemon(name string, cmd *cobra.Command, args []string, stdout, stderr io.Writer) int {
	defer klog.Flush()
	return UntilSignal(func(ctx context.Context) int { return Run(ctx, name, cmd, args, stdout, stderr) })
}

// AddVerbosity adds klog's flag -v, and none of its others.
func AddVerbosity(flags *pflag.FlagSet) {
	all := flag.NewFlagSet("", flag.ContinueOnError)
	klog.InitFlags(all)
	flags.AddGoFlag(all.Lookup("v"))
}
