// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"os"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/internal/golden"
)

const head = "apiVersion: config.evenkeel.io/v1alpha1\nkind: AdmissionConfiguration\n"

func TestAdmissionConfigurationDefaults(t *testing.T) {
	checkDefaults(t, v1alpha1.LoadAdmissionConfiguration, head, "testdata/defaults.yaml")
}

// checkDefaults loads the smallest file of a kind. The defaults are an interface: a
// change of one changes clusters, or nodes, whose file leaves it out.
func checkDefaults[C interface{ Hash() string }](t *testing.T, load func(string, []byte) (C, error), smallest, defaults string) {
	t.Helper()
	cfg, err := load("config.yaml", []byte(smallest))
	if err != nil {
		t.Fatalf("the smallest file: %v", err)
	}
	got, err := yaml.Marshal(cfg)
	if err != nil {
		t.Fatalf("writing the configuration: %v", err)
	}
	golden.Check(t, defaults, got)

	again, err := load("config.yaml", got)
	if err != nil {
		t.Fatalf("the defaults, written out: %v", err)
	}
	if cfg.Hash() != again.Hash() {
		t.Errorf("a file with the defaults written out has hash %s, one without them %s", again.Hash(), cfg.Hash())
	}
}

func TestShippedConfigurationsLoad(t *testing.T) {
	checkShipped(t, v1alpha1.LoadAdmissionConfiguration, "../../manifests/base/webhook/config.yaml")
	checkShipped(t, v1alpha1.LoadNodeConfiguration, "../../manifests/base/node/config.yaml")
}

func checkShipped[C any](t *testing.T, load func(string, []byte) (C, error), path string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := load(path, content); err != nil {
		t.Error(err)
	}
}

func TestLoadRefusesWrongFiles(t *testing.T) {
	tests := map[string]struct {
		content string
		want    string
	}{
		"nothing": {
			content: "",
			want:    "config.yaml: the file is empty; it needs apiVersion: config.evenkeel.io/v1alpha1 and kind: AdmissionConfiguration",
		},
		"only a comment": {
			content: "# later\n",
			want:    "config.yaml: the file is empty; it needs apiVersion: config.evenkeel.io/v1alpha1 and kind: AdmissionConfiguration",
		},
		"not YAML":                   {content: "a: [", want: "config.yaml: not valid YAML:"},
		"a list":                     {content: "- a\n", want: "config.yaml: is a list and not an object; it needs apiVersion: config.evenkeel.io/v1alpha1 and kind: AdmissionConfiguration"},
		"a word":                     {content: "a\n", want: "config.yaml: is a single value and not an object; it needs apiVersion:"},
		"a version that is a number": {content: "apiVersion: 1\nkind: x\n", want: "config.yaml: apiVersion must be text; it needs apiVersion:"},
		"no kind":                    {content: "features: {}\n", want: `config.yaml: is apiVersion "", kind ""; want apiVersion: config.evenkeel.io/v1alpha1 and kind: AdmissionConfiguration`},
		"two documents":              {content: head + "---\n" + head, want: "config.yaml: holds 2 YAML documents; it must be one"},
		"another kind": {
			content: "apiVersion: v1\nkind: ConfigMap\ndata: {}\n",
			want:    `config.yaml: is apiVersion "v1", kind "ConfigMap"; want`,
		},
		"an unknown field":        {content: head + "featurs: {}\n", want: `config.yaml: unknown field "featurs"`},
		"an unknown field, deep":  {content: head + "features: {pidlimit: {tier: {}}}\n", want: `config.yaml: unknown field "features.pidlimit.tier"`},
		"a doubled field":         {content: head + "features: {}\nfeatures: {}\n", want: `config.yaml: not valid YAML:`},
		"a field in another case": {content: head + "Features: {}\n", want: `config.yaml: unknown field "Features"`},
		"a wrong type":            {content: head + "features: {pidlimit: {tiers: {small: many}}}\n", want: "config.yaml: features.pidlimit.tiers: text does not fit here"},
		"an impossible namespace": {content: head + "excludedNamespaces: [Vault]\n", want: `config.yaml: excludedNamespaces[0]: Invalid value: "Vault"`},
		"an unknown mode":         {content: head + "features: {jvm: {mode: Enforced}}\n", want: `config.yaml: features.jvm.mode: Unsupported value: "Enforced": supported values:`},
		"two faults, both told":   {content: head + "features: {jvm: {mode: Enforced}, satoken: {onError: Panic}}\n", want: "features.satoken.onError: Unsupported value"},
		"a boolean where text is": {
			content: head + "features: {pidlimit: {defaultTier: off}}\n",
			want:    "config.yaml: features.pidlimit.defaultTier: a boolean does not fit here; YAML takes a bare on, off, yes or no for one, so put text in quotes",
		},
		"a list where a mapping is":      {content: head + "features: []\n", want: "config.yaml: features: a list does not fit here"},
		"a mode that YAML reads as true": {content: head + "features: {jvm: {mode: On}}\n", want: `config.yaml: features.jvm.mode: Unsupported value: "true"`},
		"a number for a mode":            {content: head + "features: {jvm: {mode: 1}}\n", want: `config.yaml: features.jvm.mode: Unsupported value: "1"`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := v1alpha1.LoadAdmissionConfiguration("config.yaml", []byte(tc.content))
			if err == nil {
				t.Fatal("no error")
			}
			if !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %q, want it to contain %q", err, tc.want)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("the error has more than one line: %q", err)
			}
		})
	}
}

// YAML reads a bare Off as false.
func TestLoadTakesBareOff(t *testing.T) {
	for _, text := range []string{"Off", "'Off'", "off", "OFF", "false"} {
		cfg, err := v1alpha1.LoadAdmissionConfiguration("config.yaml",
			[]byte("---\n"+head+"features: {satoken: {mode: "+text+", namespaces: [{selector: {}, mode: "+text+"}]}}\n---\n# the end\n"))
		if err != nil {
			t.Errorf("mode: %s: %v", text, err)
			continue
		}
		if f := cfg.Features.SAToken; f.Mode != v1alpha1.ModeOff || f.Namespaces[0].Mode != v1alpha1.ModeOff {
			t.Errorf("mode: %s is %q and %q, want Off", text, f.Mode, f.Namespaces[0].Mode)
		}
	}
}
