// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
)

// ErrMissing says that the machine cannot be had here. What it wraps says why.
var ErrMissing = errors.New("QEMU and a kernel cannot be had")

const (
	qemuPackage = "qemu-system-x86"
	qemuProgram = "qemu-system-x86_64"
	// kernelPackage depends on the package of the release's present kernel for virtual
	// machines.
	kernelPackage = "linux-image-cloud-amd64"
)

// Parts are what a machine is made of.
type Parts struct {
	// QEMU is the emulator.
	QEMU string
	// Kernel is the compressed kernel.
	Kernel string
	// Modules is the folder of the kernel's modules.
	Modules string

	// libraries and firmware are folders that the emulator needs when it is unpacked
	// and not installed.
	libraries, firmware []string
}

// Ensure returns the parts, having unpacked Debian's packages into the folder if
// they were not there. progress is told each step in a line. The error is
// ErrMissing if this machine has no way to get them.
func Ensure(ctx context.Context, dir string, progress func(string)) (Parts, error) {
	if runtime.GOARCH != "amd64" {
		return Parts{}, fmt.Errorf("%w: the guest is an amd64 machine, and the programs that are built here are for %s", ErrMissing, runtime.GOARCH)
	}
	unpacked := filepath.Join(dir, "debian")
	if _, err := os.Stat(unpacked); err != nil {
		if err := unpack(ctx, unpacked, progress); err != nil {
			return Parts{}, err
		}
	}
	return find(unpacked)
}

// find returns the parts below a folder with the unpacked packages. A QEMU of the
// machine's own goes first.
func find(unpacked string) (Parts, error) {
	kernel, err := only(filepath.Join(unpacked, "boot/vmlinuz-*"))
	if err != nil {
		return Parts{}, err
	}
	modules, err := only(filepath.Join(unpacked, "lib/modules/*"), filepath.Join(unpacked, "usr/lib/modules/*"))
	if err != nil {
		return Parts{}, err
	}
	parts := Parts{Kernel: kernel, Modules: modules}
	if parts.QEMU, err = exec.LookPath(qemuProgram); err == nil {
		return parts, nil
	}
	if parts.QEMU, err = only(filepath.Join(unpacked, "usr/bin", qemuProgram)); err != nil {
		return Parts{}, err
	}
	for _, dir := range []string{"usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"} {
		parts.libraries = append(parts.libraries, filepath.Join(unpacked, dir))
	}
	for _, dir := range []string{"usr/share/qemu", "usr/share/seabios"} {
		parts.firmware = append(parts.firmware, filepath.Join(unpacked, dir))
	}
	return parts, nil
}

// only returns the one file that the patterns find.
func only(patterns ...string) (string, error) {
	var found []string
	for _, pattern := range patterns {
		matches, err := filepath.Glob(pattern)
		if err != nil {
			return "", err
		}
		found = append(found, matches...)
	}
	if len(found) != 1 {
		return "", fmt.Errorf("%s finds %d files, want one: remove the folder, it will be made again", strings.Join(patterns, " or "), len(found))
	}
	return found[0], nil
}

// unpack downloads the packages and unpacks them. The folder is there only when
// it is complete.
func unpack(ctx context.Context, dir string, progress func(string)) error {
	for _, tool := range []string{"apt-get", "apt-cache", "dpkg-deb"} {
		if _, err := exec.LookPath(tool); err != nil {
			return fmt.Errorf("%w: they come from Debian's packages, and there is no %s on this machine", ErrMissing, tool)
		}
	}
	part := dir + ".part"
	archives := part + "/archives"
	if err := errors.Join(os.RemoveAll(part), os.MkdirAll(archives, 0o755)); err != nil {
		return err
	}
	progress("Fetching Debian's packages of QEMU and of a kernel, 42 MB")
	err := download(ctx, archives)
	if err != nil {
		// The lists may be old or missing.
		if _, updateErr := output(ctx, archives, "apt-get", "-q", "update"); updateErr != nil {
			return fmt.Errorf("%w: %w; %w", ErrMissing, err, updateErr)
		}
		if err := download(ctx, archives); err != nil {
			return fmt.Errorf("%w: %w", ErrMissing, err)
		}
	}
	files, err := filepath.Glob(filepath.Join(archives, "*.deb"))
	if err != nil {
		return err
	}
	for _, file := range files {
		if _, err := output(ctx, part, "dpkg-deb", "-x", file, part); err != nil {
			return err
		}
	}
	if err := os.RemoveAll(archives); err != nil {
		return err
	}
	return os.Rename(part, dir)
}

// download downloads the kernel's package, and QEMU's with all that it needs and
// this machine has not.
func download(ctx context.Context, dir string) error {
	depends, err := output(ctx, dir, "apt-cache", "depends", kernelPackage)
	if err != nil {
		return err
	}
	kernel := regexp.MustCompile(`(?m)^\s*Depends: (linux-image-\S+)$`).FindStringSubmatch(depends)
	if kernel == nil {
		return fmt.Errorf("apt-cache knows no kernel for %s; is this machine's Debian complete in /etc/apt/sources.list?", kernelPackage)
	}
	names := []string{kernel[1]}
	if _, err := exec.LookPath(qemuProgram); err != nil {
		plan, err := output(ctx, dir, "apt-get", "-s", "-q", "--no-install-recommends", "install", qemuPackage)
		if err != nil {
			return err
		}
		for _, m := range regexp.MustCompile(`(?m)^Inst (\S+) `).FindAllStringSubmatch(plan, -1) {
			names = append(names, m[1])
		}
	}
	_, err = output(ctx, dir, "apt-get", append([]string{"-q", "download"}, names...)...)
	return err
}

// output runs a command in the folder and returns what it prints.
func output(ctx context.Context, dir, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	// What is read is English.
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	var complaint strings.Builder
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.Join(strings.Fields(complaint.String()), " "))
	}
	return string(out), nil
}
