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
)

// TestRenderDiffApplies gives the diffs of files of many pods to git, which makes
// of the inputs what -o yaml prints.
func TestRenderDiffApplies(t *testing.T) {
	git, err := exec.LookPath("git")
	if err != nil {
		t.Skip("git is not installed")
	}
	dir := t.TempDir()
	t.Chdir(dir)
	for seed := range uint64(25) {
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
		if err := os.WriteFile("pods.yaml", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		want, _, err := execute(t, "", "-f", "pods.yaml")
		if err != nil {
			t.Fatal(err)
		}
		diff, _, err := execute(t, "", "-f", "pods.yaml", "-o", "diff")
		if err != nil {
			t.Fatal(err)
		}
		if diff == "" {
			continue
		}
		apply := exec.CommandContext(t.Context(), git, "apply", "-p0", "--whitespace=nowarn", "-")
		apply.Stdin = strings.NewReader(diff)
		// The folder is in no repository of its own.
		apply.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(dir))
		if out, err := apply.CombinedOutput(); err != nil {
			t.Fatalf("seed %d: git apply: %v: %s\n%s", seed, err, out, diff)
		}
		got, err := os.ReadFile("pods.yaml")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Fatalf("seed %d: after git apply (-want +got):\n%s", seed, diff)
		}
	}
}
