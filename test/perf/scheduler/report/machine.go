// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
)

// Machine is where the figures were measured: they compare within one run only.
type Machine struct {
	CPUs       int    `json:"cpus"`
	CPUModel   string `json:"cpu_model,omitempty"`
	OS         string `json:"os"`
	Go         string `json:"go"`
	Kubernetes string `json:"kubernetes"`
}

func (m Machine) String() string {
	model := m.CPUModel
	if model == "" {
		model = m.OS
	}
	return fmt.Sprintf("%d CPUs (%s), %s, Kubernetes %s", m.CPUs, model, m.Go, m.Kubernetes)
}

func thisMachine() Machine {
	m := Machine{CPUs: runtime.GOMAXPROCS(0), CPUModel: cpuModel("/proc/cpuinfo"), OS: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version(), Kubernetes: "unknown"}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dep := range info.Deps {
			if dep.Path == "k8s.io/kubernetes" {
				m.Kubernetes = dep.Version
			}
		}
	}
	return m
}

// cpuModel returns the first "model name" of a cpuinfo file, or "" where there
// is none, as on most machines that are not x86.
func cpuModel(file string) string {
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		key, value, ok := strings.Cut(lines.Text(), ":")
		if ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
