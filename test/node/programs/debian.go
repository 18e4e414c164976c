// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package programs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// packages are Debian's, with a file of each by which it is known to be there.
var packages = map[string]string{
	"runc":                        "usr/sbin/runc",
	"libseccomp2":                 "usr/lib/*/libseccomp.so.2",
	"busybox-static":              "bin/busybox",
	"containernetworking-plugins": "usr/lib/cni/ptp",
}

// ErrNoPackages says that Debian's packages cannot be had here.
var ErrNoPackages = errors.New("packages of Debian cannot be had")

// unpackPackages unpacks what is missing of the packages into a folder.
func unpackPackages(ctx context.Context, dir string, progress func(string)) (string, error) {
	unpacked := filepath.Join(dir, "unpacked")
	for name, file := range packages {
		if found, _ := filepath.Glob(filepath.Join(unpacked, file)); len(found) > 0 {
			continue
		}
		progress("Fetching Debian's package " + name)
		if err := fetch(ctx, dir, unpacked, name); err != nil {
			return "", err
		}
	}
	return unpacked, nil
}

func fetch(ctx context.Context, dir, unpacked, name string) error {
	for _, tool := range []string{"apt-get", "dpkg-deb"} {
		if _, err := exec.LookPath(tool); err != nil {
			return fmt.Errorf("%w: there is no %s on this machine", ErrNoPackages, tool)
		}
	}
	if err := os.MkdirAll(unpacked, 0o755); err != nil {
		return err
	}
	if err := run(ctx, dir, "apt-get", "-q", "download", name); err != nil {
		// The lists may be old or missing.
		if updateErr := run(ctx, dir, "apt-get", "-q", "update"); updateErr != nil {
			return fmt.Errorf("%w: %w; %w", ErrNoPackages, err, updateErr)
		}
		if err := run(ctx, dir, "apt-get", "-q", "download", name); err != nil {
			return fmt.Errorf("%w: %w", ErrNoPackages, err)
		}
	}
	archives, err := filepath.Glob(filepath.Join(dir, name+"_*.deb"))
	if err != nil || len(archives) == 0 {
		return fmt.Errorf("%w: apt-get download %s left no file in %s", ErrNoPackages, name, dir)
	}
	return run(ctx, dir, "dpkg-deb", "-x", slices.Max(archives), unpacked)
}

func run(ctx context.Context, dir, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.Join(strings.Fields(string(out)), " "))
	}
	return nil
}

// libraries returns the folder with runc's libraries.
func libraries(unpacked string) string {
	found, _ := filepath.Glob(filepath.Join(unpacked, packages["libseccomp2"]))
	if len(found) == 0 {
		return ""
	}
	return filepath.Dir(found[0])
}
