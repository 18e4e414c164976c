// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package java compiles the small programs of test/jvm/programs and packs them
// into jars, for test/jvm and the images of test/node. Where those go and what is
// expected of them is for others to say.
package java

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/evenkeel/evenkeel/test/jvm/container"
	"github.com/evenkeel/evenkeel/test/jvm/jdk"
)

// Compile compiles sources for JDK 8 and later into a folder, with the oldest of
// the JDKs that can, and returns the paths of the classes. The error says of each
// JDK why it cannot.
func Compile(ctx context.Context, jdks []jdk.JDK, dir string, sources ...string) ([]string, error) {
	var files []string
	for _, s := range sources {
		file, err := filepath.Abs(s)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	var failures []error
	for _, j := range jdks {
		// Debian's runtimes have no javac, but since 9 they hold it as a module.
		command, ok := j.Tool("javac")
		args := []string{command}
		if !ok {
			java, _ := j.Tool("java")
			args = []string{java, "-m", "jdk.compiler/com.sun.tools.javac.Main"}
		}
		args = append(args, "-nowarn", "-Xlint:-options", "-source", "8", "-target", "8", "-d", dir)
		args = append(args, files...)
		res, err := container.Run(ctx, container.Spec{Args: args, Dir: dir, Root: j.Root, Env: []string{"PATH=/usr/bin:/bin"}})
		if err == nil && res.ExitCode != 0 {
			err = errors.New(strings.TrimSpace(res.Output()))
		}
		if err != nil {
			failures = append(failures, fmt.Errorf("%s: %w", j, err))
			continue
		}
		classes, err := filepath.Glob(filepath.Join(dir, "*.class"))
		slices.Sort(classes)
		return classes, err
	}
	return nil, fmt.Errorf("no JDK of this machine compiles %v: %w", sources, errors.Join(failures...))
}

// WriteJar packs classes into a jar with these lines in its manifest.
func WriteJar(file string, classes []string, manifest ...string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	defer out.Close()
	jar := zip.NewWriter(out)
	add := func(name string, content []byte) error {
		w, err := jar.Create(name)
		if err == nil {
			_, err = w.Write(content)
		}
		return err
	}
	if err := add("META-INF/MANIFEST.MF", []byte("Manifest-Version: 1.0\r\n"+strings.Join(manifest, "\r\n")+"\r\n\r\n")); err != nil {
		return err
	}
	for _, class := range classes {
		content, err := os.ReadFile(class)
		if err != nil {
			return err
		}
		if err := add(filepath.Base(class), content); err != nil {
			return err
		}
	}
	return jar.Close()
}
