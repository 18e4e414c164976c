// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package workload holds the workloads of the comparison and prepares the folder
// that scheduler_perf runs one of them in.
package workload

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/evenkeel/evenkeel/test/perf/schedulerperf/contender"
	"github.com/evenkeel/evenkeel/test/perf/schedulerperf/upstream"
)

//go:embed workloads.yaml templates
var files embed.FS

// The sizes that every workload has. What each means for a workload is said in
// workloads.yaml.
const (
	Smoke      = "smoke"
	Nodes1000  = "1000"
	Nodes5000  = "5000"
	nodeSuffix = "Nodes"
)

// Sizes lists all sizes from the smallest.
func Sizes() []string { return []string{Smoke, Nodes1000, Nodes5000} }

// Shape is how large a workload of some size is.
type Shape struct {
	Nodes        int `json:"nodes"`
	InitPods     int `json:"init_pods"`
	MeasuredPods int `json:"measured_pods"`
}

// Workload is one workload in one size.
type Workload struct {
	Name, Size string
	Shape      Shape
	cases      upstream.TestCases
}

// String names the workload as scheduler_perf does.
func (w *Workload) String() string { return w.Name + "/" + entry(w.Size) }

// entry is the name of a size in workloads.yaml.
func entry(size string) string {
	if size == Smoke {
		return size
	}
	return size + nodeSuffix
}

// Names lists the workloads in the order in which they are shown.
func Names() ([]string, error) {
	cases, err := all()
	if err != nil {
		return nil, err
	}
	names := make([]string, len(cases))
	for i, c := range cases {
		names[i], _ = c["name"].(string)
	}
	return names, nil
}

func all() (upstream.TestCases, error) {
	text, err := files.ReadFile("workloads.yaml")
	if err != nil {
		return nil, err
	}
	return upstream.ParseTestCases(text)
}

// Load returns a workload by its name and size.
func Load(name, size string) (*Workload, error) {
	cases, err := all()
	if err != nil {
		return nil, err
	}
	w := &Workload{Name: name, Size: size}
	w.cases = cases.Select(func(testCase, workload string, _ []string) bool {
		return testCase == name && workload == entry(size)
	})
	if len(w.cases) != 1 {
		return nil, fmt.Errorf("there is no workload %s of size %s", name, size)
	}
	workloads := w.cases[0]["workloads"].([]any)
	params, _ := workloads[0].(map[string]any)["params"].(map[string]any)
	number := func(key string) int {
		value, _ := params[key].(float64)
		return int(value)
	}
	w.Shape = Shape{Nodes: number("initNodes"), InitPods: number("initPods"), MeasuredPods: number("measurePods")}
	return w, nil
}

// The files in a prepared folder.
const (
	// ConfigFile is scheduler_perf's configuration.
	ConfigFile    = "workload.yaml"
	schedulerFile = "scheduler.yaml"
	templates     = "templates"
)

// Prepare writes into the folder all that a run of the workload with the
// scheduler reads.
func (w *Workload) Prepare(dir string, c *contender.Contender) error {
	if err := os.MkdirAll(filepath.Join(dir, templates), 0o755); err != nil {
		return err
	}
	err := fs.WalkDir(files, templates, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), text, 0o600)
	})
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, schedulerFile), c.Config, 0o600); err != nil {
		return err
	}
	return w.cases.Schedule(schedulerFile, c.FeatureGates).Write(filepath.Join(dir, ConfigFile))
}
