// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package programs gets what a real node needs: containerd, its shim and the
// kubelet are built from their Go modules, runc, busybox and the CNI plugins come
// from Debian's packages. They are unpacked and not installed: the machine stays
// as it is.
//
// It starts none of them.
package programs

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/evenkeel/evenkeel/internal/controlplane/binaries"
)

// Paths are the places of the programs.
type Paths struct {
	Containerd, Shim, Ctr, Kubelet string
	Runc, Busybox                  string
	// CNI is the folder of the CNI plugins.
	CNI string
	// Libraries is a folder that runc's libraries are in.
	Libraries string
	// Bin is the folder of the repository's own programs.
	Bin string
}

// program is one that is built.
type program struct {
	// module is the folder of its go.mod, beside this file.
	module, pkg, name string
	flags             []string
}

// containerdTags leave out what needs C libraries and is not used.
const containerdTags = "no_btrfs,no_devmapper,no_zfs"

func list() []program {
	containerd := []string{"-tags", containerdTags, "-ldflags", "-s -w -X github.com/containerd/containerd/v2/version.Version=" + ContainerdVersion}
	var kubelet []string
	for name, value := range map[string]string{"gitVersion": binaries.KubernetesVersion, "gitMajor": "1", "gitMinor": "37", "gitCommit": "", "gitTreeState": "archive"} {
		for _, pkg := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
			kubelet = append(kubelet, "-X "+pkg+"."+name+"="+value)
		}
	}
	return []program{
		{module: "containerd", pkg: "github.com/containerd/containerd/v2/cmd/containerd", name: "containerd", flags: containerd},
		{module: "containerd", pkg: "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2", name: "containerd-shim-runc-v2", flags: containerd},
		{module: "containerd", pkg: "github.com/containerd/containerd/v2/cmd/ctr", name: "ctr", flags: containerd},
		{module: "kubelet", pkg: "k8s.io/kubernetes/cmd/kubelet", name: "kubelet", flags: []string{"-ldflags", "-s -w " + strings.Join(slices.Sorted(slices.Values(kubelet)), " ")}},
	}
}

// ContainerdVersion is what go.mod of the folder containerd requires.
const ContainerdVersion = "v2.4.2"

// Ensure returns the places of all programs, having built and unpacked what was
// missing into bin/node of the checkout. progress is told each step in a line.
func Ensure(ctx context.Context, progress func(string)) (Paths, error) {
	root, err := binaries.FindRoot()
	if err != nil {
		return Paths{}, err
	}
	dir := filepath.Join(root, "bin", "node")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return Paths{}, err
	}
	unpacked, err := unpackPackages(ctx, filepath.Join(dir, "debian"), progress)
	if err != nil {
		return Paths{}, err
	}
	for _, p := range list() {
		if err := build(ctx, filepath.Join(root, "test/node/programs", p.module), dir, p, progress); err != nil {
			return Paths{}, err
		}
	}
	return Paths{
		Containerd: filepath.Join(dir, "containerd"), Shim: filepath.Join(dir, "containerd-shim-runc-v2"),
		Ctr: filepath.Join(dir, "ctr"), Kubelet: filepath.Join(dir, "kubelet"),
		Runc: filepath.Join(unpacked, "usr/sbin/runc"), Busybox: filepath.Join(unpacked, "bin/busybox"),
		CNI: filepath.Join(unpacked, "usr/lib/cni"), Libraries: libraries(unpacked), Bin: filepath.Join(root, "bin"),
	}, nil
}

// build builds a program; the go command sees by itself that one is up to date.
func build(ctx context.Context, module, dir string, p program, progress func(string)) error {
	out := filepath.Join(dir, p.name)
	if _, err := os.Stat(out); err != nil {
		progress("Building " + p.name + ", which takes minutes the first time")
	}
	cmd := exec.CommandContext(ctx, "go", append(append([]string{"build", "-o", out}, p.flags...), p.pkg)...)
	cmd.Dir = module
	cmd.Env = append(os.Environ(), "GOWORK=off")
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w: %s", p.name, err, strings.TrimSpace(string(text)))
	}
	return nil
}
