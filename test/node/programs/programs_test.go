// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package programs

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/evenkeel/evenkeel/internal/controlplane/binaries"
)

// TestVersionsAreThoseOfTheModules keeps the constants and the go.mod files in
// line, and the kubelet's with the control plane's.
func TestVersionsAreThoseOfTheModules(t *testing.T) {
	required := map[string]struct{ path, version string }{
		"containerd": {path: "github.com/containerd/containerd/v2", version: ContainerdVersion},
		"kubelet":    {path: "k8s.io/kubernetes", version: binaries.KubernetesVersion},
	}
	for _, p := range list() {
		want := required[p.module]
		content, err := os.ReadFile(filepath.Join(p.module, "go.mod"))
		if err != nil {
			t.Fatal(err)
		}
		m := regexp.MustCompile(`(?m)^\s*` + regexp.QuoteMeta(want.path) + ` (v\S+)`).FindSubmatch(content)
		if m == nil || string(m[1]) != want.version {
			t.Errorf("%s/go.mod requires %s %s, want %s", p.module, want.path, m, want.version)
		}
		if !regexp.MustCompile(`(?m)^(tool )?\s*` + regexp.QuoteMeta(p.pkg) + `$`).Match(content) {
			t.Errorf("%s/go.mod names no tool %s: go mod tidy would drop what its build needs", p.module, p.pkg)
		}
	}
}
