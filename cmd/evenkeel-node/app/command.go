// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package app is the program evenkeel-node: its flags, and how its parts are
// wired, started and stopped. What happens to a container is decided in
// plugins/node.
package app

import (
	"io"
	"os"
	"runtime"

	"github.com/spf13/cobra"
	"k8s.io/klog/v2"

	"github.com/evenkeel/evenkeel/internal/program"
	"github.com/evenkeel/evenkeel/internal/version"
)

const name = "evenkeel-node"

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
		Short: "The node daemon of Evenkeel",
		Long: `The node daemon of Evenkeel: an NRI plugin that sets the pid limit of each
container when the container runtime creates it, to the number that the webhook
wrote on the pod.

It connects to the runtime's NRI socket, again and again while there is none, and
serves what it knows at --metrics-bind-address: /metrics, /metrics/containers with
a series for each container, /healthz and /readyz. It talks to no API server.`,
		Version: version.String(name),
		Args:    program.FlagsOnly,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return program.InputError{Err: err}
			}
			logger := klog.NewKlogr()
			oneProcessor(logger)
			return Run(klog.NewContext(cmd.Context(), logger), o)
		},
	}
	o.addFlags(cmd.Flags())
	program.AddVerbosity(cmd.Flags())
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
