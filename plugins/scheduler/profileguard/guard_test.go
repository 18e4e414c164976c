// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package profileguard

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/validation/field"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	featuregatetesting "k8s.io/component-base/featuregate/testing"
	"k8s.io/kubernetes/pkg/features"

	"github.com/evenkeel/evenkeel/api/config"
	"github.com/evenkeel/evenkeel/internal/defaultprofile"
)

const remedy = "; enable what is off, or accept it by name and with a reason in acceptMissing of the plugin ProfileGuard"

// check runs the guard over profiles that a scheduler resolved.
func check(t *testing.T, profiles string) string {
	t.Helper()
	r := mustRun(t, profiles)
	if err := Check(r.profiles, r.sched.Profiles); err != nil {
		return err.Error()
	}
	return ""
}

// field names of the extension points in a configuration.
func fieldOf(at defaultprofile.Point) string {
	return strings.ToLower(string(at[:1])) + string(at[1:])
}

// others stand where Kubernetes wants some plugin, at QueueSort and Bind.
var others = map[defaultprofile.Point]string{defaultprofile.QueueSort: "OtherSort", defaultprofile.Bind: "OtherBinder"}

// TestEveryPluginIsMissedAtEveryPoint disables each plugin of the default profile
// at each of its extension points, one at a time.
func TestEveryPluginIsMissedAtEveryPoint(t *testing.T) {
	for _, p := range defaultprofile.Plugins() {
		if p.Gate != "" {
			continue
		}
		for _, at := range p.Points {
			t.Run(p.Name+" at "+string(at), func(t *testing.T) {
				enabled := ""
				if other, ok := others[at]; ok {
					enabled = "enabled: [{name: " + other + "}], "
				}
				got := check(t, fmt.Sprintf("[{schedulerName: s, plugins: {%s: {%sdisabled: [{name: %s}]}}}]", fieldOf(at), enabled, p.Name))
				want := ""
				if at.Protects() {
					want = fmt.Sprintf("profile s: %s is off at %s: %s", p.Name, at, p.Ignored(at)) + remedy
				}
				if got != want {
					t.Errorf("got  %q\nwant %q", got, want)
				}
			})
		}
	}
}

func TestProfilesAreCompared(t *testing.T) {
	for name, tc := range map[string]struct {
		profiles string
		want     string
	}{
		"the default profile": {profiles: "[{schedulerName: s}]"},
		"plugins that only rank": {
			profiles: "[{schedulerName: s, plugins: {multiPoint: {disabled: [{name: ImageLocality}, {name: NodeResourcesBalancedAllocation}]}}}]",
		},
		"a plugin that is disabled and enabled again": {
			profiles: "[{schedulerName: s, plugins: {multiPoint: {disabled: [{name: NodePorts}], enabled: [{name: NodePorts}]}}}]",
		},
		"a plugin that is enabled at its points": {
			profiles: "[{schedulerName: s, plugins: {multiPoint: {disabled: [{name: NodePorts}]}, preFilter: {enabled: [{name: NodePorts}]}, filter: {enabled: [{name: NodePorts}]}}}]",
		},
		"a plugin with several consequences": {
			profiles: "[{schedulerName: s, plugins: {multiPoint: {disabled: [{name: VolumeBinding}]}}}]",
			want: "profile s: VolumeBinding is off at PreFilter, Filter, Reserve and PreBind: pods would be placed where their PersistentVolumeClaims cannot be bound, " +
				"two pods could be given the same PersistentVolume and PersistentVolumeClaims would not be bound" + remedy,
		},
		"the volumes of the issue": {
			profiles: "[{schedulerName: s, plugins: {preBind: {disabled: [{name: VolumeBinding}]}}}]",
			want:     "profile s: VolumeBinding is off at PreBind: PersistentVolumeClaims would not be bound" + remedy,
		},
		"all filters": {
			profiles: `[{schedulerName: s, plugins: {filter: {disabled: [{name: "*"}], enabled: [{name: NodeName}, {name: NodeUnschedulable}, {name: TaintToleration},
				{name: NodeAffinity}, {name: NodeResourcesFit}, {name: VolumeRestrictions}, {name: NodeVolumeLimits}, {name: VolumeBinding}, {name: VolumeZone},
				{name: PodTopologySpread}, {name: InterPodAffinity}, {name: DynamicResources}]}}}]`,
			want: "profile s: NodePorts is off at Filter: host ports would be given to two pods of one node; " +
				"profile s: NodeDeclaredFeatures is off at Filter: pods would be placed on nodes without a feature that they need" + remedy,
		},
		"one profile of two": {
			profiles: "[{schedulerName: s}, {schedulerName: u, plugins: {filter: {disabled: [{name: VolumeZone}]}}}]",
			want:     "profile u: VolumeZone is off at Filter: pods would be placed outside the zone of their volumes" + remedy,
		},
		"a replacement": {
			profiles: "[{schedulerName: s, plugins: {multiPoint: {disabled: [{name: InterPodAffinity}], enabled: [{name: GuardedInterPodAffinity}]}}}]",
		},
		"two replacements": {
			profiles: "[{schedulerName: s, plugins: {multiPoint: {disabled: [{name: PodTopologySpread}, {name: InterPodAffinity}], enabled: [{name: GuardedPodTopologySpread}, {name: GuardedInterPodAffinity}]}}}]",
		},
		"a plugin beside its replacement": {
			profiles: "[{schedulerName: s, plugins: {multiPoint: {enabled: [{name: GuardedInterPodAffinity}]}}}]",
			want: "profile s: InterPodAffinity and GuardedInterPodAffinity are both on, and would undo each other's work in preemption; " +
				"disable InterPodAffinity at multiPoint",
		},
		"a replacement that is off at one point": {
			profiles: "[{schedulerName: s, plugins: {multiPoint: {disabled: [{name: InterPodAffinity}], enabled: [{name: GuardedInterPodAffinity}]}, filter: {disabled: [{name: GuardedInterPodAffinity}]}}}]",
			want: "profile s: InterPodAffinity is off at Filter: required pod affinity and anti-affinity would be ignored, " +
				"that of pods already placed too" + remedy,
		},
		"a plugin of somebody's that is no replacement": {
			profiles: "[{schedulerName: s, plugins: {multiPoint: {disabled: [{name: NodePorts}], enabled: [{name: ProfileGuard}]}}}]",
			want:     "profile s: NodePorts is off at PreFilter and Filter: host ports would be given to two pods of one node" + remedy,
		},
		"an accepted omission": {
			profiles: "[{schedulerName: s, plugins: {multiPoint: {disabled: [{name: NodePorts}], enabled: [{name: ProfileGuard}]}}, pluginConfig: " + accepting("NodePorts") + "}]",
		},
		"an accepted omission at one point": {
			profiles: "[{schedulerName: s, plugins: {multiPoint: {enabled: [{name: ProfileGuard}]}, preBind: {disabled: [{name: VolumeBinding}]}}, pluginConfig: " + accepting("VolumeBinding") + "}]",
		},
		"an accepted omission and another": {
			profiles: "[{schedulerName: s, plugins: {multiPoint: {disabled: [{name: NodePorts}, {name: VolumeZone}], enabled: [{name: ProfileGuard}]}}, pluginConfig: " + accepting("NodePorts") + "}]",
			want:     "profile s: VolumeZone is off at PreFilter and Filter: pods would be placed outside the zone of their volumes" + remedy,
		},
		"an omission that another profile accepts": {
			profiles: "[{schedulerName: s, plugins: {multiPoint: {disabled: [{name: NodePorts}], enabled: [{name: ProfileGuard}]}}, pluginConfig: " + accepting("NodePorts") + "}," +
				" {schedulerName: u, plugins: {multiPoint: {disabled: [{name: NodePorts}]}}}]",
			want: "profile u: NodePorts is off at PreFilter and Filter: host ports would be given to two pods of one node" + remedy,
		},
		"an accepted plugin that is there": {
			profiles: "[{schedulerName: s, plugins: {multiPoint: {enabled: [{name: ProfileGuard}]}}, pluginConfig: " + accepting("NodePorts") + "}]",
			want:     "profile s: ProfileGuard accepts that NodePorts is missing, but the profile has it wherever the default profile does; remove it from acceptMissing",
		},
		"an accepted plugin that is replaced": {
			profiles: "[{schedulerName: s, plugins: {multiPoint: {disabled: [{name: InterPodAffinity}], enabled: [{name: GuardedInterPodAffinity}, {name: ProfileGuard}]}}, pluginConfig: " + accepting("InterPodAffinity") + "}]",
			want:     "profile s: ProfileGuard accepts that InterPodAffinity is missing, but the profile has it wherever the default profile does; remove it from acceptMissing",
		},
		"an accepted plugin whose gate is off": {
			profiles: "[{schedulerName: s, plugins: {multiPoint: {enabled: [{name: ProfileGuard}]}}, pluginConfig: " + accepting("GangScheduling") + "}]",
			want:     "profile s: ProfileGuard accepts that GangScheduling is missing, but the profile has it wherever the default profile does; remove it from acceptMissing",
		},
		"arguments without the plugin": {
			profiles: "[{schedulerName: s, plugins: {multiPoint: {disabled: [{name: NodePorts}]}}, pluginConfig: " + accepting("NodePorts") + "}]",
			want: "profile s: acceptMissing of ProfileGuard names plugins, but ProfileGuard is off, so that no pod that uses them would be counted and told; " +
				"enable it at multiPoint",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, check(t, tc.profiles)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestFeatureGatesAddToTheDefaultProfile shows that the default profile is the one
// of this process's feature gates.
func TestFeatureGatesAddToTheDefaultProfile(t *testing.T) {
	featuregatetesting.SetFeatureGateDuringTest(t, utilfeature.DefaultFeatureGate, features.GenericWorkload, true)
	got := check(t, "[{schedulerName: s, plugins: {permit: {disabled: [{name: GangScheduling}]}}}]")
	if want := "profile s: GangScheduling is off at Permit: pod groups would be placed in part" + remedy; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestNamesOfOmissionsAreChecked(t *testing.T) {
	for plugin, want := range map[string]string{
		"NodePorts":      "",
		"GangScheduling": "",
		"":               "", // Told by the validation of the arguments.
		"Nodeports":      `args.acceptMissing[0].plugin: Invalid value: "Nodeports": is not a plugin of Kubernetes' default profile`,
		"ReplicaSpread":  `args.acceptMissing[0].plugin: Invalid value: "ReplicaSpread": is not a plugin of Kubernetes' default profile`,
		"ImageLocality":  `args.acceptMissing[0].plugin: Invalid value: "ImageLocality": only ranks nodes; it may be left out without being accepted`,
	} {
		t.Run(plugin, func(t *testing.T) {
			got := ""
			if err := ValidateNames(field.NewPath("args"), &config.ProfileGuardArgs{AcceptMissing: []config.AcceptedOmission{{Plugin: plugin}}}).ToAggregate(); err != nil {
				got = err.Error()
			}
			if got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestListsAreWrittenOut(t *testing.T) {
	for want, items := range map[string][]string{"": {}, "a": {"a"}, "a and b": {"a", "b"}, "a, b and c": {"a", "b", "c"}} {
		if got := list(items); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
