// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package jvm_test

import (
	"testing"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/internal/mutatortest"
	"github.com/evenkeel/evenkeel/webhooks/jvm"
)

// exampleConfig is the configuration by default.
var exampleConfig = func() *v1alpha1.JVMFeature {
	cfg := &v1alpha1.AdmissionConfiguration{}
	cfg.SetDefaults()
	return &cfg.Features.JVM
}()

// feature returns the jvm section of a configuration in YAML, with its defaults.
func feature(tb testing.TB, section string) *v1alpha1.JVMFeature {
	tb.Helper()
	cfg, err := v1alpha1.LoadAdmissionConfiguration("test.yaml", []byte(
		"apiVersion: config.evenkeel.io/v1alpha1\nkind: AdmissionConfiguration\nfeatures: {jvm: "+section+"}\n"))
	if err != nil {
		tb.Fatalf("loading the configuration: %v", err)
	}
	return &cfg.Features.JVM
}

func TestMutatorGoldens(t *testing.T) {
	mutatortest.RunGoldens(t, nil, jvm.New(feature(t, "{}")))
}
