// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package scheme

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	schedulerconfig "k8s.io/kubernetes/pkg/scheduler/apis/config"
	schedulerscheme "k8s.io/kubernetes/pkg/scheduler/apis/config/scheme"
	schedulerconfigv1 "k8s.io/kubernetes/pkg/scheduler/apis/config/v1"

	"github.com/evenkeel/evenkeel/api/config"
	configv1 "github.com/evenkeel/evenkeel/api/config/v1"
)

// loadInterPodAffinity reads a configuration with the arguments of both plugins.
func loadInterPodAffinity(guarded, inTree string) (map[string]runtime.Object, error) {
	if err := install(); err != nil {
		return nil, err
	}
	text := `
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
- schedulerName: test
  plugins: {multiPoint: {enabled: [{name: GuardedInterPodAffinity, weight: 2}]}}
  pluginConfig:
  - name: GuardedInterPodAffinity
    args: ` + guarded + `
  - name: InterPodAffinity
    args: ` + inTree + "\n"
	obj, _, err := schedulerscheme.Codecs.UniversalDecoder().Decode([]byte(text), nil, nil)
	if err != nil {
		return nil, err
	}
	cfg := obj.(*schedulerconfig.KubeSchedulerConfiguration)
	args := map[string]runtime.Object{}
	for _, plugin := range cfg.Profiles[0].PluginConfig {
		args[plugin.Name] = plugin.Args
	}
	return args, nil
}

// TestGuardedInterPodAffinityArgsAreThoseOfTheInTreePlugin gives the same text to
// both plugins.
func TestGuardedInterPodAffinityArgsAreThoseOfTheInTreePlugin(t *testing.T) {
	for name, tc := range map[string]struct {
		args string
		want config.GuardedInterPodAffinityArgs
	}{
		"the defaults":   {"{}", config.GuardedInterPodAffinityArgs{HardPodAffinityWeight: 1}},
		"no weight":      {"{hardPodAffinityWeight: 0}", config.GuardedInterPodAffinityArgs{}},
		"another weight": {"{hardPodAffinityWeight: 70}", config.GuardedInterPodAffinityArgs{HardPodAffinityWeight: 70}},
		"ignoring":       {"{ignorePreferredTermsOfExistingPods: true}", config.GuardedInterPodAffinityArgs{HardPodAffinityWeight: 1, IgnorePreferredTermsOfExistingPods: true}},
	} {
		t.Run(name, func(t *testing.T) {
			args, err := loadInterPodAffinity(tc.args, tc.args)
			if err != nil {
				t.Fatal(err)
			}
			got, ok := args["GuardedInterPodAffinity"].(*config.GuardedInterPodAffinityArgs)
			if !ok {
				t.Fatalf("got a %T", args["GuardedInterPodAffinity"])
			}
			got = got.DeepCopy()
			got.TypeMeta = metav1.TypeMeta{}
			if diff := cmp.Diff(&tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			inTree := args["InterPodAffinity"].(*schedulerconfig.InterPodAffinityArgs)
			if inTree.HardPodAffinityWeight != got.HardPodAffinityWeight || inTree.IgnorePreferredTermsOfExistingPods != got.IgnorePreferredTermsOfExistingPods {
				t.Errorf("the in-tree plugin gets %+v, the guarded one %+v", inTree, got)
			}
		})
	}
}

func TestGuardedInterPodAffinityArgsAreDecodedStrictly(t *testing.T) {
	_, err := loadInterPodAffinity("{hardPodAffinityWight: 1}", "{}")
	if err == nil || !strings.Contains(err.Error(), `unknown field "hardPodAffinityWight"`) {
		t.Errorf("got %v", err)
	}
}

// TestGuardedInterPodAffinityArgsAreWrittenAsTheyAreRead covers
// --write-config-to and /configz.
func TestGuardedInterPodAffinityArgsAreWrittenAsTheyAreRead(t *testing.T) {
	args, err := loadInterPodAffinity("{hardPodAffinityWeight: 0, ignorePreferredTermsOfExistingPods: true}", "{}")
	if err != nil {
		t.Fatal(err)
	}
	var got configv1.GuardedInterPodAffinityArgs
	if err := schedulerconfigv1.GetPluginArgConversionScheme().Convert(args["GuardedInterPodAffinity"], &got, nil); err != nil {
		t.Fatal(err)
	}
	zero := int32(0)
	got.TypeMeta = metav1.TypeMeta{}
	if diff := cmp.Diff(configv1.GuardedInterPodAffinityArgs{HardPodAffinityWeight: &zero, IgnorePreferredTermsOfExistingPods: true}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
