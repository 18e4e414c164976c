// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fakeGo stands in for the go command: it notes the package it is asked for and
// writes a program that prints the version asked for by the linker's flags.
const fakeGo = `#!/bin/sh
out= flags= package=
while [ $# -gt 0 ]; do
	case "$1" in
	-o) out=$2; shift ;;
	-ldflags) flags=$2; shift ;;
	*) package=$1 ;;
	esac
	shift
done
echo "$package" >> "$FAKE_GO_CALLS"
case "$package" in
"$FAKE_GO_BREAKS") echo "main.go:1:1: syntax error" >&2; exit 1 ;;
"$FAKE_GO_BLOCKS") exec sleep 600 ;;
*etcd*) version=v3.7.3 ;;
*kwok*) version=v0.8.0 ;;
*) version=$(echo "$flags" | sed -n 's/.*component-base.version.gitVersion=\([^ ]*\).*/\1/p') ;;
esac
[ "$package" = "$FAKE_GO_LIES" ] && version=v9.9.9
printf '#!/bin/sh\necho %s %s\n' "$(basename "$package")" "$version" > "$out"
chmod 755 "$out"
`

// checkout is a folder that looks like a checkout, with a go command of its own.
type checkout struct {
	t     *testing.T
	root  string
	calls string
}

func newCheckout(t *testing.T) checkout {
	t.Helper()
	t.Setenv(AssetsVariable, "")
	c := checkout{t: t, root: t.TempDir(), calls: filepath.Join(t.TempDir(), "calls")}
	tools := filepath.Join(c.root, "tools")
	for _, dir := range []string{tools, filepath.Join(c.root, toolsModule)} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(c.root, "go.mod"), "module "+modulePath+"\n", 0o644)
	write(t, filepath.Join(tools, "go"), fakeGo, 0o755)
	t.Setenv("PATH", tools+string(os.PathListSeparator)+os.Getenv("PATH"))
	t.Setenv("FAKE_GO_CALLS", c.calls)
	return c
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// ensure runs Ensure and returns the names of the programs that it built.
func (c checkout) ensure() (Paths, []string, error) {
	c.t.Helper()
	if err := os.RemoveAll(c.calls); err != nil {
		c.t.Fatal(err)
	}
	paths, err := Ensure(c.t.Context(), Options{Root: c.root})
	return paths, c.built(), err
}

func (c checkout) built() []string {
	data, _ := os.ReadFile(c.calls)
	var built []string
	for line := range strings.Lines(string(data)) {
		for _, b := range All() {
			if b.Package == strings.TrimSpace(line) {
				built = append(built, b.Name)
			}
		}
	}
	return built
}

func (c checkout) bin(parts ...string) string {
	return filepath.Join(append([]string{c.root, "bin"}, parts...)...)
}

func TestEnsureBuildsWhatIsNotReady(t *testing.T) {
	all := names(All())
	for name, tc := range map[string]struct {
		// change is made after a first, complete build.
		change    func(t *testing.T, c checkout)
		wantBuilt []string
	}{
		"all is there": {
			change: func(*testing.T, checkout) {},
		},
		"nothing is there": {
			change: func(t *testing.T, c checkout) {
				if err := os.RemoveAll(c.bin()); err != nil {
					t.Fatal(err)
				}
			},
			wantBuilt: all,
		},
		"a program is cut short": {
			change: func(t *testing.T, c checkout) {
				if err := os.Truncate(c.bin(Kwok), 5); err != nil {
					t.Fatal(err)
				}
			},
			wantBuilt: []string{Kwok},
		},
		"a program is replaced by another of its size": {
			change: func(t *testing.T, c checkout) {
				data, err := os.ReadFile(c.bin(Kubectl))
				if err != nil {
					t.Fatal(err)
				}
				write(t, c.bin(Kubectl), strings.ReplaceAll(string(data), KubernetesVersion, "v1.30.0"), 0o755)
			},
			wantBuilt: []string{Kubectl},
		},
		"a program is not executable": {
			change: func(t *testing.T, c checkout) {
				if err := os.Chmod(c.bin(Etcd), 0o644); err != nil {
					t.Fatal(err)
				}
			},
			wantBuilt: []string{Etcd},
		},
		"a stamp is of an older version": {
			change: func(t *testing.T, c checkout) {
				path := stampFile(c.bin(), KubeAPIServer)
				data, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				write(t, path, strings.ReplaceAll(string(data), KubernetesVersion, "v1.36.0"), 0o644)
			},
			wantBuilt: []string{KubeAPIServer},
		},
		"a stamp is unreadable": {
			change:    func(t *testing.T, c checkout) { write(t, stampFile(c.bin(), Etcd), "{", 0o644) },
			wantBuilt: []string{Etcd},
		},
		"a program has no stamp": {
			change: func(t *testing.T, c checkout) {
				if err := os.Remove(stampFile(c.bin(), Etcd)); err != nil {
					t.Fatal(err)
				}
			},
			wantBuilt: []string{Etcd},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCheckout(t)
			if _, built, err := c.ensure(); err != nil || !slices.Equal(built, all) {
				t.Fatalf("first build: built %v, error %v", built, err)
			}
			tc.change(t, c)
			paths, built, err := c.ensure()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.wantBuilt, built); diff != "" {
				t.Errorf("built (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(pathsIn(c.bin()), paths); diff != "" {
				t.Errorf("paths (-want +got):\n%s", diff)
			}
			for _, b := range All() {
				if version, err := reportedVersion(t.Context(), b, *paths.field(b.Name)); err != nil || version != b.Version {
					t.Errorf("%s says %q, %v; want %s", b.Name, version, err, b.Version)
				}
			}
		})
	}
}

func TestEnsureFails(t *testing.T) {
	for name, tc := range map[string]struct {
		variable, value string
		want            []string
	}{
		"the build breaks": {
			variable: "FAKE_GO_BREAKS", value: "k8s.io/kubernetes/cmd/kubectl",
			want: []string{"building kubectl v1.37.2 failed", "main.go:1:1: syntax error", "kubectl.log"},
		},
		"the program is of another version": {
			variable: "FAKE_GO_LIES", value: "k8s.io/kubernetes/cmd/kubectl",
			want: []string{"kubectl just built says it is v9.9.9, not v1.37.2", "go.mod"},
		},
		"there is no go": {
			variable: "PATH", value: "/nowhere",
			want: []string{"needs Go 1.26 or newer", "no go in PATH", AssetsVariable},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCheckout(t)
			t.Setenv(tc.variable, tc.value)
			_, _, err := c.ensure()
			if err == nil {
				t.Fatal("no error")
			}
			for _, part := range tc.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error = %q, want it to say %q", err, part)
				}
			}
			for _, path := range []string{c.bin(Kubectl), c.bin(stampFolder, Kubectl+".partial"), stampFile(c.bin(), Kubectl)} {
				if _, err := os.Stat(path); err == nil {
					t.Errorf("%s is left behind", path)
				}
			}
		})
	}
}

func TestEnsureKeepsWhatWasBuiltBeforeAFailure(t *testing.T) {
	c := newCheckout(t)
	t.Setenv("FAKE_GO_BREAKS", "sigs.k8s.io/kwok/cmd/kwok")
	if _, _, err := c.ensure(); err == nil {
		t.Fatal("no error")
	}
	t.Setenv("FAKE_GO_BREAKS", "")
	_, built, err := c.ensure()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{Kwok}, built); diff != "" {
		t.Errorf("built (-want +got):\n%s", diff)
	}
}

func TestEnsureInterrupted(t *testing.T) {
	c := newCheckout(t)
	t.Setenv("FAKE_GO_BLOCKS", "k8s.io/kubernetes/cmd/kube-apiserver")
	stop := errors.New("somebody pressed Ctrl-C")
	ctx, cancel := context.WithCancelCause(t.Context())
	_, err := Ensure(ctx, Options{Root: c.root, Progress: func(line string) {
		if strings.Contains(line, "[1/5]") {
			cancel(stop)
		}
	}})
	if !errors.Is(err, stop) {
		t.Errorf("error = %v, want one that wraps %q", err, stop)
	}
}

func TestEnsureBuildsOnceForTwo(t *testing.T) {
	c := newCheckout(t)
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() {
			if _, err := Ensure(t.Context(), Options{Root: c.root}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if diff := cmp.Diff(names(All()), c.built()); diff != "" {
		t.Errorf("built by both together (-want +got):\n%s", diff)
	}
}

func TestEnsureTellsProgress(t *testing.T) {
	c := newCheckout(t)
	var lines []string
	if _, err := Ensure(t.Context(), Options{Root: c.root, Progress: func(line string) { lines = append(lines, line) }}); err != nil {
		t.Fatal(err)
	}
	text := strings.Join(lines, "\n")
	for _, want := range []string{"Building 5 of the 5 programs", "the first time takes about", "[1/5] kube-apiserver v1.37.2 built in", "[5/5] kwok v0.8.0 built in", "are ready after"} {
		if !strings.Contains(text, want) {
			t.Errorf("progress = %q, want it to say %q", text, want)
		}
	}
}

func TestFindRoot(t *testing.T) {
	c := newCheckout(t)
	inner := filepath.Join(c.root, toolsModule)
	// Another module inside the checkout is not its root.
	write(t, filepath.Join(inner, "go.mod"), "module "+modulePath+"/hack/controlplane\n", 0o644)
	t.Chdir(inner)
	got, err := FindRoot()
	if err != nil {
		t.Fatal(err)
	}
	want, err := filepath.EvalSymlinks(c.root)
	if err != nil {
		t.Fatal(err)
	}
	if got, err = filepath.EvalSymlinks(got); err != nil || got != want {
		t.Errorf("root = %s, %v; want %s", got, err, want)
	}

	t.Chdir(t.TempDir())
	if root, err := FindRoot(); err == nil || !strings.Contains(err.Error(), AssetsVariable) {
		t.Errorf("outside a checkout: root = %q, error = %v; want an error that names %s", root, err, AssetsVariable)
	}
}
