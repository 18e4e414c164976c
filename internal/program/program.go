// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package program is the outermost shell of the programs that take flags only,
// the daemons and the tools of the measurements: exit codes, an error as one line,
// what is wrong in a flag, the signals that end it. The command line evenkeel has
// verbs and a shell of its own, internal/cli; only the signals are the same.
//
// It links no client of Kubernetes, because evenkeel-node may not.
package program

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// Exit codes.
const (
	// Failure: something outside the input went wrong.
	Failure = 1
	// BadInput: a flag, or a file that a flag names, is wrong.
	BadInput = 2
)

// InputError is an error that whoever called the program can mend.
type InputError struct{ Err error }

// Error implements error.
func (e InputError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e InputError) Unwrap() error { return e.Err }

// Run runs a command with these arguments and returns the exit code. What went
// wrong is told in one line on stderr, after the program's name. An error is a
// Failure unless there is an InputError in it.
func Run(ctx context.Context, name string, cmd *cobra.Command, args []string, stdout, stderr io.Writer) int {
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		return InputError{fmt.Errorf("%w; see --help", err)}
	})
	cmd.SetVersionTemplate("{{.Version}}\n")
	cmd.SetArgs(args)
	cmd.SetOut(stdout)
	cmd.SetErr(stderr)
	err := cmd.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	_, _ = fmt.Fprintf(stderr, "%s: %s\n", name, strings.Join(strings.Fields(err.Error()), " "))
	if errors.As(err, &InputError{}) {
		return BadInput
	}
	return Failure
}

// FlagsOnly refuses arguments that are no flags: it is a command's Args.
func FlagsOnly(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return InputError{fmt.Errorf("%q is not understood; %s takes flags only, see --help", args[0], cmd.Name())}
	}
	return nil
}
