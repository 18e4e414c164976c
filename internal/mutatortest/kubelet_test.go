// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package mutatortest_test

import (
	"crypto/sha256"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestResolveEnvIsOfThisKubelet fails when the kubelet's function is not the one
// that ResolveEnv restates. Then read the two side by side, mend ResolveEnv, and
// put the new sum here.
func TestResolveEnvIsOfThisKubelet(t *testing.T) {
	const want = "2db08b7a357176aa07fd50efead9274164ea74bb07a4905d2873c86116b242d0"
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "k8s.io/kubernetes").Output()
	if err != nil {
		t.Fatalf("finding the source of the kubelet: %v", err)
	}
	file := filepath.Join(strings.TrimSpace(string(dir)), "pkg", "kubelet", "kubelet_pods.go")
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	parsed, err := parser.ParseFile(fset, file, source, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range parsed.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Name.Name == "makeEnvironmentVariables" {
			body := source[fset.Position(f.Pos()).Offset:fset.Position(f.End()).Offset]
			if got := fmt.Sprintf("%x", sha256.Sum256(body)); got != want {
				t.Errorf("makeEnvironmentVariables has the sum %s; ResolveEnv restates the one of %s", got, want)
			}
			return
		}
	}
	t.Error("there is no makeEnvironmentVariables")
}
