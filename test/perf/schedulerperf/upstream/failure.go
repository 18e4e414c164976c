// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"bytes"
	"strings"
)

// Why returns the lines of a run's output that say why it failed, the last ones
// if there are many. Without such a line it returns the end of the output.
func Why(output []byte) string {
	const most = 10
	var lines []string
	for line := range bytes.Lines(output) {
		text := strings.TrimSpace(string(line))
		for _, mark := range []string{"ERROR: ", "panic: ", "Error: ", "fatal error: "} {
			if strings.Contains(text, mark) {
				lines = append(lines, text)
				break
			}
		}
	}
	if len(lines) == 0 {
		lines = strings.Split(strings.TrimSpace(string(output)), "\n")
	}
	return strings.Join(lines[max(0, len(lines)-most):], "\n")
}
