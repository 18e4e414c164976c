// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// assets makes a folder with the named programs, which say they are the version.
func assets(t *testing.T, version string, programs ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range programs {
		write(t, filepath.Join(dir, name), "#!/bin/sh\necho "+name+" "+version+"\n", 0o755)
	}
	return dir
}

func TestEnsureUsesAssets(t *testing.T) {
	for name, tc := range map[string]struct {
		version      string
		programs     []string
		wantBuilt    []string
		wantProgress string
	}{
		"as setup-envtest gives them": {
			version: "v1.37.2", programs: []string{Etcd, KubeAPIServer, Kubectl},
			wantBuilt:    []string{KubeControllerManager, Kwok},
			wantProgress: "kube-apiserver v1.37.2 from DIR/kube-apiserver\n",
		},
		"everything": {
			version: "v1.37.2", programs: names(All()),
			wantProgress: "kwok v1.37.2 from DIR/kwok (evenkeel is tested with v0.8.0)\n",
		},
		"another release": {
			version: "v1.36.1", programs: []string{KubeAPIServer},
			wantBuilt:    []string{KubeControllerManager, Kubectl, Etcd, Kwok},
			wantProgress: "kube-apiserver v1.36.1 from DIR/kube-apiserver (evenkeel is tested with v1.37.2)\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCheckout(t)
			dir := assets(t, tc.version, tc.programs...)
			t.Setenv(AssetsVariable, dir)
			var progress strings.Builder
			paths, err := Ensure(t.Context(), Options{Root: c.root, Progress: func(line string) { progress.WriteString(line + "\n") }})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.wantBuilt, c.built()); diff != "" {
				t.Errorf("built (-want +got):\n%s", diff)
			}
			if want := strings.ReplaceAll(tc.wantProgress, "DIR", dir); !strings.Contains(progress.String(), want) {
				t.Errorf("progress = %q, want it to say %q", progress.String(), want)
			}
			want := pathsIn(c.bin())
			for _, name := range tc.programs {
				*want.field(name) = filepath.Join(dir, name)
			}
			if diff := cmp.Diff(want, paths); diff != "" {
				t.Errorf("paths (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEnsureRefusesAssets(t *testing.T) {
	for name, tc := range map[string]struct {
		dir  func(t *testing.T) string
		want string
	}{
		"no such folder": {
			dir:  func(t *testing.T) string { return filepath.Join(t.TempDir(), "absent") },
			want: "KUBEBUILDER_ASSETS names DIR, which does not exist",
		},
		"a file": {
			dir: func(t *testing.T) string {
				path := filepath.Join(t.TempDir(), "file")
				write(t, path, "", 0o644)
				return path
			},
			want: "KUBEBUILDER_ASSETS names DIR, which is not a folder",
		},
		"a folder without kube-apiserver": {
			dir:  func(t *testing.T) string { return assets(t, "v1.37.2", Etcd) },
			want: "KUBEBUILDER_ASSETS names DIR, which holds no executable kube-apiserver",
		},
		"a kube-apiserver that is not executable": {
			dir: func(t *testing.T) string {
				dir := t.TempDir()
				write(t, filepath.Join(dir, KubeAPIServer), "", 0o644)
				return dir
			},
			want: "KUBEBUILDER_ASSETS names DIR, which holds no executable kube-apiserver",
		},
		"a kube-apiserver that does not run": {
			dir: func(t *testing.T) string {
				dir := t.TempDir()
				write(t, filepath.Join(dir, KubeAPIServer), "#!/bin/sh\necho wrong machine\nexit 1\n", 0o755)
				return dir
			},
			want: "KUBEBUILDER_ASSETS holds a kube-apiserver that does not run: DIR/kube-apiserver --version: exit status 1: wrong machine",
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCheckout(t)
			dir := tc.dir(t)
			t.Setenv(AssetsVariable, dir)
			_, built, err := c.ensure()
			if want := strings.ReplaceAll(tc.want, "DIR", dir); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error = %v, want %q", err, want)
			}
			if len(built) > 0 {
				t.Errorf("built %v, want nothing", built)
			}
		})
	}
}

// TestVersionsAreThoseOfTheModules keeps the constants and the go.mod files in line.
func TestVersionsAreThoseOfTheModules(t *testing.T) {
	root, err := FindRoot()
	if err != nil {
		t.Fatal(err)
	}
	required := map[string]string{
		KubeAPIServer: "k8s.io/kubernetes", KubeControllerManager: "k8s.io/kubernetes", Kubectl: "k8s.io/kubernetes",
		Etcd: "go.etcd.io/etcd/server/v3", Kwok: "sigs.k8s.io/kwok",
	}
	for _, b := range All() {
		path := filepath.Join(root, b.Module, "go.mod")
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		match := regexp.MustCompile(`(?m)^\s*` + regexp.QuoteMeta(required[b.Name]) + ` (v\S+)`).FindSubmatch(data)
		if match == nil || string(match[1]) != b.Version {
			t.Errorf("%s requires %s %s, want %s as in this package", path, required[b.Name], match, b.Version)
		}
		tool := regexp.MustCompile(`(?m)^\s*` + regexp.QuoteMeta(b.Package) + `$`)
		if !tool.Match(data) {
			t.Errorf("%s names no tool %s: go mod tidy would drop what its build needs", path, b.Package)
		}
	}
}
