// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/evenkeel/evenkeel/internal/program"
	"github.com/evenkeel/evenkeel/internal/program/programtest"
)

const head = "apiVersion: config.evenkeel.io/v1alpha1\nkind: NodeConfiguration\n"

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

// Every flag and every file, wrong in turn: one sentence, exit code 2.
func TestMainRefusesBadInput(t *testing.T) {
	dir := t.TempDir()
	config, wrong := filepath.Join(dir, "config.yaml"), filepath.Join(dir, "wrong.yaml")
	writeFile(t, config, head)
	writeFile(t, wrong, head+"pids: {default: 0}\n")
	programtest.CheckRefusals(t, "evenkeel-node", Main, map[string]programtest.Refusal{
		"an argument":     {Args: []string{"run"}, Want: `"run" is not understood; evenkeel-node takes flags only, see --help`},
		"an unknown flag": {Args: []string{"--cofnig", config}, Want: "unknown flag: --cofnig; see --help"},
		"no value":        {Args: []string{"--config"}, Want: "flag needs an argument: --config; see --help"},
		"no config":       {Args: nil, Want: "--config is missing: name the file with the NodeConfiguration"},
		"no such config":  {Args: []string{"--config", dir + "/none"}, Want: "--config: reading the configuration: open " + dir + "/none: no such file or directory"},
		"a folder":        {Args: []string{"--config", dir}, Want: "is a directory"},
		"a wrong config":  {Args: []string{"--config", wrong}, Want: "--config: " + wrong + ": pids.default: Invalid value: 0: must be between 128 and 16384 pids"},
		"a socket":        {Args: []string{"--config", config, "--socket", "nri.sock"}, Want: `--socket "nri.sock": must be an absolute path`},
		"an address":      {Args: []string{"--config", config, "--metrics-bind-address", "8080"}, Want: `--metrics-bind-address "8080": must be host:port`},
		"a port":          {Args: []string{"--config", config, "--metrics-bind-address", ":http"}, Want: `--metrics-bind-address ":http": the port must be between 0 and 65535`},
		"a verbosity":     {Args: []string{"--config", config, "-v", "much"}, Want: `invalid argument "much" for "-v, --v" flag:`},
	})
}

func TestMainFailsOnATakenAddress(t *testing.T) {
	config := filepath.Join(t.TempDir(), "config.yaml")
	writeFile(t, config, head)
	var stdout, stderr bytes.Buffer
	// Nobody can listen at an address of another machine.
	if code := Main([]string{"--config", config, "--metrics-bind-address", "192.0.2.1:8080"}, &stdout, &stderr); code != program.Failure {
		t.Errorf("exit code %d, want %d", code, program.Failure)
	}
	if !strings.Contains(stderr.String(), "evenkeel-node: --metrics-bind-address 192.0.2.1:8080: ") {
		t.Errorf("stderr %q", stderr.String())
	}
}

func TestMainPrints(t *testing.T) {
	programtest.CheckVersionAndHelp(t, "evenkeel-node", Main, "--config string")
}
