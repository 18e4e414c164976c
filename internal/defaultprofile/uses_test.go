// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package defaultprofile

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
)

// everybodys are the plugins that every pod without a toleration uses.
var everybodys = []string{"NodeUnschedulable", "TaintToleration", "NodeResourcesFit"}

func TestPodsUsePlugins(t *testing.T) {
	claim := corev1.Volume{VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "data"}}}
	container := func(c corev1.Container) []corev1.Container { return []corev1.Container{c} }
	anti := func(a corev1.PodAntiAffinity) *corev1.Affinity { return &corev1.Affinity{PodAntiAffinity: &a} }
	for name, tc := range map[string]struct {
		spec corev1.PodSpec
		want []string
	}{
		"a plain pod": {},
		"a scheduling gate": {
			spec: corev1.PodSpec{SchedulingGates: []corev1.PodSchedulingGate{{Name: "quota"}}},
			want: []string{"SchedulingGates"},
		},
		"priority 0":          {spec: corev1.PodSpec{Priority: ptr.To[int32](0)}},
		"a positive priority": {spec: corev1.PodSpec{Priority: ptr.To[int32](7)}, want: []string{"PrioritySort", "DefaultPreemption"}},
		"a priority that does not preempt": {
			spec: corev1.PodSpec{Priority: ptr.To[int32](7), PreemptionPolicy: ptr.To(corev1.PreemptNever)},
			want: []string{"PrioritySort"},
		},
		"a negative priority": {spec: corev1.PodSpec{Priority: ptr.To[int32](-1)}, want: []string{"PrioritySort"}},
		"a node's name":       {spec: corev1.PodSpec{NodeName: "n1"}, want: []string{"NodeName"}},
		"a node selector":     {spec: corev1.PodSpec{NodeSelector: map[string]string{"disk": "ssd"}}, want: []string{"NodeAffinity"}},
		"required node affinity": {
			spec: corev1.PodSpec{Affinity: &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
				RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{}}}},
			want: []string{"NodeAffinity"},
		},
		"preferred node affinity ranks only": {
			spec: corev1.PodSpec{Affinity: &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
				PreferredDuringSchedulingIgnoredDuringExecution: []corev1.PreferredSchedulingTerm{{Weight: 1}}}}},
		},
		"a port of the pod": {spec: corev1.PodSpec{Containers: container(corev1.Container{Ports: []corev1.ContainerPort{{ContainerPort: 80}}})}},
		"a host port":       {spec: corev1.PodSpec{Containers: container(corev1.Container{Ports: []corev1.ContainerPort{{HostPort: 80}}})}, want: []string{"NodePorts"}},
		"a sidecar's host port": {
			spec: corev1.PodSpec{InitContainers: container(corev1.Container{Ports: []corev1.ContainerPort{{HostPort: 80}}})},
			want: []string{"NodePorts"},
		},
		"an emptyDir": {spec: corev1.PodSpec{Volumes: []corev1.Volume{{VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}}}},
		"a claim": {
			spec: corev1.PodSpec{Volumes: []corev1.Volume{claim}},
			want: []string{"VolumeRestrictions", "NodeVolumeLimits", "VolumeBinding", "VolumeZone"},
		},
		"an ephemeral volume": {
			spec: corev1.PodSpec{Volumes: []corev1.Volume{{VolumeSource: corev1.VolumeSource{Ephemeral: &corev1.EphemeralVolumeSource{}}}}},
			want: []string{"VolumeRestrictions", "NodeVolumeLimits", "VolumeBinding", "VolumeZone"},
		},
		"an iSCSI volume": {
			spec: corev1.PodSpec{Volumes: []corev1.Volume{{VolumeSource: corev1.VolumeSource{ISCSI: &corev1.ISCSIVolumeSource{}}}}},
			want: []string{"VolumeRestrictions"},
		},
		"a volume of an in-tree driver": {
			spec: corev1.PodSpec{Volumes: []corev1.Volume{{VolumeSource: corev1.VolumeSource{AzureDisk: &corev1.AzureDiskVolumeSource{}}}}},
			want: []string{"NodeVolumeLimits"},
		},
		"a required spread": {
			spec: corev1.PodSpec{TopologySpreadConstraints: []corev1.TopologySpreadConstraint{{WhenUnsatisfiable: corev1.DoNotSchedule}}},
			want: []string{"PodTopologySpread"},
		},
		"a preferred spread ranks only": {
			spec: corev1.PodSpec{TopologySpreadConstraints: []corev1.TopologySpreadConstraint{{WhenUnsatisfiable: corev1.ScheduleAnyway}}},
		},
		"required anti-affinity": {
			spec: corev1.PodSpec{Affinity: anti(corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{{}}})},
			want: []string{"InterPodAffinity"},
		},
		"required affinity": {
			spec: corev1.PodSpec{Affinity: &corev1.Affinity{PodAffinity: &corev1.PodAffinity{
				RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{{}}}}},
			want: []string{"InterPodAffinity"},
		},
		"preferred anti-affinity ranks only": {
			spec: corev1.PodSpec{Affinity: anti(corev1.PodAntiAffinity{PreferredDuringSchedulingIgnoredDuringExecution: []corev1.WeightedPodAffinityTerm{{}}})},
		},
		"a resource claim": {spec: corev1.PodSpec{ResourceClaims: []corev1.PodResourceClaim{{Name: "gpu"}}}, want: []string{"DynamicResources"}},
		"a user namespace on the host's network": {
			spec: corev1.PodSpec{HostNetwork: true, HostUsers: ptr.To(false)},
			want: []string{"NodeDeclaredFeatures"},
		},
		"a scheduling group": {
			spec: corev1.PodSpec{SchedulingGroup: &corev1.PodSchedulingGroup{}},
			want: []string{"GangScheduling", "TopologyPlacementGenerator"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			want := map[string]bool{}
			for _, plugin := range append(everybodys, tc.want...) {
				want[plugin] = true
			}
			if diff := cmp.Diff(want, users(&tc.spec)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func users(spec *corev1.PodSpec) map[string]bool {
	out := map[string]bool{}
	for _, p := range Plugins() {
		if p.Uses(spec) {
			out[p.Name] = true
		}
	}
	return out
}

func TestTolerationsLiftTaints(t *testing.T) {
	for name, tc := range map[string]struct {
		toleration       corev1.Toleration
		cordons, tainted bool
	}{
		"everything":       {corev1.Toleration{Operator: corev1.TolerationOpExists}, false, false},
		"the cordon":       {corev1.Toleration{Key: corev1.TaintNodeUnschedulable, Operator: corev1.TolerationOpExists}, false, true},
		"another taint":    {corev1.Toleration{Key: "dedicated", Operator: corev1.TolerationOpExists}, true, true},
		"one effect alone": {corev1.Toleration{Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute}, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			got := users(&corev1.PodSpec{Tolerations: []corev1.Toleration{tc.toleration}})
			if got["NodeUnschedulable"] != tc.cordons || got["TaintToleration"] != tc.tainted {
				t.Errorf("kept off cordons: %t, taints: %t; want %t, %t", got["NodeUnschedulable"], got["TaintToleration"], tc.cordons, tc.tainted)
			}
		})
	}
}
