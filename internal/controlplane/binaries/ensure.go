// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Options say where the programs come from and go to. The zero value serves a
// process that runs in a checkout.
type Options struct {
	// Root is the root of the checkout. Empty means FindRoot.
	Root string
	// Dir is the folder that the programs are built into. Empty means bin in Root.
	Dir string
	// Assets is a folder with ready programs. Empty means the value of
	// KUBEBUILDER_ASSETS, if there is one.
	Assets string
	// Progress is told each step in one line. Nil means silence.
	Progress func(line string)
}

// Ensure returns the places of all programs, having built what was missing. Two
// processes that build into one folder wait for each other.
func Ensure(ctx context.Context, opts Options) (Paths, error) {
	if opts.Progress == nil {
		opts.Progress = func(string) {}
	}
	if opts.Assets == "" {
		opts.Assets = os.Getenv(AssetsVariable)
	}
	var assets map[string]string
	if opts.Assets != "" {
		var err error
		if assets, err = findAssets(opts.Assets); err != nil {
			return Paths{}, err
		}
	}
	var paths Paths
	var wanted []Binary
	for _, b := range All() {
		path, ok := assets[b.Name]
		if !ok {
			wanted = append(wanted, b)
			continue
		}
		version, err := reportedVersion(ctx, b, path)
		if err != nil {
			return Paths{}, fmt.Errorf("%s holds a %s that does not run: %w", AssetsVariable, b.Name, err)
		}
		note := ""
		if version != b.Version {
			note = fmt.Sprintf(" (evenkeel is tested with %s)", b.Version)
		}
		opts.Progress(fmt.Sprintf("%s %s from %s%s", b.Name, version, path, note))
		*paths.field(b.Name) = path
	}
	if len(wanted) == 0 {
		return paths, nil
	}
	built, err := ensureBuilt(ctx, opts, wanted)
	if err != nil {
		return Paths{}, err
	}
	for _, b := range wanted {
		*paths.field(b.Name) = *built.field(b.Name)
	}
	return paths, nil
}

func ensureBuilt(ctx context.Context, opts Options, wanted []Binary) (Paths, error) {
	// A finished folder needs neither a checkout nor Go.
	if opts.Dir != "" && allReady(opts.Dir, wanted) {
		return absolutePaths(opts.Dir)
	}
	root := opts.Root
	if root == "" {
		var err error
		if root, err = FindRoot(); err != nil {
			return Paths{}, err
		}
	}
	dir := opts.Dir
	if dir == "" {
		dir = filepath.Join(root, "bin")
	}
	if !allReady(dir, wanted) {
		if err := build(ctx, root, dir, wanted, opts.Progress); err != nil {
			return Paths{}, err
		}
	}
	return absolutePaths(dir)
}

func allReady(dir string, wanted []Binary) bool {
	for _, b := range wanted {
		if !ready(dir, b) {
			return false
		}
	}
	return true
}

func absolutePaths(dir string) (Paths, error) {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return Paths{}, err
	}
	return pathsIn(absolute), nil
}

// modulePath is the main module's, by which FindRoot knows a checkout.
const modulePath = "github.com/evenkeel/evenkeel"

// FindRoot returns the root of the checkout that holds the working directory or,
// failing that, the running executable.
func FindRoot() (string, error) {
	var starts []string
	if dir, err := os.Getwd(); err == nil {
		starts = append(starts, dir)
	}
	if exe, err := os.Executable(); err == nil {
		starts = append(starts, filepath.Dir(exe))
	}
	for _, start := range starts {
		for dir := start; ; dir = filepath.Dir(dir) {
			if isRoot(dir) {
				return dir, nil
			}
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	return "", fmt.Errorf("the programs of the control plane are built from a checkout of %s, and neither the working directory nor this executable is in one: run from a checkout, or set %s to a folder that holds all of %s",
		modulePath, AssetsVariable, strings.Join(names(All()), ", "))
}

func isRoot(dir string) bool {
	data, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(data)) {
		if module, ok := strings.CutPrefix(line, "module "); ok {
			return strings.TrimSpace(module) == modulePath
		}
	}
	return false
}

func names(list []Binary) []string {
	var out []string
	for _, b := range list {
		out = append(out, b.Name)
	}
	return out
}
