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
	tests := map[string]struct {
		args []string
		want string
	}{
		"an argument":     {args: []string{"run"}, want: `"run" is not understood; evenkeel-node takes flags only, see --help`},
		"an unknown flag": {args: []string{"--cofnig", config}, want: "unknown flag: --cofnig; see --help"},
		"no value":        {args: []string{"--config"}, want: "flag needs an argument: --config; see --help"},
		"no config":       {args: nil, want: "--config is missing: name the file with the NodeConfiguration"},
		"no such config":  {args: []string{"--config", dir + "/none"}, want: "--config: reading the configuration: open " + dir + "/none: no such file or directory"},
		"a folder":        {args: []string{"--config", dir}, want: "is a directory"},
		"a wrong config":  {args: []string{"--config", wrong}, want: "--config: " + wrong + ": pids.default: Invalid value: 0: must be between 128 and 16384 pids"},
		"a socket":        {args: []string{"--config", config, "--socket", "nri.sock"}, want: `--socket "nri.sock": must be an absolute path`},
		"an address":      {args: []string{"--config", config, "--metrics-bind-address", "8080"}, want: `--metrics-bind-address "8080": must be host:port`},
		"a port":          {args: []string{"--config", config, "--metrics-bind-address", ":http"}, want: `--metrics-bind-address ":http": the port must be between 0 and 65535`},
		"a verbosity":     {args: []string{"--config", config, "-v", "much"}, want: `invalid argument "much" for "-v, --v" flag:`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if code := Main(tc.args, &stdout, &stderr); code != program.BadInput {
				t.Errorf("exit code %d, want %d", code, program.BadInput)
			}
			got := stderr.String()
			if !strings.HasPrefix(got, "evenkeel-node: ") || !strings.Contains(got, tc.want) {
				t.Errorf("stderr %q, want evenkeel-node: and %q", got, tc.want)
			}
			if strings.Count(got, "\n") != 1 || stdout.Len() > 0 {
				t.Errorf("stderr %q and stdout %q, want one line and nothing", got, stdout.String())
			}
		})
	}
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
	for flag, want := range map[string]string{"--version": "evenkeel-node v", "--help": "--config string"} {
		var stdout, stderr bytes.Buffer
		if code := Main([]string{flag}, &stdout, &stderr); code != 0 || !strings.Contains(stdout.String(), want) {
			t.Errorf("%s: exit code %d, stdout %q, stderr %q; want 0 and %q", flag, code, stdout.String(), stderr.String(), want)
		}
	}
}
