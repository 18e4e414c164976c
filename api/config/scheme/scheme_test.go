// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package scheme

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/tools/events"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler"
	schedulerconfig "k8s.io/kubernetes/pkg/scheduler/apis/config"
	schedulerscheme "k8s.io/kubernetes/pkg/scheduler/apis/config/scheme"
	frameworkruntime "k8s.io/kubernetes/pkg/scheduler/framework/runtime"
	"k8s.io/kubernetes/pkg/scheduler/profile"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel/evenkeel/api/config"
	configv1 "github.com/evenkeel/evenkeel/api/config/v1"
)

// install does once what a main does first.
var install = sync.OnceValue(Install)

// load reads a configuration the way kube-scheduler does.
func load(args string) (*schedulerconfig.KubeSchedulerConfiguration, error) {
	if err := install(); err != nil {
		return nil, err
	}
	text := `
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
- schedulerName: test
  plugins: {multiPoint: {enabled: [{name: ReplicaSpread, weight: 10}]}}
`
	if args != "" {
		text += "  pluginConfig:\n  - name: ReplicaSpread\n    args: " + args + "\n"
	}
	obj, _, err := schedulerscheme.Codecs.UniversalDecoder().Decode([]byte(text), nil, nil)
	if err != nil {
		return nil, err
	}
	return obj.(*schedulerconfig.KubeSchedulerConfiguration), nil
}

func defaultLevels() []config.SpreadLevel {
	return []config.SpreadLevel{
		{Name: "host", Labels: []string{"topology.evenkeel.io/host", "kubernetes.io/hostname"}, Weight: 60},
		{Name: "rack", Labels: []string{"topology.evenkeel.io/rack"}, Nested: true, Weight: 25},
		{Name: "zone", Labels: []string{"topology.kubernetes.io/zone"}, Weight: 15},
	}
}

// TestArgsReachNewDefaultedAndConverted loads a configuration and makes a
// scheduler from it: what the factory of the plugin gets is the internal type
// with defaults.
func TestArgsReachNewDefaultedAndConverted(t *testing.T) {
	for name, tc := range map[string]struct {
		args string
		want *config.ReplicaSpreadArgs
	}{
		"no args": {
			want: &config.ReplicaSpreadArgs{Levels: defaultLevels(), FamilyWeightPercent: 25, Candidates: 4},
		},
		"empty args": {
			args: "{}",
			want: &config.ReplicaSpreadArgs{Levels: defaultLevels(), FamilyWeightPercent: 25, Candidates: 4},
		},
		"some fields": {
			args: "{levels: [{name: host, weight: 1}, {name: zone, labels: [room]}], familyWeightPercent: 0}",
			want: &config.ReplicaSpreadArgs{Levels: []config.SpreadLevel{
				{Name: "host", Labels: []string{"topology.evenkeel.io/host", "kubernetes.io/hostname"}, Weight: 1},
				{Name: "zone", Labels: []string{"room"}, Weight: 15},
			}, Candidates: 4},
		},
		"all other fields": {
			args: "{levels: [{name: host, nested: true}, {name: rack}], workloadKeys: [unit], familyKeys: [service, app], includeKinds: [Job], recountEvery: 100, candidates: 0}",
			want: &config.ReplicaSpreadArgs{
				Levels: []config.SpreadLevel{
					{Name: "host", Labels: []string{"topology.evenkeel.io/host", "kubernetes.io/hostname"}, Nested: true, Weight: 60},
					{Name: "rack", Labels: []string{"topology.evenkeel.io/rack"}, Weight: 25},
				},
				FamilyWeightPercent: 25,
				WorkloadKeys:        []string{"unit"},
				FamilyKeys:          []string{"service", "app"},
				IncludeKinds:        []config.OwnerKind{"Job"},
				RecountEvery:        100,
			},
		},
		"an empty list is not an absent one": {
			args: "{levels: []}",
			want: &config.ReplicaSpreadArgs{FamilyWeightPercent: 25, Candidates: 4},
		},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, err := load(tc.args)
			if err != nil {
				t.Fatal(err)
			}
			var got runtime.Object
			factory := func(_ context.Context, obj runtime.Object, _ fwk.Handle) (fwk.Plugin, error) {
				got = obj
				return namedPlugin{}, nil
			}
			client := fake.NewClientset()
			broadcaster := events.NewBroadcaster(&events.EventSinkImpl{Interface: client.EventsV1()})
			t.Cleanup(broadcaster.Shutdown)
			_, err = scheduler.New(t.Context(), client, informers.NewSharedInformerFactory(client, 0), nil,
				profile.NewRecorderFactory(broadcaster),
				scheduler.WithProfiles(cfg.Profiles...),
				scheduler.WithFrameworkOutOfTreeRegistry(frameworkruntime.Registry{"ReplicaSpread": factory}))
			if err != nil {
				t.Fatal(err)
			}
			args, ok := got.(*config.ReplicaSpreadArgs)
			if !ok {
				t.Fatalf("New got a %T", got)
			}
			args = args.DeepCopy()
			args.TypeMeta = metav1.TypeMeta{}
			if diff := cmp.Diff(tc.want, args); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

type namedPlugin struct{}

func (namedPlugin) Name() string { return "ReplicaSpread" }

func TestArgsAreDecodedStrictly(t *testing.T) {
	for name, tc := range map[string]struct{ args, want string }{
		"an unknown field":     {"{levles: []}", `unknown field "levles"`},
		"one further down":     {"{levels: [{name: host, wieght: 1}]}", `unknown field "levels[0].wieght"`},
		"a field twice":        {"{familyWeightPercent: 1, familyWeightPercent: 2}", `key "familyWeightPercent" already set in map`},
		"another type":         {"{levels: [{name: host, weight: heavy}]}", "levels.weight of type int32"},
		"args of another kind": {"{apiVersion: kubescheduler.config.k8s.io/v1, kind: NodeAffinityArgs}", "were not of type ReplicaSpreadArgs"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(tc.args)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got error %v, want one with %s", err, tc.want)
			}
		})
	}
}

// TestArgsAreWrittenAsTheyAreRead covers --write-config-to and /configz.
func TestArgsAreWrittenAsTheyAreRead(t *testing.T) {
	cfg, err := load("{levels: [{name: rack}], familyWeightPercent: 0, workloadKeys: [unit], familyKeys: [service], includeKinds: [Job], recountEvery: 7, candidates: 9}")
	if err != nil {
		t.Fatal(err)
	}
	info, _ := runtime.SerializerInfoForMediaType(schedulerscheme.Codecs.SupportedMediaTypes(), runtime.ContentTypeYAML)
	text, err := runtime.Encode(schedulerscheme.Codecs.EncoderForVersion(info.Serializer, configv1.SchemeGroupVersion), cfg)
	if err != nil {
		t.Fatal(err)
	}
	var written struct {
		Profiles []struct {
			PluginConfig []struct {
				Name string
				Args configv1.ReplicaSpreadArgs
			}
		}
	}
	if err := yaml.Unmarshal(text, &written); err != nil {
		t.Fatal(err)
	}
	weight, percent, nested, recount := int32(25), int32(0), false, int32(7)
	candidates := int32(9)
	want := configv1.ReplicaSpreadArgs{
		TypeMeta:            metav1.TypeMeta{APIVersion: "kubescheduler.config.k8s.io/v1", Kind: "ReplicaSpreadArgs"},
		Levels:              []configv1.SpreadLevel{{Name: "rack", Labels: []string{"topology.evenkeel.io/rack"}, Nested: &nested, Weight: &weight}},
		FamilyWeightPercent: &percent,
		WorkloadKeys:        []string{"unit"},
		FamilyKeys:          []string{"service"},
		IncludeKinds:        []string{"Job"},
		RecountEvery:        &recount,
		Candidates:          &candidates,
	}
	for _, plugin := range written.Profiles[0].PluginConfig {
		if plugin.Name != "ReplicaSpread" {
			continue
		}
		if diff := cmp.Diff(want, plugin.Args); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		return
	}
	t.Errorf("no arguments of ReplicaSpread in:\n%s", text)
}
