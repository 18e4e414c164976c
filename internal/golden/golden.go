// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package golden compares what a test produced with a file under testdata, and
// rewrites the file when the test runs with -update.
//
// It is the one place that defines that flag: `make goldens` runs every test
// that uses it with -update.
//
// Normalising what varies between runs is the caller's business.
package golden

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files with what the tests produce")

// Check fails the test when got is not the content of the golden file at path,
// which is relative to the package under test. With -update it writes the file
// instead.
func Check(tb testing.TB, path string, got []byte) {
	tb.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			tb.Fatalf("making the folder of the golden file: %v", err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			tb.Fatalf("writing the golden file: %v", err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		tb.Fatalf("reading the golden file (run the test with -update to make it): %v", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		tb.Errorf("%s differs (-want +got); if the change is meant, run the test with -update:\n%s", path, diff)
	}
}

// Updating reports whether the golden files are being rewritten, for a test
// that also has to remove stale ones.
func Updating() bool { return *update }
