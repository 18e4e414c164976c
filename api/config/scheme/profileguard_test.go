// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package scheme

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	schedulerconfig "k8s.io/kubernetes/pkg/scheduler/apis/config"
	schedulerscheme "k8s.io/kubernetes/pkg/scheduler/apis/config/scheme"
	schedulerconfigv1 "k8s.io/kubernetes/pkg/scheduler/apis/config/v1"

	"github.com/evenkeel/evenkeel/api/config"
	configv1 "github.com/evenkeel/evenkeel/api/config/v1"
)

// loadProfileGuard reads a configuration with arguments of ProfileGuard.
func loadProfileGuard(args string) (*config.ProfileGuardArgs, error) {
	if err := install(); err != nil {
		return nil, err
	}
	text := `
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
- schedulerName: test
  pluginConfig:
  - name: ProfileGuard
    args: ` + args + "\n"
	obj, _, err := schedulerscheme.Codecs.UniversalDecoder().Decode([]byte(text), nil, nil)
	if err != nil {
		return nil, err
	}
	for _, plugin := range obj.(*schedulerconfig.KubeSchedulerConfiguration).Profiles[0].PluginConfig {
		if args, ok := plugin.Args.(*config.ProfileGuardArgs); ok {
			return args, nil
		}
	}
	return nil, nil
}

// TestProfileGuardArgsAreWrittenAsTheyAreRead also covers the way in.
func TestProfileGuardArgsAreWrittenAsTheyAreRead(t *testing.T) {
	args, err := loadProfileGuard("{acceptMissing: [{plugin: NodePorts, reason: no host ports here}, {plugin: VolumeZone, reason: one zone}]}")
	if err != nil {
		t.Fatal(err)
	}
	want := []config.AcceptedOmission{{Plugin: "NodePorts", Reason: "no host ports here"}, {Plugin: "VolumeZone", Reason: "one zone"}}
	if diff := cmp.Diff(want, args.AcceptMissing); diff != "" {
		t.Errorf("read (-want +got):\n%s", diff)
	}
	var written configv1.ProfileGuardArgs
	if err := schedulerconfigv1.GetPluginArgConversionScheme().Convert(args, &written, nil); err != nil {
		t.Fatal(err)
	}
	written.TypeMeta = metav1.TypeMeta{}
	wantWritten := configv1.ProfileGuardArgs{AcceptMissing: []configv1.AcceptedOmission{
		{Plugin: "NodePorts", Reason: "no host ports here"}, {Plugin: "VolumeZone", Reason: "one zone"}}}
	if diff := cmp.Diff(wantWritten, written); diff != "" {
		t.Errorf("written (-want +got):\n%s", diff)
	}
}

func TestProfileGuardArgsAreDecodedStrictly(t *testing.T) {
	_, err := loadProfileGuard("{acceptMissing: [{plugin: NodePorts, reasn: x}]}")
	if err == nil || !strings.Contains(err.Error(), `unknown field "acceptMissing[0].reasn"`) {
		t.Errorf("got %v", err)
	}
}
