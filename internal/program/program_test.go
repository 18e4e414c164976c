// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package program_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/spf13/cobra"

	"github.com/evenkeel/evenkeel/internal/program"
)

func TestRun(t *testing.T) {
	for name, tc := range map[string]struct {
		args       []string
		do         error
		wantCode   int
		wantStderr string
	}{
		"well":            {},
		"a failure":       {do: errors.New("reading:\n  the disk is gone"), wantCode: program.Failure, wantStderr: "tool: reading: the disk is gone\n"},
		"wrong input":     {do: fmt.Errorf("--config: %w", program.InputError{Err: errors.New("no such file")}), wantCode: program.BadInput, wantStderr: "tool: --config: no such file\n"},
		"an unknown flag": {args: []string{"--colour"}, wantCode: program.BadInput, wantStderr: "tool: unknown flag: --colour; see --help\n"},
		"a word too many": {args: []string{"now"}, wantCode: program.BadInput, wantStderr: "tool: \"now\" is not understood; tool takes flags only, see --help\n"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := &cobra.Command{Use: "tool --config FILE", Args: program.FlagsOnly, RunE: func(*cobra.Command, []string) error { return tc.do }}
			var stdout, stderr bytes.Buffer
			if code := program.Run(t.Context(), "tool", cmd, tc.args, &stdout, &stderr); code != tc.wantCode || stderr.String() != tc.wantStderr || stdout.Len() > 0 {
				t.Errorf("exit code %d, stderr %q, stdout %q; want %d, %q and none", code, stderr.String(), stdout.String(), tc.wantCode, tc.wantStderr)
			}
		})
	}
}

func TestServeHTTP(t *testing.T) {
	hello := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
	if err := program.ServeHTTP(t.Context(), "0", hello); err != nil {
		t.Errorf("serving nothing: %v", err)
	}
	if err := program.ServeHTTP(t.Context(), "127.0.0.1:none", hello); err == nil {
		t.Error("a port that is none is served")
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	// The server ends with its context, having been told before it began too.
	if err := program.ServeHTTP(ctx, "127.0.0.1:0", hello); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("serving with an ended context: %v", err)
	}
}
