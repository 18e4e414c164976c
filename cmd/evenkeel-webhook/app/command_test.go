// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/evenkeel/evenkeel/internal/program/programtest"
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

	programtest.CheckRefusals(t, "evenkeel-webhook", Main, map[string]programtest.Refusal{
		"an argument":       {Args: []string{"serve"}, Want: `"serve" is not understood; evenkeel-webhook takes flags only, see --help`},
		"an unknown flag":   {Args: []string{"--cofnig", config}, Want: "unknown flag: --cofnig; see --help"},
		"no value":          {Args: []string{"--config"}, Want: "flag needs an argument: --config; see --help"},
		"no config":         {Args: []string{"--own-namespace", "e"}, Want: "--config is missing: name the file with the AdmissionConfiguration"},
		"no own namespace":  {Args: []string{"--config", config}, Want: "--own-namespace is missing, and POD_NAMESPACE is not set: say in which namespace the webhook runs"},
		"a bad namespace":   {Args: []string{"--config", config, "--own-namespace", "No Such"}, Want: `--own-namespace "No Such" is no name of a namespace:`},
		"no such config":    {Args: []string{"--config", dir + "/none", "--own-namespace", "e", "--kubeconfig", kube}, Want: "--config: reading the configuration: open " + dir + "/none: no such file or directory"},
		"a folder":          {Args: []string{"--config", dir, "--own-namespace", "e", "--kubeconfig", kube}, Want: "--config: reading the configuration: read " + dir + ": is a directory"},
		"a wrong config":    {Args: []string{"--config", wrong, "--own-namespace", "e", "--kubeconfig", kube}, Want: "--config: " + wrong + ": features.pidlimit.tiers[medium]: Invalid value: 5: must be between 128 and 16384 pids"},
		"not in a cluster":  {Args: []string{"--config", config, "--own-namespace", "e"}, Want: "--kubeconfig is missing, and this is not a pod in a cluster:"},
		"no kubeconfig":     {Args: []string{"--config", config, "--own-namespace", "e", "--kubeconfig", dir + "/none"}, Want: "--kubeconfig " + dir + "/none: stat " + dir + "/none: no such file or directory"},
		"a bad kubeconfig":  {Args: []string{"--config", config, "--own-namespace", "e", "--kubeconfig", noKube}, Want: "--kubeconfig " + noKube + ": "},
		"an address":        {Args: []string{"--config", config, "--own-namespace", "e", "--bind-address", "9443"}, Want: `--bind-address "9443": must be host:port, such as :9443 or 127.0.0.1:9443`},
		"a port":            {Args: []string{"--config", config, "--own-namespace", "e", "--bind-address", ":99999"}, Want: `--bind-address ":99999": the port must be between 1 and 65535`},
		"a health address":  {Args: []string{"--config", config, "--own-namespace", "e", "--health-probe-bind-address", "x"}, Want: `--health-probe-bind-address "x": must be host:port`},
		"a metrics address": {Args: []string{"--config", config, "--own-namespace", "e", "--metrics-bind-address", ":http"}, Want: `--metrics-bind-address ":http": the port must be between 1 and 65535`},
		"a cert, no key":    {Args: []string{"--config", config, "--own-namespace", "e", "--tls-cert-file", text}, Want: "--tls-cert-file and --tls-private-key-file belong together:"},
		"a key, no cert":    {Args: []string{"--config", config, "--own-namespace", "e", "--tls-private-key-file", text}, Want: "--tls-cert-file and --tls-private-key-file belong together:"},
		"no cert in file": {
			Args: []string{"--config", config, "--own-namespace", "e", "--kubeconfig", kube, "--tls-cert-file", text, "--tls-private-key-file", text},
			Want: "--tls-cert-file " + text + ", --tls-private-key-file " + text + ": tls: failed to find any PEM data in certificate input",
		},
		"no such cert": {
			Args: []string{"--config", config, "--own-namespace", "e", "--kubeconfig", kube, "--tls-cert-file", dir + "/none", "--tls-private-key-file", text},
			Want: "open " + dir + "/none: no such file or directory",
		},
		"a configuration's name": {Args: []string{"--config", config, "--own-namespace", "e", "--webhook-configuration", "A_B"}, Want: `--webhook-configuration "A_B" is no name of an object:`},
		"a Secret's name":        {Args: []string{"--config", config, "--own-namespace", "e", "--ca-secret", ""}, Want: `--ca-secret "" is no name of an object:`},
		"a negative delay":       {Args: []string{"--config", config, "--own-namespace", "e", "--shutdown-delay", "-1s"}, Want: "--shutdown-delay -1s is negative"},
		"no delay":               {Args: []string{"--config", config, "--own-namespace", "e", "--shutdown-delay", "soon"}, Want: `invalid argument "soon" for "--shutdown-delay" flag:`},
		"a verbosity":            {Args: []string{"--config", config, "-v", "much"}, Want: `invalid argument "much" for "-v, --v" flag:`},
	})
}

func TestMainPrints(t *testing.T) {
	programtest.CheckVersionAndHelp(t, "evenkeel-webhook", Main, "--config string")
}
