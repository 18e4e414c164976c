// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package app is the program evenkeel-webhook: its flags, and how its parts are
// wired, started, watched and stopped. What happens to a pod is decided in
// webhooks/.
package app

import (
	"io"
	"os"

	"github.com/spf13/cobra"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/evenkeel/evenkeel/internal/maxprocs"
	"github.com/evenkeel/evenkeel/internal/program"
	"github.com/evenkeel/evenkeel/internal/version"
)

const name = "evenkeel-webhook"

// Main runs the program and returns its exit code. What went wrong is told in
// one line on stderr. The first SIGTERM or interrupt ends it gracefully, the
// second at once.
func Main(args []string, stdout, stderr io.Writer) int {
	return program.RunDaemon(name, NewCommand(), args, stdout, stderr)
}

// NewCommand returns the command of the program.
func NewCommand() *cobra.Command {
	var o Options
	cmd := &cobra.Command{
		Use:   name + " --config FILE",
		Short: "The admission server of Evenkeel",
		Long: `The admission server of Evenkeel: one mutating webhook that gives the pods of
JVM services what the AdmissionConfiguration says.

It serves ` + "`/mutate-v1-pod`" + ` with a certificate from files, or with one that it
makes itself: then its authority is kept in a Secret that the replicas share, and
the caBundle of the MutatingWebhookConfiguration is kept in line with it.`,
		Version: version.String(name),
		Args:    program.FlagsOnly,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.complete(os.Getenv); err != nil {
				return program.InputError{Err: err}
			}
			logger := klog.NewKlogr()
			log.SetLogger(logger)
			maxprocs.Set(logger)
			return Run(klog.NewContext(cmd.Context(), logger), o)
		},
	}
	o.addFlags(cmd.Flags())
	program.AddVerbosity(cmd.Flags())
	return cmd
}
