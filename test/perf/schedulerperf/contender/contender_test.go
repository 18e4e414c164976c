// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package contender

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/apis/config/scheme"
	"k8s.io/kubernetes/pkg/scheduler/apis/config/validation"

	schedulers "github.com/evenkeel/evenkeel/test/perf/scheduler/contender"
)

// decode reads a configuration as scheduler_perf does.
func decode(t *testing.T, text []byte) *config.KubeSchedulerConfiguration {
	t.Helper()
	obj, _, err := scheme.Codecs.UniversalDecoder().Decode(text, nil, nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	cfg := obj.(*config.KubeSchedulerConfiguration)
	if err := validation.ValidateKubeSchedulerConfiguration(cfg); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return cfg
}

func TestEveryContenderSchedulesPodsThatNameNone(t *testing.T) {
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) {
			c, err := Load(name, "")
			if err != nil {
				t.Fatal(err)
			}
			cfg := decode(t, c.Config)
			if len(cfg.Profiles) != 1 || cfg.Profiles[0].SchedulerName != "default-scheduler" {
				t.Errorf("the profiles are %+v", cfg.Profiles)
			}
			registry, err := c.NewRegistry()
			if err != nil {
				t.Fatal(err)
			}
			if want := name == Evenkeel || name == Shipped; (len(registry) > 0) != want {
				t.Errorf("%d plugins of its own", len(registry))
			}
		})
	}
	if _, err := Load("fast", ""); err == nil {
		t.Error("a scheduler that is not there was loaded")
	}
}

// TestEvenkeelIsWhatIsShipped: rewriting the configuration for scheduler_perf
// changes nothing but the name.
func TestEvenkeelIsWhatIsShipped(t *testing.T) {
	for _, name := range []string{Default, Tuned, Evenkeel} {
		theirs, err := schedulers.Load(name, "")
		if err != nil {
			t.Fatal(err)
		}
		ours, err := Load(name, "")
		if err != nil {
			t.Fatal(err)
		}
		want, got := theirs.Config, decode(t, ours.Config)
		want.Profiles[0].SchedulerName = got.Profiles[0].SchedulerName
		// Empty lists are not written, and mean the same to every plugin.
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.IgnoreTypes(metav1.TypeMeta{})); diff != "" {
			t.Errorf("%s (-theirs +ours):\n%s", name, diff)
		}
	}
}

func TestNullSchedulerHasThreePlugins(t *testing.T) {
	c, err := Load(Null, "")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, plugin := range decode(t, c.Config).Profiles[0].Plugins.MultiPoint.Enabled {
		names = append(names, plugin.Name)
	}
	slices.Sort(names)
	if diff := cmp.Diff([]string{"DefaultBinder", "NodeResourcesFit", "PrioritySort"}, names); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
