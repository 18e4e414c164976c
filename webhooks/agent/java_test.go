// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// javaHomes returns the JDKs of the machine; the test is skipped if there is none.
func javaHomes(t *testing.T) []string {
	t.Helper()
	var homes []string
	found, _ := filepath.Glob("/usr/lib/jvm/*/bin/javac")
	if javac, err := exec.LookPath("javac"); err == nil {
		found = append(found, javac)
	}
	for _, javac := range found {
		// Names under /usr/lib/jvm are links to one another.
		file, err := filepath.EvalSymlinks(javac)
		if err != nil {
			continue
		}
		if home := filepath.Dir(filepath.Dir(file)); !slices.Contains(homes, home) {
			homes = append(homes, home)
		}
	}
	if len(homes) == 0 {
		t.Skip("there is no JDK on this machine")
	}
	return homes
}

// run runs a program and returns what it prints, and whether it ended well.
// environment is all that it has of one besides a path.
func run(t *testing.T, environment []string, command ...string) (string, bool) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, environment...)
	out, err := cmd.CombinedOutput()
	if ended := (*exec.ExitError)(nil); err != nil && !errors.As(err, &ended) {
		t.Fatalf("running %v: %v", command, err)
	}
	return string(out), err == nil
}

// mainClasses compiles the application of testdata/java and returns the folder.
func mainClasses(t *testing.T, home string) string {
	t.Helper()
	classes := t.TempDir()
	mustRun(t, filepath.Join(home, "bin/javac"), "-source", "8", "-target", "8", "-d", classes, "testdata/java/Main.java")
	return classes
}

// agentJar compiles a class of testdata/java and makes it an agent's jar.
func agentJar(t *testing.T, home, source, class, jar string) {
	t.Helper()
	dir := t.TempDir()
	manifest := filepath.Join(dir, "manifest")
	write(t, manifest, "Premain-Class: "+class+"\n")
	mustRun(t, filepath.Join(home, "bin/javac"), "-source", "8", "-target", "8", "-d", filepath.Join(dir, "classes"), filepath.Join("testdata/java", source))
	if err := os.MkdirAll(filepath.Dir(jar), 0o755); err != nil {
		t.Fatal(err)
	}
	mustRun(t, filepath.Join(home, "bin/jar"), "cfm", jar, manifest, "-C", filepath.Join(dir, "classes"), ".")
}

func mustRun(t *testing.T, command ...string) {
	t.Helper()
	if out, ok := run(t, nil, command...); !ok {
		t.Fatalf("%v failed:\n%s", command, out)
	}
}

func write(t *testing.T, file, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}
