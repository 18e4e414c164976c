// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"fmt"
	"maps"
	"os"

	"sigs.k8s.io/yaml"
)

// TestCases is the content of one of scheduler_perf's configuration files. Only
// what is read here is looked at: scheduler_perf checks the rest.
type TestCases []map[string]any

// ReadTestCases reads a configuration file.
func ReadTestCases(file string) (TestCases, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	cases, err := ParseTestCases(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return cases, nil
}

// ParseTestCases reads the content of a configuration file.
func ParseTestCases(text []byte) (TestCases, error) {
	var cases TestCases
	if err := yaml.Unmarshal(text, &cases); err != nil {
		return nil, err
	}
	return cases, nil
}

// Select returns the workloads that keep says yes to, and the cases that still
// have one. It is told the labels of the workload and its case together.
func (t TestCases) Select(keep func(testCase, workload string, labels []string) bool) TestCases {
	var selected TestCases
	for _, testCase := range t {
		name, _ := testCase["name"].(string)
		var workloads []any
		for _, workload := range list(testCase["workloads"]) {
			fields, _ := workload.(map[string]any)
			title, _ := fields["name"].(string)
			var labels []string
			for _, label := range append(list(testCase["labels"]), list(fields["labels"])...) {
				if text, ok := label.(string); ok {
					labels = append(labels, text)
				}
			}
			if keep(name, title, labels) {
				workloads = append(workloads, workload)
			}
		}
		if len(workloads) > 0 {
			testCase = maps.Clone(testCase)
			testCase["workloads"] = workloads
			selected = append(selected, testCase)
		}
	}
	return selected
}

// Schedule returns the cases with the scheduler that runs them: the path of its
// configuration and the feature gates that it needs beside those of the case.
func (t TestCases) Schedule(configFile string, featureGates map[string]bool) TestCases {
	out := make(TestCases, len(t))
	for i, testCase := range t {
		testCase = maps.Clone(testCase)
		testCase["schedulerConfigPath"] = configFile
		gates := map[string]any{}
		if own, ok := testCase["featureGates"].(map[string]any); ok {
			maps.Copy(gates, own)
		}
		for gate, on := range featureGates {
			gates[gate] = on
		}
		if len(gates) > 0 {
			testCase["featureGates"] = gates
		}
		out[i] = testCase
	}
	return out
}

// Write writes a configuration file.
func (t TestCases) Write(file string) error {
	text, err := yaml.Marshal(t)
	if err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o600)
}

func list(value any) []any {
	items, _ := value.([]any)
	return items
}
