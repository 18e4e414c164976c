// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/evenkeel/evenkeel/internal/cli/input"
)

// TestRenderDiffApplies gives the diffs of files of many pods to git, which makes
// of the inputs what -o yaml prints, wherever the files are.
func TestRenderDiffApplies(t *testing.T) {
	git, err := exec.LookPath("git")
	if err != nil {
		t.Skip("git is not installed")
	}
	dir := t.TempDir()
	t.Chdir(dir)
	for _, folder := range []string{"deploy/a b", "charts"} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	names := []string{"pods.yaml", "./charts/pods.yaml", "deploy/a b/pods.yaml", "-"}
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 3))
		var in strings.Builder
		for i := range 1 + r.IntN(8) {
			in.WriteString("---\n" + strings.Repeat("# a line\n", r.IntN(9)))
			if r.IntN(3) > 0 {
				fmt.Fprintf(&in, "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p%d\nspec:\n  containers:\n", i)
				for c := range 1 + r.IntN(4) {
					fmt.Fprintf(&in, "  - name: c%d\n    resources:\n      limits:\n        memory: %dMi\n", c, 1+r.IntN(9))
				}
				in.WriteString("  x: y" + strings.Repeat("\n  # end", r.IntN(5)) + "\n")
			}
		}
		text := in.String()
		if r.IntN(2) == 0 {
			text = strings.TrimSuffix(text, "\n")
		}
		name := names[seed%uint64(len(names))]
		file, stdin := name, ""
		if name == "-" {
			// Under this name the diff has it.
			file, stdin = input.StdinName, text
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		want, _, err := execute(t, stdin, "-f", name)
		if err != nil {
			t.Fatal(err)
		}
		diff, _, err := execute(t, stdin, "-f", name, "-o", "diff")
		if err != nil {
			t.Fatal(err)
		}
		if diff == "" {
			continue
		}
		apply := exec.CommandContext(t.Context(), git, "apply", "--whitespace=nowarn", "-")
		apply.Stdin = strings.NewReader(diff)
		// The folder is in no repository of its own.
		apply.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(dir))
		if out, err := apply.CombinedOutput(); err != nil {
			t.Fatalf("seed %d: %s: git apply: %v: %s\n%s", seed, name, err, out, diff)
		}
		got, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Fatalf("seed %d: after git apply (-want +got):\n%s", seed, diff)
		}
	}
}
