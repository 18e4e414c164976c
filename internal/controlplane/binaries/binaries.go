// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"path/filepath"
	"strings"
)

// The versions that are built. Each equals the version that the go.mod of the
// module it is built from requires; a test compares them.
const (
	// KubernetesVersion is the release of kube-apiserver, kube-controller-manager and kubectl.
	KubernetesVersion = "v1.37.2"
	// EtcdVersion is the release of etcd.
	EtcdVersion = "v3.7.3"
	// KwokVersion is the release of kwok.
	KwokVersion = "v0.8.0"
)

// The names of the programs, which are also their file names.
const (
	Etcd                  = "etcd"
	KubeAPIServer         = "kube-apiserver"
	KubeControllerManager = "kube-controller-manager"
	Kubectl               = "kubectl"
	Kwok                  = "kwok"
)

// toolsModule is the module of the programs that cannot share the main module's
// dependency versions, relative to the root of the checkout.
const toolsModule = "hack/controlplane"

// Binary is one program of the control plane and how it is built.
type Binary struct {
	// Name is the file name of the program.
	Name string
	// Package is the import path of its main package.
	Package string
	// Module is the folder of the go.mod to build it with, relative to the root
	// of the checkout.
	Module string
	// Version is the version it must report.
	Version string
	// LDFlags are the linker's flags.
	LDFlags string
	// VersionArgs make the program print its version.
	VersionArgs []string
}

// All lists the programs of the control plane in the order in which they are
// built: the largest first, as it fills most of the build cache.
func All() []Binary {
	return []Binary{
		kubernetes(KubeAPIServer, "--version"),
		kubernetes(KubeControllerManager, "--version"),
		kubernetes(Kubectl, "version", "--client"),
		{
			Name: Etcd, Package: "go.etcd.io/etcd/server/v3", Module: toolsModule,
			Version: EtcdVersion, LDFlags: stripped, VersionArgs: []string{"--version"},
		},
		{
			Name: Kwok, Package: "sigs.k8s.io/kwok/cmd/kwok", Module: toolsModule,
			Version: KwokVersion, VersionArgs: []string{"--version"},
			LDFlags: stripped + " -X sigs.k8s.io/kwok/pkg/consts.Version=" + strings.TrimPrefix(KwokVersion, "v"),
		},
	}
}

// stripped leaves out the symbol table and DWARF: the programs are a third
// smaller and link faster, and stack traces keep their names.
const stripped = "-s -w"

func kubernetes(name string, versionArgs ...string) Binary {
	return Binary{
		Name:        name,
		Package:     "k8s.io/kubernetes/cmd/" + name,
		Module:      ".",
		Version:     KubernetesVersion,
		LDFlags:     stripped + " " + strings.Join(kubernetesVersionFlags(KubernetesVersion), " "),
		VersionArgs: versionArgs,
	}
}

// kubernetesVersionFlags are the linker's flags of kube::version::ldflags in
// Kubernetes' hack/lib/version.sh. The commit stays empty, as a Go module does
// not know it, the state of the tree is "archive", as upstream says of a source
// archive, and the build date keeps its default: the programs are the same
// whenever they are built.
func kubernetesVersionFlags(version string) []string {
	parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	values := [][2]string{
		{"gitVersion", version},
		{"gitMajor", parts[0]},
		{"gitMinor", parts[1]},
		{"gitCommit", ""},
		{"gitTreeState", "archive"},
	}
	var flags []string
	for _, value := range values {
		for _, pkg := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
			flags = append(flags, "-X "+pkg+"."+value[0]+"="+value[1])
		}
	}
	return flags
}

// Paths are the places of the programs.
type Paths struct {
	Etcd, KubeAPIServer, KubeControllerManager, Kubectl, Kwok string
}

// pathsIn are the places when all programs are in one folder.
func pathsIn(dir string) Paths {
	var paths Paths
	for _, b := range All() {
		*paths.field(b.Name) = filepath.Join(dir, b.Name)
	}
	return paths
}

func (p *Paths) field(name string) *string {
	switch name {
	case Etcd:
		return &p.Etcd
	case KubeAPIServer:
		return &p.KubeAPIServer
	case KubeControllerManager:
		return &p.KubeControllerManager
	case Kubectl:
		return &p.Kubectl
	case Kwok:
		return &p.Kwok
	}
	panic("no program of the control plane is named " + name)
}
