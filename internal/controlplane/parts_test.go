// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/yaml"
)

func TestRunDir(t *testing.T) {
	used := t.TempDir()
	if err := os.WriteFile(filepath.Join(used, "letter"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		dir           string
		wantTemporary bool
		wantError     string
	}{
		"none is named":          {wantTemporary: true},
		"an empty one":           {dir: t.TempDir()},
		"one that is not there":  {dir: filepath.Join(t.TempDir(), "a", "b")},
		"one with something":     {dir: used, wantError: "is not empty"},
		"a file":                 {dir: filepath.Join(used, "letter"), wantError: "name an empty directory"},
		"a path through a file":  {dir: filepath.Join(used, "letter", "run"), wantError: "letter/run"},
		"a path that is no path": {dir: "a\x00b", wantError: "run directory"},
	} {
		t.Run(name, func(t *testing.T) {
			run, err := newRunDir(tc.dir)
			if tc.wantError != "" {
				if err == nil || !strings.Contains(err.Error(), tc.wantError) {
					t.Errorf("error = %v, want %q", err, tc.wantError)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = os.RemoveAll(run.path) })
			if run.temporary != tc.wantTemporary {
				t.Errorf("temporary = %v, want %v", run.temporary, tc.wantTemporary)
			}
			info, err := os.Stat(run.pki())
			if err != nil {
				t.Fatal(err)
			}
			if mode := info.Mode().Perm(); mode != 0o700 {
				t.Errorf("the folder of the keys has the mode %o, want 700", mode)
			}
		})
	}
}

// TestLauncher runs a program whose path needs quoting.
func TestLauncher(t *testing.T) {
	run, err := newRunDir(filepath.Join(t.TempDir(), "it's a run"))
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "the $program")
	if err := os.WriteFile(program, []byte("#!/bin/sh\necho \"$$ $2\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	launcher, err := run.launcher("web", program)
	if err != nil {
		t.Fatal(err)
	}
	if _, known := run.pid("web"); known {
		t.Error("a process is known before the launch")
	}
	if out, err := exec.Command(launcher, "--help").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if _, known := run.pid("web"); known {
		t.Error("a call of --help counts as a launch")
	}
	cmd := exec.Command(launcher, "--flag", "a  b")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	pid, known := run.pid("web")
	if !known || pid != cmd.Process.Pid {
		t.Errorf("noted process = %d, want %d", pid, cmd.Process.Pid)
	}
	if _, words, _ := strings.Cut(string(out), " "); words != "a  b\n" {
		t.Errorf("the program was told %q, want %q", words, "a  b\n")
	}
}

func TestKubeconfigRoundTrip(t *testing.T) {
	config := &rest.Config{
		Host:        "https://127.0.0.1:1234/",
		BearerToken: "token",
		TLSClientConfig: rest.TLSClientConfig{
			CAData: []byte("ca"), CertData: []byte("cert"), KeyData: []byte("key"),
		},
	}
	path := filepath.Join(t.TempDir(), fileName("system:serviceaccount:a:b"))
	if want := "system-serviceaccount-a-b"; filepath.Base(path) != want {
		t.Errorf("file name = %s, want %s", filepath.Base(path), want)
	}
	if err := clientcmd.WriteToFile(kubeconfigOf("somebody", config), path); err != nil {
		t.Fatal(err)
	}
	got, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(config, got); diff != "" {
		t.Errorf("config (-want +got):\n%s", diff)
	}
}

// TestKwokStages checks that each document is a Stage for nodes or pods.
func TestKwokStages(t *testing.T) {
	var names []string
	for _, document := range strings.Split(kwokStages, "\n---\n") {
		var stage struct {
			APIVersion, Kind string
			Metadata         struct{ Name string }
			Spec             struct {
				ResourceRef struct{ APIGroup, Kind string }
			}
		}
		if err := yaml.Unmarshal([]byte(document), &stage); err != nil {
			t.Fatal(err)
		}
		if stage.APIVersion != "kwok.x-k8s.io/v1alpha1" || stage.Kind != "Stage" {
			t.Errorf("document %q is a %s of %s, want a Stage", stage.Metadata.Name, stage.Kind, stage.APIVersion)
		}
		names = append(names, stage.Spec.ResourceRef.Kind+"/"+stage.Metadata.Name)
	}
	want := []string{"Node/node-initialize", "Node/node-heartbeat-with-lease", "Pod/pod-ready", "Pod/pod-complete", "Pod/pod-delete"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("stages (-want +got):\n%s", diff)
	}
}
