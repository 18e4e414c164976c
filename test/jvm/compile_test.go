// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package jvm_test

import (
	"path/filepath"
	"testing"

	"github.com/evenkeel/evenkeel/test/jvm/java"
)

// compile compiles programs and returns the folder of their classes.
func compile(t *testing.T, sources ...string) string {
	t.Helper()
	classes := t.TempDir()
	if _, err := java.Compile(t.Context(), machine.jdks, classes, sources...); err != nil {
		t.Fatal(err)
	}
	return classes
}

// writeJar writes classes, by their names in the folder, and a manifest into a
// jar.
func writeJar(t *testing.T, path, classes string, names []string, manifest ...string) {
	t.Helper()
	files := make([]string, len(names))
	for i, name := range names {
		files[i] = filepath.Join(classes, name+".class")
	}
	if err := java.WriteJar(path, files, manifest...); err != nil {
		t.Fatal(err)
	}
}
