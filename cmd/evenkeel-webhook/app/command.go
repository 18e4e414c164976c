// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package app is the program evenkeel-webhook: its flags, and how its parts are
// wired, started, watched and stopped. What happens to a pod is decided in
// webhooks/.
package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/evenkeel/evenkeel/internal/maxprocs"
	"github.com/evenkeel/evenkeel/internal/version"
)

const program = "evenkeel-webhook"

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
		Short: "The admission server of Evenkeel",
		Long: `The admission server of Evenkeel: one mutating webhook that gives the pods of
JVM services what the AdmissionConfiguration says.

It serves ` + "`/mutate-v1-pod`" + ` with a certificate from files, or with one that it
makes itself: then its authority is kept in a Secret that the replicas share, and
the caBundle of the MutatingWebhookConfiguration is kept in line with it.`,
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
			if err := o.complete(os.Getenv); err != nil {
				return inputError{err}
			}
			logger := klog.NewKlogr()
			log.SetLogger(logger)
			maxprocs.Set(logger)
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
