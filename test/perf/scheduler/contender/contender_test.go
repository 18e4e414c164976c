// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package contender

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/component-base/featuregate"
	"k8s.io/kubernetes/pkg/scheduler/apis/config"

	argsconfig "github.com/evenkeel/evenkeel/api/config"
)

func load(t *testing.T, name string) *Contender {
	t.Helper()
	c, err := Load(name, "")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestTunedDiffersFromDefaultInSettingsOnly: the comparison is fair only if the
// tuned profile places pods as the default one does, with our settings.
func TestTunedDiffersFromDefaultInSettingsOnly(t *testing.T) {
	stock, tuned, ours := load(t, Default), load(t, Tuned), load(t, Evenkeel)
	if diff := cmp.Diff(stock.Config.Profiles, tuned.Config.Profiles); diff != "" {
		t.Errorf("the profiles differ (-default +tuned):\n%s", diff)
	}
	if diff := cmp.Diff(ours.Config.PercentageOfNodesToScore, tuned.Config.PercentageOfNodesToScore); diff != "" {
		t.Errorf("percentageOfNodesToScore (-evenkeel +tuned):\n%s", diff)
	}
	if ours.Config.ClientConnection.QPS != tuned.Config.ClientConnection.QPS {
		t.Errorf("QPS is %v, ours %v", tuned.Config.ClientConnection.QPS, ours.Config.ClientConnection.QPS)
	}
	if tuned.GOGC != ours.GOGC || stock.GOGC != 100 {
		t.Errorf("GOGC is %d, ours %d and the default's %d", tuned.GOGC, ours.GOGC, stock.GOGC)
	}
	if len(stock.FeatureGates) > 0 || *stock.Config.PercentageOfNodesToScore != 0 || len(tuned.Registry) > 0 {
		t.Errorf("the default is not as it is shipped: gates %v, %d %% of the nodes", stock.FeatureGates, *stock.Config.PercentageOfNodesToScore)
	}
}

// TestDefaultSpreads: the default constraints of PodTopologySpread, or of the plugin
// that guards it, are on where they should be.
func TestDefaultSpreads(t *testing.T) {
	for name, want := range map[string]string{Default: "System", Tuned: "System", Evenkeel: "List"} {
		var got []string
		for _, plugin := range load(t, name).Config.Profiles[0].PluginConfig {
			switch args := plugin.Args.(type) {
			case *config.PodTopologySpreadArgs:
				got = append(got, string(args.DefaultingType))
			case *argsconfig.GuardedPodTopologySpreadArgs:
				got = append(got, string(args.DefaultingType))
			}
		}
		if diff := cmp.Diff([]string{want}, got); diff != "" {
			t.Errorf("%s: default constraints (-want +got):\n%s", name, diff)
		}
	}
}

// TestEvenkeelIsWhatIsShipped reads the manifests, with values that show that
// they were read.
func TestEvenkeelIsWhatIsShipped(t *testing.T) {
	c := load(t, Evenkeel)
	if c.GOGC <= 100 {
		t.Errorf("GOGC is %d: the Deployment's was not found", c.GOGC)
	}
	if got := c.Config.Profiles[0].SchedulerName; got != "evenkeel-scheduler" {
		t.Errorf("the profile is %s", got)
	}
	if !slices.Contains(slices.Collect(maps.Keys(c.Registry)), "ReplicaSpread") {
		t.Errorf("the registry lacks ReplicaSpread: %v", slices.Collect(maps.Keys(c.Registry)))
	}
}

func TestEnterSetsGatesAndSetsThemBack(t *testing.T) {
	const gate = featuregate.Feature("InterPodAffinityHostnameFastPath")
	enabled := func() bool { return utilfeature.DefaultFeatureGate.Enabled(gate) }
	leave, err := load(t, Tuned).Enter()
	if err != nil {
		t.Fatal(err)
	}
	if !enabled() {
		t.Error("the gate is off inside")
	}
	leave()
	if enabled() {
		t.Error("the gate is on afterwards")
	}
	unknown := &Contender{Name: "mine", FeatureGates: map[string]bool{"NoSuchGate": true}}
	if _, err := unknown.Enter(); err == nil || err.Error() != "profile mine: this Kubernetes release has no feature gate NoSuchGate" {
		t.Errorf("got error %v", err)
	}
}
