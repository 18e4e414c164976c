// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package scheme

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	kubeconfigv1 "k8s.io/kube-scheduler/config/v1"
	schedulerconfig "k8s.io/kubernetes/pkg/scheduler/apis/config"
	schedulerscheme "k8s.io/kubernetes/pkg/scheduler/apis/config/scheme"
	schedulerconfigv1 "k8s.io/kubernetes/pkg/scheduler/apis/config/v1"

	"github.com/evenkeel/evenkeel/api/config"
	configv1 "github.com/evenkeel/evenkeel/api/config/v1"
)

// loadPodTopologySpread reads a configuration in which both plugins have the same
// arguments; none stands for none.
func loadPodTopologySpread(text string) (map[string]runtime.Object, error) {
	if err := install(); err != nil {
		return nil, err
	}
	profile := `
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
- schedulerName: test
  plugins: {multiPoint: {enabled: [{name: GuardedPodTopologySpread, weight: 2}]}}
`
	if text != "none" {
		profile += "  pluginConfig:\n  - name: GuardedPodTopologySpread\n    args: " + text + "\n  - name: PodTopologySpread\n    args: " + text + "\n"
	}
	obj, _, err := schedulerscheme.Codecs.UniversalDecoder().Decode([]byte(profile), nil, nil)
	if err != nil {
		return nil, err
	}
	args := map[string]runtime.Object{}
	for _, plugin := range obj.(*schedulerconfig.KubeSchedulerConfiguration).Profiles[0].PluginConfig {
		args[plugin.Name] = plugin.Args
	}
	return args, nil
}

const racks = "{defaultingType: List, defaultConstraints: [{maxSkew: 2, topologyKey: rack, whenUnsatisfiable: ScheduleAnyway}]}"

// TestGuardedPodTopologySpreadArgsAreThoseOfTheInTreePlugin gives the same text to
// both plugins.
func TestGuardedPodTopologySpreadArgsAreThoseOfTheInTreePlugin(t *testing.T) {
	for name, tc := range map[string]struct {
		args string
		want config.GuardedPodTopologySpreadArgs
	}{
		"no arguments": {"none", config.GuardedPodTopologySpreadArgs{DefaultingType: kubeconfigv1.SystemDefaulting}},
		"the defaults": {"{}", config.GuardedPodTopologySpreadArgs{DefaultingType: kubeconfigv1.SystemDefaulting}},
		"no defaults":  {"{defaultingType: List}", config.GuardedPodTopologySpreadArgs{DefaultingType: kubeconfigv1.ListDefaulting}},
		"a list": {racks, config.GuardedPodTopologySpreadArgs{DefaultingType: kubeconfigv1.ListDefaulting,
			DefaultConstraints: []corev1.TopologySpreadConstraint{{MaxSkew: 2, TopologyKey: "rack", WhenUnsatisfiable: corev1.ScheduleAnyway}}}},
	} {
		t.Run(name, func(t *testing.T) {
			args, err := loadPodTopologySpread(tc.args)
			if err != nil {
				t.Fatal(err)
			}
			got, ok := args["GuardedPodTopologySpread"].(*config.GuardedPodTopologySpreadArgs)
			if !ok {
				t.Fatalf("got a %T", args["GuardedPodTopologySpread"])
			}
			got = got.DeepCopy()
			got.TypeMeta = metav1.TypeMeta{}
			if diff := cmp.Diff(&tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			inTree := args["PodTopologySpread"].(*schedulerconfig.PodTopologySpreadArgs)
			if diff := cmp.Diff(inTree.DefaultConstraints, got.DefaultConstraints); diff != "" || string(inTree.DefaultingType) != string(got.DefaultingType) {
				t.Errorf("the in-tree plugin gets %s, the guarded one %s (-in-tree +guarded):\n%s", inTree.DefaultingType, got.DefaultingType, diff)
			}
		})
	}
}

func TestGuardedPodTopologySpreadArgsAreDecodedStrictly(t *testing.T) {
	_, err := loadPodTopologySpread("{defaultingTipe: List}")
	if err == nil || !strings.Contains(err.Error(), `unknown field "defaultingTipe"`) {
		t.Errorf("got %v", err)
	}
}

// TestGuardedPodTopologySpreadArgsAreWrittenAsTheyAreRead covers --write-config-to
// and /configz.
func TestGuardedPodTopologySpreadArgsAreWrittenAsTheyAreRead(t *testing.T) {
	args, err := loadPodTopologySpread(racks)
	if err != nil {
		t.Fatal(err)
	}
	var got configv1.GuardedPodTopologySpreadArgs
	if err := schedulerconfigv1.GetPluginArgConversionScheme().Convert(args["GuardedPodTopologySpread"], &got, nil); err != nil {
		t.Fatal(err)
	}
	got.TypeMeta = metav1.TypeMeta{}
	want := configv1.GuardedPodTopologySpreadArgs{DefaultingType: kubeconfigv1.ListDefaulting,
		DefaultConstraints: []corev1.TopologySpreadConstraint{{MaxSkew: 2, TopologyKey: "rack", WhenUnsatisfiable: corev1.ScheduleAnyway}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
