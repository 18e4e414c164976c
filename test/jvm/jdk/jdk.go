// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package jdk finds the Java installations of this machine: the one that
// JAVA_HOME names, those in /usr/lib/jvm, and those in a folder that
// fetch-jdks.sh fills, which may need the libraries beside them.
//
// It runs nothing but java -version; package container runs the rest.
package jdk

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"github.com/evenkeel/evenkeel/test/jvm/container"
)

// JDK is a Java installation, which may lack the tools of developers.
type JDK struct {
	// Home of the installation, as its processes see it.
	Home string
	// Root is the folder whose /usr and /etc it needs instead of the machine's, or "".
	Root string
	// Version as it tells itself, such as 1.8.0_462 or 17.0.15.
	Version string
	// Major is the feature release: 8, 11, 17.
	Major int
}

// String names the installation in a line of text.
func (j JDK) String() string {
	if j.Root != "" {
		return fmt.Sprintf("JDK %d: %s in %s of %s", j.Major, j.Version, j.Home, j.Root)
	}
	return fmt.Sprintf("JDK %d: %s in %s", j.Major, j.Version, j.Home)
}

// Tool returns the path of a program of the installation, as its processes see
// it, and whether it is there.
func (j JDK) Tool(name string) (string, bool) {
	path := filepath.Join(j.Home, "bin", name)
	// Links out of a root lead elsewhere from here.
	_, err := os.Lstat(filepath.Join(j.Root, path))
	return path, err == nil
}

// Folder is where JDKs are looked for besides those that are installed: what
// EVENKEEL_JDKS names, or evenkeel/jdks in the user's cache folder.
func Folder() string {
	if folder := os.Getenv("EVENKEEL_JDKS"); folder != "" {
		return folder
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(cache, "evenkeel", "jdks")
}

// Find returns one installation of each feature release, the oldest release
// first. Of several of one release JAVA_HOME's counts first, then those
// installed, then those in Folder. problems tells of what looks like an
// installation and does not run.
func Find(ctx context.Context) (found []JDK, problems []error) {
	have := map[int]bool{}
	seen := map[string]bool{}
	for _, candidate := range candidates() {
		path, err := filepath.EvalSymlinks(filepath.Join(candidate.Root, candidate.Home))
		if err != nil || seen[path] {
			continue
		}
		seen[path] = true
		if err := candidate.identify(ctx); err != nil {
			problems = append(problems, err)
			continue
		}
		if !have[candidate.Major] {
			have[candidate.Major] = true
			found = append(found, candidate)
		}
	}
	slices.SortFunc(found, func(a, b JDK) int { return cmp.Compare(a.Major, b.Major) })
	return found, problems
}

// candidates returns the folders that may be installations.
func candidates() []JDK {
	var out []JDK
	homes := func(root, pattern string) {
		matches, _ := filepath.Glob(filepath.Join(root, pattern, "bin", "java"))
		for _, java := range matches {
			home := filepath.Dir(filepath.Dir(java))
			out = append(out, JDK{Root: root, Home: home[len(root):]})
		}
	}
	if home := os.Getenv("JAVA_HOME"); home != "" {
		homes("", home)
	}
	const installed = "/usr/lib/jvm/*"
	homes("", installed)
	if folder := Folder(); folder != "" {
		homes("", filepath.Join(folder, "*"))
		roots, _ := filepath.Glob(filepath.Join(folder, "*", "usr", "lib", "jvm"))
		for _, jvms := range roots {
			homes(filepath.Clean(filepath.Join(jvms, "..", "..", "..")), installed)
		}
	}
	return out
}

var versionPattern = regexp.MustCompile(`version "((?:1\.)?(\d+)[^"]*)"`)

// identify asks the installation for its version.
func (j *JDK) identify(ctx context.Context) error {
	java, _ := j.Tool("java")
	res, err := container.Run(ctx, container.Spec{Args: []string{java, "-version"}, Root: j.Root, Env: []string{"PATH=" + os.Getenv("PATH")}})
	if err != nil {
		return err
	}
	m := versionPattern.FindStringSubmatch(res.Output())
	if m == nil {
		return fmt.Errorf("%s%s does not tell its version (exit code %d): %s", j.Root, java, res.ExitCode, res.Output())
	}
	j.Version = m[1]
	j.Major, err = strconv.Atoi(m[2])
	return err
}
