// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"strings"
	"testing"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
)

const nodeHead = "apiVersion: config.evenkeel.io/v1alpha1\nkind: NodeConfiguration\n"

func TestNodeConfigurationDefaults(t *testing.T) {
	checkDefaults(t, v1alpha1.LoadNodeConfiguration, nodeHead, "testdata/node-defaults.yaml")
}

func TestLoadNodeConfigurationRefusesWrongFiles(t *testing.T) {
	tests := map[string]struct{ content, want string }{
		"nothing":               {content: "", want: "config.yaml: the file is empty; it needs apiVersion: config.evenkeel.io/v1alpha1 and kind: NodeConfiguration"},
		"the webhook's file":    {content: head, want: `config.yaml: is apiVersion "config.evenkeel.io/v1alpha1", kind "AdmissionConfiguration"; want apiVersion: config.evenkeel.io/v1alpha1 and kind: NodeConfiguration`},
		"an unknown field":      {content: nodeHead + "pids: {limit: 512}\n", want: `config.yaml: unknown field "pids.limit"`},
		"a wrong type":          {content: nodeHead + "pids: {default: many}\n", want: "config.yaml: pids.default: text does not fit here"},
		"an unknown onTimeout":  {content: nodeHead + "onTimeout: Fail\n", want: `config.yaml: onTimeout: Unsupported value: "Fail": supported values: "Admit", "Deny"`},
		"an unknown mode":       {content: nodeHead + "pids: {mode: Enforced}\n", want: `config.yaml: pids.mode: Unsupported value: "Enforced"`},
		"no limit":              {content: nodeHead + "pids: {default: 0}\n", want: "config.yaml: pids.default: Invalid value: 0: must be between 128 and 16384 pids"},
		"minus one":             {content: nodeHead + "pids: {default: -1}\n", want: "config.yaml: pids.default: Invalid value: -1: must be between 128 and 16384 pids"},
		"a low ceiling":         {content: nodeHead + "pids: {ceiling: 127}\n", want: "config.yaml: pids.ceiling: Invalid value: 127: must be between 128 and 16384 pids"},
		"a high ceiling":        {content: nodeHead + "pids: {ceiling: 16385}\n", want: "config.yaml: pids.ceiling: Invalid value: 16385: must be between 128 and 16384 pids"},
		"default above":         {content: nodeHead + "pids: {default: 4096, ceiling: 2048}\n", want: "config.yaml: pids.default: Invalid value: 4096: must not be above pids.ceiling, which is 2048"},
		"a wrong namespace":     {content: nodeHead + "pids: {excludedNamespaces: [Vault]}\n", want: `config.yaml: pids.excludedNamespaces[0]: Invalid value: "Vault"`},
		"an unknown running":    {content: nodeHead + "pids: {running: Restart}\n", want: `config.yaml: pids.running: Unsupported value: "Restart": supported values: "Update", "Report"`},
		"two faults, both told": {content: nodeHead + "pids: {default: 1, running: x}\n", want: `must be between 128 and 16384 pids; pids.running: Unsupported value: "x"`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := v1alpha1.LoadNodeConfiguration("config.yaml", []byte(tc.content))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
			if err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("the error has more than one line: %q", err)
			}
		})
	}
}
