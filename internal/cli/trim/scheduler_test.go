// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package trim

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
	"k8s.io/kubernetes/cmd/kube-scheduler/app"
	scheduleroptions "k8s.io/kubernetes/cmd/kube-scheduler/app/options"
	schedulerconfig "k8s.io/kubernetes/pkg/scheduler/apis/config"
	"sigs.k8s.io/yaml"

	configscheme "github.com/evenkeel/evenkeel/api/config/scheme"
	"github.com/evenkeel/evenkeel/internal/defaultprofile"
	"github.com/evenkeel/evenkeel/internal/trim"
	"github.com/evenkeel/evenkeel/manifests"
	"github.com/evenkeel/evenkeel/plugins/scheduler"
	"github.com/evenkeel/evenkeel/plugins/scheduler/profileguard"
)

func TestMain(m *testing.M) {
	if err := configscheme.Install(); err != nil {
		panic(err)
	}
	m.Run()
}

// resolve makes a scheduler from a configuration as evenkeel-scheduler does, runs
// its guard over it, and returns the plugins of its profile by extension point.
func resolve(t *testing.T, configuration []byte) map[defaultprofile.Point][]string {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, content []byte) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	// There is no cluster to be in.
	kubeconfig := write("kubeconfig", []byte(`{apiVersion: v1, kind: Config, current-context: c,
  clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}], contexts: [{name: c, context: {cluster: c}}]}`))
	var fields map[string]any
	if err := yaml.UnmarshalStrict(configuration, &fields); err != nil {
		t.Fatal(err)
	}
	fields["clientConnection"].(map[string]any)["kubeconfig"] = kubeconfig
	configuration, err := yaml.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	opts, flags := scheduleroptions.NewOptions(), pflag.NewFlagSet("", pflag.ContinueOnError)
	for _, f := range opts.Flags.FlagSets {
		flags.AddFlagSet(f)
	}
	if err := flags.Parse([]string{"--config", write("config.yaml", configuration), "--secure-port=0"}); err != nil {
		t.Fatal(err)
	}
	completed, sched, err := app.Setup(t.Context(), opts, scheduler.Options()...)
	if err != nil {
		t.Fatal(err)
	}
	if err := profileguard.Check(completed.ComponentConfig.Profiles, sched.Profiles); err != nil {
		t.Errorf("the guard refuses it: %v", err)
	}
	out := map[defaultprofile.Point][]string{}
	sets := reflect.ValueOf(*sched.Profiles["evenkeel-scheduler"].ListPlugins())
	for i := range sets.NumField() {
		for _, p := range sets.Field(i).Interface().(schedulerconfig.PluginSet).Enabled {
			at := defaultprofile.Point(sets.Type().Field(i).Name)
			out[at] = append(out[at], p.Name)
		}
	}
	return out
}

// TestConfigurationsAreLoaded makes a scheduler from what is written for each
// dump. It must have all that protects in the shipped one, and score with exactly
// what the report says.
func TestConfigurationsAreLoaded(t *testing.T) {
	shipped := resolve(t, manifests.SchedulerConfiguration)
	for name, args := range dumps {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			cmd := NewCommand()
			cmd.SetArgs(append([]string{"-o", "yaml"}, args...))
			cmd.SetOut(&out)
			if err := cmd.ExecuteContext(t.Context()); err != nil {
				t.Fatal(err)
			}
			got := resolve(t, out.Bytes())
			verdicts := verdictsOf(t, args)
			for _, plugin := range []string{"TaintToleration", "VolumeBinding", "DynamicResources", "ImageLocality", "NodeResourcesBalancedAllocation"} {
				for _, at := range []defaultprofile.Point{defaultprofile.PreScore, defaultprofile.Score} {
					p, _ := defaultprofile.Find(plugin)
					want := slices.Contains(p.Points, at) && verdicts[plugin] == trim.Keep
					if scores := slices.Contains(got[at], plugin); scores != want {
						t.Errorf("%s is at %s: %t, with the verdict %s", plugin, at, scores, verdicts[plugin])
					}
				}
			}
			for at, want := range shipped {
				if diff := cmp.Diff(want, got[at]); at.Protects() && diff != "" {
					t.Errorf("%s (-shipped +trimmed):\n%s", at, diff)
				}
			}
			if len(shipped[defaultprofile.Filter]) < 10 {
				t.Errorf("the shipped profile filters with %v only: the comparison is worth nothing", shipped[defaultprofile.Filter])
			}
		})
	}
}

// verdictsOf returns what is said of the parts of plugins that score.
func verdictsOf(t *testing.T, args []string) map[string]trim.Verdict {
	t.Helper()
	var report trim.Report
	if err := json.Unmarshal([]byte(mustTrim(t, append([]string{"-o", "json"}, args...)...)), &report); err != nil {
		t.Fatal(err)
	}
	out := map[string]trim.Verdict{}
	for _, f := range report.Plugins {
		if f.Part == "scores" {
			out[f.Plugin] = f.Verdict
		}
	}
	return out
}
