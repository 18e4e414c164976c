// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/evenkeel/evenkeel/internal/controlplane/binaries"
)

// DefaultReadyTimeout is how long each program may take until it is ready: a
// kube-apiserver takes 3 to 5 seconds on an idle core, and tests share theirs.
const DefaultReadyTimeout = 2 * time.Minute

// stopTimeout is how long a program may take to end before it is killed. What
// etcd holds is thrown away afterwards, so nothing is lost by a kill.
const stopTimeout = 15 * time.Second

// killTimeout is how long the system may take to remove a killed process.
const killTimeout = 10 * time.Second

// Options say what is started. The zero value starts everything.
type Options struct {
	// Dir is the run directory; it must be empty or not there yet, and is never
	// removed. Empty means a new one in the system's folder for temporary files,
	// which Stop removes unless something failed or KeepDir is set.
	Dir string
	// KeepDir keeps a run directory that Start has made.
	KeepDir bool
	// Binaries are the places of the programs. The zero value means
	// binaries.Ensure, which builds what is missing.
	Binaries binaries.Paths
	// WithoutControllerManager leaves out kube-controller-manager. No ServiceAccount
	// is then made, not even the default one, and pods cannot be created before
	// the caller makes it.
	WithoutControllerManager bool
	// WithoutKwok leaves out KWOK: no node becomes ready by itself, no pod runs.
	WithoutKwok bool
	// APIServerFlags are set on kube-apiserver, by name without dashes, over
	// those that Start sets.
	APIServerFlags map[string]string
	// ControllerManagerFlags are the same for kube-controller-manager.
	ControllerManagerFlags map[string]string
	// ReadyTimeout is how long each program may take until it is ready. Zero
	// means DefaultReadyTimeout.
	ReadyTimeout time.Duration
	// Progress is told each step in one line. Nil means silence.
	Progress func(line string)
}

// runDir is the folder of one run and the names in it.
type runDir struct {
	path string
	// temporary directories were made by Start, and may be removed.
	temporary bool
}

// newRunDir makes the run directory with its folders. A directory with something
// in it is refused: etcd would come up with an older run's objects.
func newRunDir(dir string) (runDir, error) {
	run := runDir{path: dir}
	if dir == "" {
		made, err := os.MkdirTemp("", "evenkeel-")
		if err != nil {
			return runDir{}, fmt.Errorf("run directory of the control plane: %w", err)
		}
		run = runDir{path: made, temporary: true}
	}
	absolute, err := filepath.Abs(run.path)
	if err != nil {
		return runDir{}, fmt.Errorf("run directory %s: %w", run.path, err)
	}
	run.path = absolute
	entries, err := os.ReadDir(run.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return runDir{}, fmt.Errorf("run directory: %w: name an empty directory or one that can be made", err)
	}
	if len(entries) > 0 {
		return runDir{}, fmt.Errorf("run directory %s is not empty: name an empty one or one that does not exist", run.path)
	}
	for _, folder := range []string{run.pki(), run.etcd(), run.logs(), run.kubeconfigs(), run.programs()} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return runDir{}, fmt.Errorf("run directory: %w", err)
		}
	}
	return run, nil
}

func (r runDir) pki() string         { return filepath.Join(r.path, "pki") }
func (r runDir) etcd() string        { return filepath.Join(r.path, "etcd") }
func (r runDir) logs() string        { return filepath.Join(r.path, "logs") }
func (r runDir) kubeconfigs() string { return filepath.Join(r.path, "kubeconfigs") }
func (r runDir) programs() string    { return filepath.Join(r.path, "programs") }

func (r runDir) log(name string) string { return filepath.Join(r.logs(), name+".log") }

func (r runDir) kubeconfig(name string) string {
	return filepath.Join(r.kubeconfigs(), name+".kubeconfig")
}
