// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package programtest holds a program that takes flags only to what package program
// promises of all of them: how it refuses its input and what it prints. The flags,
// and the sentences about them, are in the tests of the programs.
package programtest

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/evenkeel/evenkeel/internal/program"
)

// Main runs a program and returns its exit code.
type Main func(args []string, stdout, stderr io.Writer) int

// Refusal is an input that is refused.
type Refusal struct {
	Args []string
	// Want is part of the sentence.
	Want string
}

// CheckRefusals runs the program with each input: it must end with
// program.BadInput, one line on stderr that starts with its name, and nothing on
// stdout.
func CheckRefusals(t *testing.T, name string, run Main, refusals map[string]Refusal) {
	t.Helper()
	for what, r := range refusals {
		t.Run(what, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if code := run(r.Args, &stdout, &stderr); code != program.BadInput {
				t.Errorf("exit code %d, want %d", code, program.BadInput)
			}
			got := stderr.String()
			if !strings.HasPrefix(got, name+": ") || !strings.Contains(got, r.Want) {
				t.Errorf("stderr %q, want %s: and %q", got, name, r.Want)
			}
			if strings.Count(got, "\n") != 1 || stdout.Len() > 0 {
				t.Errorf("stderr %q and stdout %q, want one line and nothing", got, stdout.String())
			}
		})
	}
}

// CheckVersionAndHelp runs the program with --version and --help, which must end
// well and name the version and a flag.
func CheckVersionAndHelp(t *testing.T, name string, run Main, flag string) {
	t.Helper()
	for asked, want := range map[string]string{"--version": name + " v", "--help": flag} {
		var stdout, stderr bytes.Buffer
		if code := run([]string{asked}, &stdout, &stderr); code != 0 || !strings.Contains(stdout.String(), want) {
			t.Errorf("%s: exit code %d, stdout %q, stderr %q; want 0 and %q", asked, code, stdout.String(), stderr.String(), want)
		}
	}
}
