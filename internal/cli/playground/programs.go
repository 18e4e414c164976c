// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package playground

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/evenkeel/evenkeel/internal/controlplane/binaries"
)

// Names of our own programs, under which their manifests also name them.
const (
	webhookName   = "evenkeel-webhook"
	schedulerName = "evenkeel-scheduler"
)

// findProgram returns the path of one of our own programs: beside this one, in
// the folder of --bin-dir, or in PATH.
func findProgram(name, binDir string) (string, error) {
	var folders []string
	if dir, ok := ownFolder(); ok {
		folders = append(folders, dir)
	}
	if binDir != "" {
		folders = append(folders, binDir)
	}
	for _, dir := range folders {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0 {
			return filepath.Abs(path)
		}
	}
	if path, err := exec.LookPath(name); err == nil {
		return filepath.Abs(path)
	}
	return "", fmt.Errorf("%s is neither beside this program nor in PATH: run `make build`", name)
}

// ownFolder is the folder of the running program.
func ownFolder() (string, bool) {
	exe, err := os.Executable()
	if err != nil {
		return "", false
	}
	// kubectl finds plugins by their links.
	if target, err := filepath.EvalSymlinks(exe); err == nil {
		exe = target
	}
	return filepath.Dir(exe), true
}

// binariesFolder is where the programs of the control plane are, or are built:
// the folder of --bin-dir, that of this program if they are in it already, or
// else what package binaries chooses.
func binariesFolder(binDir string) string {
	if binDir != "" {
		return binDir
	}
	dir, ok := ownFolder()
	if !ok {
		return ""
	}
	if _, err := os.Stat(filepath.Join(dir, binaries.KubeAPIServer)); err != nil {
		return ""
	}
	return dir
}
