// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package defaultprofile

import (
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/tools/events"
	"k8s.io/component-base/featuregate"
	featuregatetesting "k8s.io/component-base/featuregate/testing"
	"k8s.io/kubernetes/pkg/scheduler"
	"k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/apis/config/latest"
	"k8s.io/kubernetes/pkg/scheduler/profile"
)

// resolved returns what each plugin of the linked release's default profile is
// at, as its scheduler resolves it.
func resolved(t *testing.T) map[string][]Point {
	t.Helper()
	cfg, err := latest.Default()
	if err != nil {
		t.Fatal(err)
	}
	client := fake.NewClientset()
	broadcaster := events.NewBroadcaster(&events.EventSinkImpl{Interface: client.EventsV1()})
	t.Cleanup(broadcaster.Shutdown)
	sched, err := scheduler.New(t.Context(), client, informers.NewSharedInformerFactory(client, 0), nil,
		profile.NewRecorderFactory(broadcaster), scheduler.WithProfiles(cfg.Profiles...))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]Point{}
	sets := reflect.ValueOf(*sched.Profiles["default-scheduler"].ListPlugins())
	for i := range sets.NumField() {
		for _, p := range sets.Field(i).Interface().(config.PluginSet).Enabled {
			out[p.Name] = append(out[p.Name], Point(sets.Type().Field(i).Name))
		}
	}
	for _, points := range out {
		slices.Sort(points)
	}
	return out
}

// said returns the same of the data, without or with the plugins behind gates.
func said(gated bool) map[string][]Point {
	out := map[string][]Point{}
	for _, p := range Plugins() {
		if p.Gate == "" || gated {
			out[p.Name] = slices.Sorted(slices.Values(p.Points))
		}
	}
	return out
}

func TestDataIsTheRelease(t *testing.T) {
	if diff := cmp.Diff(resolved(t), said(false)); diff != "" {
		t.Errorf("(-release +data):\n%s", diff)
	}
}

func TestDataIsTheReleaseWithAllGates(t *testing.T) {
	gates := featuregatetesting.FeatureOverrides{}
	for _, p := range Plugins() {
		if p.Gate != "" {
			gates[featuregate.Feature(p.Gate)] = true
		}
	}
	featuregatetesting.SetFeatureGatesDuringTest(t, utilfeature.DefaultFeatureGate, gates)
	if diff := cmp.Diff(resolved(t), said(true)); diff != "" {
		t.Errorf("(-release +data):\n%s", diff)
	}
}

// TestEveryProtectingPointSaysWhatIsIgnored also holds the sentences to one form:
// they follow a colon and end a clause.
func TestEveryProtectingPointSaysWhatIsIgnored(t *testing.T) {
	protecting := 0
	for _, p := range Plugins() {
		if p.Feature == "" || p.Uses == nil {
			t.Errorf("%s says nothing of what it looks after", p.Name)
		}
		for _, at := range p.Points {
			text := p.Ignored(at)
			if (text != "") != at.Protects() {
				t.Errorf("%s at %s: %q is said, and that the point protects: %t", p.Name, at, text, at.Protects())
			}
			if at.Protects() {
				protecting++
			}
		}
		for at := range p.ignored {
			if at != "" && !slices.Contains(p.Points, at) {
				t.Errorf("%s says what is ignored at %s, where it is not", p.Name, at)
			}
		}
	}
	if protecting < 40 {
		t.Errorf("%d points protect: the test checks too little", protecting)
	}
}

func TestPointsThatProtect(t *testing.T) {
	for at, want := range map[Point]bool{
		PreEnqueue: true, QueueSort: true, PreFilter: true, Filter: true, PostFilter: true, Reserve: true, Permit: true,
		PreBind: true, Bind: true, PlacementGenerate: true, PodGroupPostFilter: true,
		PreScore: false, Score: false, PlacementScore: false,
	} {
		if got := at.Protects(); got != want {
			t.Errorf("%s protects: %t, want %t", at, got, want)
		}
	}
}

func TestFindKnowsDefaultPluginsOnly(t *testing.T) {
	if p, ok := Find("VolumeBinding"); !ok || p.Ignored(PreBind) != "PersistentVolumeClaims would not be bound" {
		t.Errorf("VolumeBinding: %t, %q", ok, p.Ignored(PreBind))
	}
	if _, ok := Find("ReplicaSpread"); ok {
		t.Error("ReplicaSpread is one of the default profile")
	}
}
