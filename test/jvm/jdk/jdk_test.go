// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package jdk

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// fake makes a home whose java tells a version, or something else.
func fake(t *testing.T, home, says string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(home, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf("#!/bin/sh\necho '%s' >&2\n", says)
	if err := os.WriteFile(filepath.Join(home, "bin", "java"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return home
}

func TestFindKnowsReleases(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("EVENKEEL_JDKS", folder)
	t.Setenv("JAVA_HOME", fake(t, t.TempDir(), `openjdk version "7.0.1" 1998-01-01`))
	fake(t, filepath.Join(folder, "six"), `java version "1.6.0_45"`)
	fake(t, filepath.Join(folder, "early"), `openjdk version "31-ea" 2028-09-15`)
	fake(t, filepath.Join(folder, "other"), `openjdk version "7.0.2" 1998-01-01`)
	fake(t, filepath.Join(folder, "broken"), "no JVM at all")

	found, problems := Find(t.Context())
	for major, want := range map[int]string{6: "1.6.0_45", 7: "7.0.1", 31: "31-ea"} {
		i := slices.IndexFunc(found, func(j JDK) bool { return j.Major == major })
		if i < 0 || found[i].Version != want {
			t.Errorf("JDK %d is not found as %s: %v", major, want, found)
		}
	}
	if !slices.IsSortedFunc(found, func(a, b JDK) int { return a.Major - b.Major }) {
		t.Errorf("not in order: %v", found)
	}
	if len(problems) != 1 || !strings.Contains(problems[0].Error(), "broken/bin/java does not tell its version") {
		t.Errorf("problems: %v", problems)
	}
}

func TestToolLooksIntoTheRoot(t *testing.T) {
	root := t.TempDir()
	j := JDK{Root: root, Home: "/usr/lib/jvm/x"}
	fake(t, filepath.Join(root, j.Home), "")
	if path, ok := j.Tool("java"); !ok || path != "/usr/lib/jvm/x/bin/java" {
		t.Errorf("java is %s, %v", path, ok)
	}
	if _, ok := j.Tool("javac"); ok {
		t.Error("there is no javac")
	}
}
