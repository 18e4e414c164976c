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

// goldenSection is the configuration of the goldens: the default one, with what selects
// only the containers that the cases about it name.
const goldenSection = `{
  initContainers: {names: ["migrate-.*"], images: [java-init]},
  profiles: [
    {name: netty, heap: {threads: 64, direct: {min: 256Mi}}},
    {name: batch, match: {podSelector: {matchLabels: {tier: batch}}, containers: [worker]}, heap: {ceilingPercent: 50}, exitOnOutOfMemory: false},
    {name: jdk8, match: {images: [base/jdk8]}, maxRAM: Value},
    {name: jdk8-kubelet, maxRAM: DownwardAPI},
    {name: jdk7, match: {images: [jdk7]}, sizing: Absolute},
    {name: jdk8-early, release: Before8u191},
    {name: own-variable, channel: APP_JVM_FLAGS},
    {name: dumps, heapDump: {mode: Always, volume: dumps, mountPath: /dumps}},
    {name: strict, limitTooSmall: Error},
  ]}`

func TestMutatorGoldens(t *testing.T) {
	mutatortest.RunGoldens(t, nil, jvm.New(feature(t, goldenSection)))
}
