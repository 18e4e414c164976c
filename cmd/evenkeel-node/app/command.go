// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package app is the program evenkeel-node: its flags, and how its parts are
// wired, started and stopped. What happens to a container is decided in
// plugins/node.
package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"k8s.io/klog/v2"

	"github.com/evenkeel/evenkeel/internal/version"
)

const program = "evenkeel-node"

// Exit codes.
const (
	exitFailure  = 1
	exitBadInput = 2
)

// inputError is an error in a flag or in a file that a flag names.
type inputError struct{ error }

func (e inputError) Unwrap() error { return e.error }

// Main runs the program and returns its exit code. What went wrong is told in
// one line on stderr. The first SIGTERM or interrupt ends it gracefully, the
// second at once.
func Main(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)

	cmd := newCommand()
	cmd.SetArgs(args)
	cmd.SetOut(stdout)
	cmd.SetErr(stderr)
	err := cmd.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	klog.Flush()
	_, _ = fmt.Fprintf(stderr, "%s: %s\n", program, strings.Join(strings.Fields(err.Error()), " "))
	if errors.As(err, &inputError{}) {
		return exitBadInput
	}
	return exitFailure
}

func newCommand() *cobra.Command {
	var o Options
	cmd := &cobra.Command{
		Use:   program + " --config FILE",
		Short: "The node daemon of Evenkeel",
		Long: `The node daemon of Evenkeel: an NRI plugin that sets the pid limit of each
container when the container runtime creates it, to the number that the webhook
wrote on the pod.

It connects to the runtime's NRI socket, again and again while there is none, and
serves what it knows at --metrics-bind-address: /metrics, /metrics/containers with
a series for each container, /healthz and /readyz. It talks to no API server.`,
		Version:       version.String(program),
		SilenceUsage:  true,
		SilenceErrors: true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return inputError{fmt.Errorf("%q is not understood; %s takes flags only, see --help", args[0], program)}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return inputError{err}
			}
			logger := klog.NewKlogr()
			oneProcessor(logger)
			return Run(klog.NewContext(cmd.Context(), logger), o)
		},
	}
	cmd.SetVersionTemplate("{{.Version}}\n")
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		return inputError{fmt.Errorf("%w; see --help", err)}
	})
	o.addFlags(cmd.Flags())
	klogFlags := flag.NewFlagSet(program, flag.ContinueOnError)
	klog.InitFlags(klogFlags)
	cmd.Flags().AddGoFlag(klogFlags.Lookup("v"))
	return cmd
}

// oneProcessor has Go code run on one thread at a time, unless the user has decided:
// a request passes through four goroutines one after the other, and waking another
// thread for each took longer than the work.
func oneProcessor(logger klog.Logger) {
	if _, byUser := os.LookupEnv("GOMAXPROCS"); !byUser {
		runtime.GOMAXPROCS(1)
	}
	logger.Info("Settled GOMAXPROCS", "gomaxprocs", runtime.GOMAXPROCS(0))
}
