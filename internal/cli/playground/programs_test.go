// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package playground

import (
	"os"
	"path/filepath"
	"testing"
)

// program writes an executable file.
func program(t *testing.T, dir, name string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFindProgram(t *testing.T) {
	inPath, inBinDir := t.TempDir(), t.TempDir()
	t.Setenv("PATH", inPath)

	_, err := findProgram("evenkeel-webhook", inBinDir)
	if want := "evenkeel-webhook is neither beside this program nor in PATH: run `make build`"; err == nil || err.Error() != want {
		t.Errorf("findProgram() = %v, want %s", err, want)
	}
	want := program(t, inPath, "evenkeel-webhook", 0o755)
	program(t, inBinDir, "evenkeel-webhook", 0o644)
	if got, err := findProgram("evenkeel-webhook", inBinDir); err != nil || got != want {
		t.Errorf("findProgram() = %s, %v, want %s: what is not executable is no program", got, err, want)
	}
	if err := os.Chmod(filepath.Join(inBinDir, "evenkeel-webhook"), 0o755); err != nil {
		t.Fatal(err)
	}
	want = filepath.Join(inBinDir, "evenkeel-webhook")
	if got, err := findProgram("evenkeel-webhook", inBinDir); err != nil || got != want {
		t.Errorf("findProgram() = %s, %v, want %s", got, err, want)
	}
}

func TestBinariesFolder(t *testing.T) {
	if got := binariesFolder("here"); got != "here" {
		t.Errorf("binariesFolder(here) = %s", got)
	}
	// This test binary has no kube-apiserver beside it.
	if got := binariesFolder(""); got != "" {
		t.Errorf("binariesFolder() = %s, want none", got)
	}
}
