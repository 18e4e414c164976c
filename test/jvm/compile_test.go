// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package jvm_test

import (
	"archive/zip"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// compile compiles programs with the oldest JDK that can, for JDK 8, and returns
// the folder of their classes.
func compile(t *testing.T, sources ...string) string {
	t.Helper()
	classes := t.TempDir()
	var files []string
	for _, s := range sources {
		path, err := filepath.Abs(s)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, path)
	}
	args := append([]string{"-nowarn", "-Xlint:-options", "-source", "8", "-target", "8", "-d", classes}, files...)
	var failures []string
	for _, j := range machine.jdks {
		p := process{tool: "javac", args: args, dir: classes}
		if _, ok := j.Tool("javac"); !ok {
			// Debian's runtimes since 9 hold the compiler as a module.
			p = process{args: append([]string{"-m", "jdk.compiler/com.sun.tools.javac.Main"}, args...), dir: classes}
		}
		res := start(t, j, p)
		if res.ExitCode == 0 {
			return classes
		}
		failures = append(failures, fmt.Sprintf("%s: %s", j, tail(res.Output())))
	}
	t.Fatalf("no JDK here compiles %v:\n%s", sources, strings.Join(failures, "\n"))
	return ""
}

// writeJar writes classes, by their names in the folder, and a manifest into a
// jar.
func writeJar(t *testing.T, path, classes string, names []string, manifest ...string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	jar := zip.NewWriter(file)
	add := func(name string, content []byte) {
		w, err := jar.Create(name)
		if err == nil {
			_, err = w.Write(content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	add("META-INF/MANIFEST.MF", []byte("Manifest-Version: 1.0\r\n"+strings.Join(manifest, "\r\n")+"\r\n\r\n"))
	for _, name := range names {
		content, err := os.ReadFile(filepath.Join(classes, name+".class"))
		if err != nil {
			t.Fatal(fmt.Errorf("the compiler made no such class: %w", err))
		}
		add(name+".class", content)
	}
	if err := jar.Close(); err != nil {
		t.Fatal(err)
	}
}
