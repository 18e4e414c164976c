// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package exit tells the exit codes of the command line and carries them with an
// error from where it happens to main.
package exit

import (
	"context"
	"errors"
	"fmt"
)

// Exit codes, the same for every verb.
const (
	// OK: the command did what was asked.
	OK = 0
	// Failure: something outside the user's input went wrong, such as a full disk.
	// It is the code of every error that carries none.
	Failure = 1
	// BadInput: an argument, a flag or a file is wrong; nothing was done.
	BadInput = 2
	// Interrupted: the user or the system asked the command to end (128 + SIGINT).
	Interrupted = 130
)

// Error is an error with an exit code.
type Error struct {
	Code int
	Err  error
}

// Error implements error.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Bad makes err one about the user's input. nil stays nil.
func Bad(err error) error {
	if err == nil {
		return nil
	}
	return &Error{Code: BadInput, Err: err}
}

// Badf returns an error about the user's input, formatted as by fmt.Errorf.
func Badf(format string, args ...any) error {
	return Bad(fmt.Errorf(format, args...))
}

// CodeOf returns the exit code for an error.
func CodeOf(err error) int {
	var e *Error
	switch {
	case err == nil:
		return OK
	case errors.As(err, &e):
		return e.Code
	case errors.Is(err, context.Canceled):
		return Interrupted
	default:
		return Failure
	}
}
