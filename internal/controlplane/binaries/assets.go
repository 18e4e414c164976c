// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// AssetsVariable is the environment variable that names a folder with ready
// programs, as setup-envtest fills it.
const AssetsVariable = "KUBEBUILDER_ASSETS"

// findAssets returns the programs that the folder holds by name. A folder that
// is named must be there and hold kube-apiserver: a mistyped path would
// otherwise start a build of minutes that nobody asked for.
func findAssets(dir string) (map[string]string, error) {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("%s=%q: %w", AssetsVariable, dir, err)
	}
	info, err := os.Stat(absolute)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s names %s, which does not exist: name a folder with %s, or unset it to build the programs", AssetsVariable, dir, KubeAPIServer)
	case err != nil:
		return nil, fmt.Errorf("%s names %s, which cannot be read: %w", AssetsVariable, dir, err)
	case !info.IsDir():
		return nil, fmt.Errorf("%s names %s, which is not a folder: name a folder with %s, or unset it to build the programs", AssetsVariable, dir, KubeAPIServer)
	}
	found := make(map[string]string)
	for _, b := range All() {
		path := filepath.Join(absolute, b.Name)
		if executable(path) {
			found[b.Name] = path
		}
	}
	if _, ok := found[KubeAPIServer]; !ok {
		return nil, fmt.Errorf("%s names %s, which holds no executable %s: name a folder with one, or unset it to build the programs", AssetsVariable, dir, KubeAPIServer)
	}
	return found, nil
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0
}

// versionTimeout bounds how long a program may take to print its version.
const versionTimeout = 30 * time.Second

var versionPattern = regexp.MustCompile(`v?(\d+\.\d+\.\d+[-+.0-9A-Za-z]*)`)

// reportedVersion runs the program at the path and returns the version that it
// says it has, with a leading "v".
func reportedVersion(ctx context.Context, b Binary, path string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, versionTimeout)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, b.VersionArgs...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", path, strings.Join(b.VersionArgs, " "), err, firstLine(out))
	}
	match := versionPattern.FindSubmatch(out)
	if match == nil {
		return "", fmt.Errorf("%s %s printed no version: %s", path, strings.Join(b.VersionArgs, " "), firstLine(out))
	}
	return "v" + string(match[1]), nil
}

func firstLine(out []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	return line
}
