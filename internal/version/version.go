// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package version tells what was built. It depends on nothing but the standard
// library, so every binary can link it.
package version

import (
	"fmt"
	"runtime"
)

// Version is the version of Evenkeel, set by the linker:
//
//	-ldflags "-X github.com/evenkeel/evenkeel/internal/version.Version=v0.1.0"
var Version = "v0.1.0-dev"

// KubernetesVersion is the Kubernetes release whose scheduler and control plane
// Evenkeel builds: the version of module k8s.io/kubernetes in go.mod. It is not
// read from the build information because binaries that link no package of that
// module have no entry for it.
const KubernetesVersion = "v1.37.2"

// String returns one line that says which program this is, for --version.
func String(program string) string {
	return fmt.Sprintf("%s %s (Kubernetes %s, %s, %s/%s)",
		program, Version, KubernetesVersion, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
