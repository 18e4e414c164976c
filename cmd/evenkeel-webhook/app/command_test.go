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

const kubeconfig = `apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: u, user: {}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
current-context: x
`

// Every flag and every file, wrong in turn: one sentence, exit code 2.
func TestMainRefusesBadInput(t *testing.T) {
	t.Setenv("POD_NAMESPACE", "")
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	config := write("config.yaml", "apiVersion: config.evenkeel.io/v1alpha1\nkind: AdmissionConfiguration\n")
	wrong := write("wrong.yaml", "apiVersion: config.evenkeel.io/v1alpha1\nkind: AdmissionConfiguration\nfeatures: {pidlimit: {tiers: {medium: 5}}}\n")
	kube := write("kubeconfig", kubeconfig)
	noKube := write("not-a-kubeconfig", "{{{")
	text := write("text.pem", "hello")

	tests := map[string]struct {
		args []string
		want string
	}{
		"an argument":       {args: []string{"serve"}, want: `"serve" is not understood; evenkeel-webhook takes flags only, see --help`},
		"an unknown flag":   {args: []string{"--cofnig", config}, want: "unknown flag: --cofnig; see --help"},
		"no value":          {args: []string{"--config"}, want: "flag needs an argument: --config; see --help"},
		"no config":         {args: []string{"--own-namespace", "e"}, want: "--config is missing: name the file with the AdmissionConfiguration"},
		"no own namespace":  {args: []string{"--config", config}, want: "--own-namespace is missing, and POD_NAMESPACE is not set: say in which namespace the webhook runs"},
		"a bad namespace":   {args: []string{"--config", config, "--own-namespace", "No Such"}, want: `--own-namespace "No Such" is no name of a namespace:`},
		"no such config":    {args: []string{"--config", dir + "/none", "--own-namespace", "e", "--kubeconfig", kube}, want: "--config: reading the configuration: open " + dir + "/none: no such file or directory"},
		"a folder":          {args: []string{"--config", dir, "--own-namespace", "e", "--kubeconfig", kube}, want: "--config: reading the configuration: read " + dir + ": is a directory"},
		"a wrong config":    {args: []string{"--config", wrong, "--own-namespace", "e", "--kubeconfig", kube}, want: "--config: " + wrong + ": features.pidlimit.tiers[medium]: Invalid value: 5: must be between 128 and 16384 pids"},
		"not in a cluster":  {args: []string{"--config", config, "--own-namespace", "e"}, want: "--kubeconfig is missing, and this is not a pod in a cluster:"},
		"no kubeconfig":     {args: []string{"--config", config, "--own-namespace", "e", "--kubeconfig", dir + "/none"}, want: "--kubeconfig " + dir + "/none: stat " + dir + "/none: no such file or directory"},
		"a bad kubeconfig":  {args: []string{"--config", config, "--own-namespace", "e", "--kubeconfig", noKube}, want: "--kubeconfig " + noKube + ": "},
		"an address":        {args: []string{"--config", config, "--own-namespace", "e", "--bind-address", "9443"}, want: `--bind-address "9443": must be host:port, such as :9443 or 127.0.0.1:9443`},
		"a port":            {args: []string{"--config", config, "--own-namespace", "e", "--bind-address", ":99999"}, want: `--bind-address ":99999": the port must be between 1 and 65535`},
		"a health address":  {args: []string{"--config", config, "--own-namespace", "e", "--health-probe-bind-address", "x"}, want: `--health-probe-bind-address "x": must be host:port`},
		"a metrics address": {args: []string{"--config", config, "--own-namespace", "e", "--metrics-bind-address", ":http"}, want: `--metrics-bind-address ":http": the port must be between 1 and 65535`},
		"a cert, no key":    {args: []string{"--config", config, "--own-namespace", "e", "--tls-cert-file", text}, want: "--tls-cert-file and --tls-private-key-file belong together:"},
		"a key, no cert":    {args: []string{"--config", config, "--own-namespace", "e", "--tls-private-key-file", text}, want: "--tls-cert-file and --tls-private-key-file belong together:"},
		"no cert in file": {
			args: []string{"--config", config, "--own-namespace", "e", "--kubeconfig", kube, "--tls-cert-file", text, "--tls-private-key-file", text},
			want: "--tls-cert-file " + text + ", --tls-private-key-file " + text + ": tls: failed to find any PEM data in certificate input",
		},
		"no such cert": {
			args: []string{"--config", config, "--own-namespace", "e", "--kubeconfig", kube, "--tls-cert-file", dir + "/none", "--tls-private-key-file", text},
			want: "open " + dir + "/none: no such file or directory",
		},
		"a configuration's name": {args: []string{"--config", config, "--own-namespace", "e", "--webhook-configuration", "A_B"}, want: `--webhook-configuration "A_B" is no name of an object:`},
		"a Secret's name":        {args: []string{"--config", config, "--own-namespace", "e", "--ca-secret", ""}, want: `--ca-secret "" is no name of an object:`},
		"a negative delay":       {args: []string{"--config", config, "--own-namespace", "e", "--shutdown-delay", "-1s"}, want: "--shutdown-delay -1s is negative"},
		"no delay":               {args: []string{"--config", config, "--own-namespace", "e", "--shutdown-delay", "soon"}, want: `invalid argument "soon" for "--shutdown-delay" flag:`},
		"a verbosity":            {args: []string{"--config", config, "-v", "much"}, want: `invalid argument "much" for "-v, --v" flag:`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if code := Main(tc.args, &stdout, &stderr); code != program.BadInput {
				t.Errorf("exit code %d, want %d", code, program.BadInput)
			}
			got := stderr.String()
			if !strings.HasPrefix(got, "evenkeel-webhook: ") || !strings.Contains(got, tc.want) {
				t.Errorf("stderr %q, want evenkeel-webhook: and %q", got, tc.want)
			}
			if strings.Count(got, "\n") != 1 || stdout.Len() > 0 {
				t.Errorf("stderr %q and stdout %q, want one line and nothing", got, stdout.String())
			}
		})
	}
}

func TestMainPrints(t *testing.T) {
	for flag, want := range map[string]string{"--version": "evenkeel-webhook v", "--help": "--config string"} {
		var stdout, stderr bytes.Buffer
		if code := Main([]string{flag}, &stdout, &stderr); code != 0 || !strings.Contains(stdout.String(), want) {
			t.Errorf("%s: exit code %d, stdout %q, stderr %q; want 0 and %q", flag, code, stdout.String(), stderr.String(), want)
		}
	}
}
