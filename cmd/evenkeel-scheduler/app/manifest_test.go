// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/cmd/kube-scheduler/app/options"
	"k8s.io/kubernetes/pkg/scheduler"
	"k8s.io/kubernetes/pkg/scheduler/apis/config"
	"sigs.k8s.io/yaml"

	configscheme "github.com/evenkeel/evenkeel/api/config/scheme"
	ownflags "github.com/evenkeel/evenkeel/cmd/evenkeel-scheduler/app/flags"
)

// install does once what main does first.
var install = sync.OnceValue(configscheme.Install)

const shippedConfig = "../../../manifests/base/scheduler/config.yaml"

// setUp does what the binary does with --config up to, and without, the first
// request to an API server, and returns the scheduler. The configuration gets a
// kubeconfig, because there is no cluster to be in.
func setUp(t *testing.T, text []byte) *scheduler.Scheduler {
	t.Helper()
	if err := install(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	kubeconfig := write("kubeconfig", []byte(`{apiVersion: v1, kind: Config, current-context: c,
  clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}], contexts: [{name: c, context: {cluster: c}}]}`))
	var fields map[string]any
	if err := yaml.UnmarshalStrict(text, &fields); err != nil {
		t.Fatal(err)
	}
	connection, _ := fields["clientConnection"].(map[string]any)
	if connection == nil {
		connection = map[string]any{}
		fields["clientConnection"] = connection
	}
	connection["kubeconfig"] = kubeconfig
	text, err := yaml.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	file := write("config.yaml", text)
	if err := checkConfig(klog.Background(), file); err != nil {
		t.Fatal(err)
	}
	opts, flags := options.NewOptions(), pflag.NewFlagSet("", pflag.ContinueOnError)
	for _, f := range opts.Flags.FlagSets {
		flags.AddFlagSet(f)
	}
	if err := flags.Parse([]string{"--config", file, "--secure-port=0"}); err != nil {
		t.Fatal(err)
	}
	_, sched, err := setUpScheduler(t.Context(), opts, ownflags.Options{ScheduledEvents: true})
	if err != nil {
		t.Fatal(err)
	}
	return sched
}

func pluginsOf(t *testing.T, text []byte, profile string) *config.Plugins {
	t.Helper()
	framework := setUp(t, text).Profiles[profile]
	if framework == nil {
		t.Fatalf("no profile %s", profile)
	}
	return framework.ListPlugins()
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestShippedProfileDropsOnlyScores compares the shipped profile with the
// default profile of the Kubernetes release, as both are resolved by the
// scheduler: whatever can reject a pod, or must act before it is bound, is kept.
func TestShippedProfileDropsOnlyScores(t *testing.T) {
	got := pluginsOf(t, read(t, shippedConfig), "evenkeel-scheduler")
	want := pluginsOf(t, []byte("apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n"), "default-scheduler")

	// The only differences there may be.
	drop := func(set *config.PluginSet, names ...string) {
		for _, name := range names {
			n := len(set.Enabled)
			set.Enabled = slices.DeleteFunc(set.Enabled, func(p config.Plugin) bool { return p.Name == name })
			if len(set.Enabled) == n {
				t.Errorf("the default profile has no %s to drop", name)
			}
		}
	}
	// The guards stand where the plugins stood that they hold.
	for _, set := range []*config.PluginSet{&want.PreFilter, &want.Filter, &want.PreScore, &want.Score} {
		for _, name := range []string{"PodTopologySpread", "InterPodAffinity"} {
			i := slices.IndexFunc(set.Enabled, func(p config.Plugin) bool { return p.Name == name })
			if i < 0 {
				t.Fatalf("the default profile has no %s to guard", name)
			}
			set.Enabled[i].Name = "Guarded" + name
		}
	}
	drop(&want.PreScore, "NodeResourcesBalancedAllocation", "VolumeBinding")
	drop(&want.Score, "NodeResourcesBalancedAllocation", "ImageLocality", "DynamicResources", "VolumeBinding")
	// Caps are a Filter; Reserve only takes a note.
	for _, set := range []*config.PluginSet{&want.PreFilter, &want.Filter, &want.PreScore, &want.Reserve} {
		set.Enabled = append(set.Enabled, config.Plugin{Name: "ReplicaSpread"})
	}
	want.Score.Enabled = append(want.Score.Enabled, config.Plugin{Name: "ReplicaSpread", Weight: 10})

	// Scores are summed, so their order says nothing; that of all others does.
	for _, plugins := range []*config.Plugins{want, got} {
		for _, set := range []*config.PluginSet{&plugins.PreScore, &plugins.Score} {
			slices.SortFunc(set.Enabled, func(a, b config.Plugin) int { return strings.Compare(a.Name, b.Name) })
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for point, set := range map[string]config.PluginSet{"PreFilter": got.PreFilter, "Filter": got.Filter, "Reserve": got.Reserve, "PreBind": got.PreBind, "Bind": got.Bind} {
		if len(set.Enabled) == 0 {
			t.Errorf("no plugin at %s: the comparison compares nothing", point)
		}
	}
}

// TestShippedScoreOutweighsTheOthers checks the arithmetic in the comment of
// the manifest: sharing a host costs more than the plugins that score a pod
// without preferences of its own can give.
func TestShippedScoreOutweighsTheOthers(t *testing.T) {
	weights := map[string]int32{}
	for _, p := range pluginsOf(t, read(t, shippedConfig), "evenkeel-scheduler").Score.Enabled {
		weights[p.Name] = p.Weight
	}
	// A replica on the host, of the workload and so of the family: weights 60
	// of 100 at every level, whatever the family's share.
	colocation, others := 60*weights["ReplicaSpread"], 100*(weights["NodeResourcesFit"]+weights["TaintToleration"])
	if colocation <= others {
		t.Errorf("sharing a host costs %d points, but NodeResourcesFit and TaintToleration give up to %d", colocation, others)
	}
}

// TestSchedulerConfigurationsAgree holds every other KubeSchedulerConfiguration
// among the manifests to the shipped one: another may rename the scheduler and
// its Lease and name a kubeconfig, and nothing else.
func TestSchedulerConfigurationsAgree(t *testing.T) {
	if err := install(); err != nil {
		t.Fatal(err)
	}
	normal := func(file string) *config.KubeSchedulerConfiguration {
		cfg, err := options.LoadConfigFromFile(klog.Background(), file)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if len(cfg.Profiles) != 1 {
			t.Fatalf("%s has %d profiles, want one", file, len(cfg.Profiles))
		}
		cfg.Profiles[0].SchedulerName = ""
		cfg.LeaderElection.ResourceName, cfg.LeaderElection.ResourceNamespace = "", ""
		cfg.ClientConnection.Kubeconfig = ""
		return cfg
	}
	want := normal(shippedConfig)
	err := filepath.WalkDir("../../../manifests", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(file) != ".yaml" || file == shippedConfig {
			return err
		}
		if !bytes.Contains(read(t, file), []byte("\nkind: KubeSchedulerConfiguration\n")) {
			return nil
		}
		if diff := cmp.Diff(want, normal(file)); diff != "" {
			t.Errorf("%s differs from the shipped configuration (-shipped +file):\n%s", file, diff)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
