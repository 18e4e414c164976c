// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package container

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRunTellsHowAProcessEnded(t *testing.T) {
	for name, tc := range map[string]struct {
		spec Spec
		want Result
	}{
		"well":         {Spec{Args: []string{"/bin/sh", "-c", "echo out; echo err >&2"}}, Result{Stdout: "out\n", Stderr: "err\n"}},
		"with a code":  {Spec{Args: []string{"/bin/sh", "-c", "exit 3"}}, Result{ExitCode: 3}},
		"by a signal":  {Spec{Args: []string{"/bin/sh", "-c", "kill -ABRT $$"}}, Result{ExitCode: 134}},
		"its own env":  {Spec{Args: []string{"/bin/sh", "-c", "echo $A$HOME"}, Env: []string{"A=a 'b"}}, Result{Stdout: "a 'b\n"}},
		"its own word": {Spec{Args: []string{"/bin/sh", "-c", `echo "$1"`, "sh", "$(x) *"}}, Result{Stdout: "$(x) *\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Run(t.Context(), tc.spec)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&tc.want, got); diff != "" {
				t.Errorf("result (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRunSaysWhatCannotBeRun(t *testing.T) {
	if _, err := Run(t.Context(), Spec{Args: []string{"/bin/true"}, Root: "/", UID: 1}); err == nil {
		t.Error("a user of its own with a root of its own is no error")
	}
}

// TestRunLimitsMemory fills more than the limit and less.
func TestRunLimitsMemory(t *testing.T) {
	if _, err := Limits(); err != nil {
		t.Skip("ABSENT: memory limits: ", err)
	}
	fill := func(bytes string) *Result {
		res, err := Run(t.Context(), Spec{Args: []string{"/bin/sh", "-c", "head -c " + bytes + " /dev/zero | tail > /dev/null"}, Memory: 32 << 20, MilliCPU: 1000})
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	if res := fill("1000000"); res.OOMKilled {
		t.Errorf("1 MB of 32 MiB is too much: %+v", res)
	}
	if res := fill("200000000"); !res.OOMKilled {
		t.Errorf("200 MB of 32 MiB are not too much: %+v", res)
	}
	left, err := filepath.Glob(filepath.Join(cgroupRoot, "*", "evenkeel-test-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("cgroups are left: %v %v", left, err)
	}
}

func TestRunMountsAndChangesTheUser(t *testing.T) {
	if err := Mounts(); err != nil {
		t.Skip("ABSENT: mounts: ", err)
	}
	from, to := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(from, "file"), []byte("here\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	res, err := Run(t.Context(), Spec{Args: []string{"/bin/sh", "-c", "cat " + to + "/file; touch " + to + "/other"},
		Binds: []Bind{{From: from, To: to, ReadOnly: true}}})
	if err != nil {
		t.Fatal(err)
	}
	if res.Stdout != "here\n" || res.ExitCode == 0 || !strings.Contains(res.Stderr, "Read-only file system") {
		t.Errorf("a read-only folder: %+v", res)
	}
	if _, err := os.Stat(filepath.Join(to, "file")); err == nil {
		t.Error("the mount is seen outside")
	}
	if res, err = Run(t.Context(), Spec{Args: []string{"id", "-u"}, UID: 12345, Env: []string{"PATH=/usr/bin:/bin"}}); err != nil || res.Stdout != "12345\n" {
		t.Errorf("the user: %+v %v", res, err)
	}
}

// TestCgroupWritesVersion2 checks what is written where version 2 is, on a folder
// that looks like it.
func TestCgroupWritesVersion2(t *testing.T) {
	mounted := cgroupRoot
	cgroupRoot = t.TempDir()
	t.Cleanup(func() { cgroupRoot = mounted })
	if err := os.WriteFile(filepath.Join(cgroupRoot, "cgroup.controllers"), []byte("cpu memory\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	g, err := newCgroup(64<<20, 1500)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, file := range []string{"memory.max", "cpu.max"} {
		content, err := os.ReadFile(filepath.Join(g.memory, file))
		if err != nil {
			t.Fatal(err)
		}
		got[file] = string(content)
	}
	if diff := cmp.Diff(map[string]string{"memory.max": "67108864", "cpu.max": "150000 100000"}, got); diff != "" {
		t.Errorf("limits (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{g.memory + "/cgroup.procs"}, g.procs()); diff != "" {
		t.Errorf("procs (-want +got):\n%s", diff)
	}
	for content, want := range map[string]bool{"low 0\noom 1\noom_kill 0\n": false, "oom 1\noom_kill 2\n": true} {
		if err := os.WriteFile(filepath.Join(g.memory, "memory.events"), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if g.oomKilled() != want {
			t.Errorf("%q: killed is %v", content, !want)
		}
	}
}
