// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package exit

import (
	"context"
	"errors"
	"fmt"
	"testing"
)

func TestCodeOf(t *testing.T) {
	tests := map[string]struct {
		err  error
		want int
	}{
		"none":             {nil, OK},
		"plain":            {errors.New("disk full"), Failure},
		"bad input":        {Badf("no such file"), BadInput},
		"wrapped":          {fmt.Errorf("rendering: %w", Bad(errors.New("no such file"))), BadInput},
		"no bad input":     {Bad(nil), OK},
		"interrupted":      {fmt.Errorf("reading: %w", context.Canceled), Interrupted},
		"a code of a verb": {&Error{Code: 3, Err: errors.New("pending")}, 3},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := CodeOf(tc.err); got != tc.want {
				t.Errorf("CodeOf(%v) = %d, want %d", tc.err, got, tc.want)
			}
		})
	}
}
