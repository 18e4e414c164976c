// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replicaspread_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/evenkeel/evenkeel/internal/golden"
)

// TestScenarios plays the stories in testdata. Each is a list of commands and,
// below a line of dashes, what they led to: who was placed where, and how many
// replicas of the same workload were on that host, rack and zone before.
// The commands are explained in world_test.go.
//
// The pods are placed by a whole scheduler with the configuration that is
// shipped, not by the plugin alone.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios in testdata (error %v)", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			story, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			golden.Check(t, file, []byte(play(t.Context(), t, string(story))))
		})
	}
}

const dashes = "----"

// play returns the story with the outcome of its commands put in anew.
func play(ctx context.Context, t *testing.T, story string) string {
	t.Helper()
	w := newWorld(ctx, t)
	var told []string
	var outcome []string
	// A blank line, or the end, closes the outcome that follows the dashes.
	outcomeOf, commands := false, false
	finish := func() {
		if commands {
			told = append(told, dashes)
			told = append(told, outcome...)
		}
		outcome, outcomeOf, commands = nil, false, false
	}
	for number, line := range strings.Split(strings.TrimRight(story, "\n"), "\n") {
		switch {
		case line == "":
			finish()
			told = append(told, line)
		case outcomeOf:
		case line == dashes:
			outcomeOf = true
		case strings.HasPrefix(line, "#"):
			told = append(told, line)
		default:
			lines, err := w.do(strings.Fields(line))
			if err != nil {
				t.Fatalf("line %d, %q: %v", number+1, line, err)
			}
			commands = true
			told = append(told, line)
			outcome = append(outcome, lines...)
		}
	}
	finish()
	return strings.Join(told, "\n") + "\n"
}
