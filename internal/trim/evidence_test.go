// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package trim

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

func typeName(o any) string { return fmt.Sprintf("%T", o) }

// seen returns the counts of all signs.
func seen(inv *Inventory) map[sign]int {
	out := map[sign]int{}
	for s, t := range inv.settle().objects {
		out[s] = t.count
	}
	return out
}

func requesting(r corev1.ResourceRequirements) []corev1.Container {
	return []corev1.Container{{Resources: r}}
}

func owned(kind string) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Labels = map[string]string{"app": "cart", "tier": "web"}
		if kind != "" {
			p.OwnerReferences = []metav1.OwnerReference{{Kind: kind, Name: "x", Controller: ptr.To(true)}}
		}
	}
}

func service(namespace string, selector map[string]string) *corev1.Service {
	return &corev1.Service{ObjectMeta: meta(namespace, "cart"), Spec: corev1.ServiceSpec{Selector: selector}}
}

func TestObjectsAreEvidence(t *testing.T) {
	cpu := corev1.ResourceList{corev1.ResourceCPU: mustParse("1")}
	term := []corev1.PodAffinityTerm{{}}
	weighted := []corev1.WeightedPodAffinityTerm{{}}
	app := map[string]string{"app": "cart"}
	for name, tc := range map[string]struct {
		objects []metav1.Object
		want    map[sign]int
	}{
		"a plain pod":  {objects: []metav1.Object{pod("a", nil)}},
		"a plain node": {objects: []metav1.Object{&corev1.Node{}}},
		"a pod that ended": {objects: []metav1.Object{
			pod("a", func(p *corev1.Pod) {
				p.Spec.SchedulingGates, p.Status.Phase = []corev1.PodSchedulingGate{{}}, corev1.PodSucceeded
			}),
			pod("b", func(p *corev1.Pod) {
				p.Spec.SchedulingGates, p.Status.Phase = []corev1.PodSchedulingGate{{}}, corev1.PodFailed
			})}},
		"a gate":        {objects: []metav1.Object{pod("a", withSpec(corev1.PodSpec{SchedulingGates: []corev1.PodSchedulingGate{{}}}))}, want: map[sign]int{podsGated: 1}},
		"a priority":    {objects: []metav1.Object{pod("a", withSpec(corev1.PodSpec{Priority: ptr.To[int32](1)}))}, want: map[sign]int{podsPriority: 1, podsPreempting: 1}},
		"a request":     {objects: []metav1.Object{pod("a", withSpec(corev1.PodSpec{Containers: requesting(corev1.ResourceRequirements{Requests: cpu})}))}, want: map[sign]int{podsRequests: 1}},
		"a limit alone": {objects: []metav1.Object{pod("a", withSpec(corev1.PodSpec{InitContainers: requesting(corev1.ResourceRequirements{Limits: cpu})}))}, want: map[sign]int{podsRequests: 1}},
		"a pod's own":   {objects: []metav1.Object{pod("a", withSpec(corev1.PodSpec{Resources: &corev1.ResourceRequirements{Requests: cpu}}))}, want: map[sign]int{podsRequests: 1}},
		"affinity": {
			objects: []metav1.Object{pod("a", withSpec(corev1.PodSpec{Affinity: &corev1.Affinity{
				NodeAffinity: &corev1.NodeAffinity{PreferredDuringSchedulingIgnoredDuringExecution: []corev1.PreferredSchedulingTerm{{}}},
				PodAffinity:  &corev1.PodAffinity{RequiredDuringSchedulingIgnoredDuringExecution: term}, PodAntiAffinity: &corev1.PodAntiAffinity{
					RequiredDuringSchedulingIgnoredDuringExecution: term, PreferredDuringSchedulingIgnoredDuringExecution: weighted}}}))},
			want: map[sign]int{podsPreferringNodes: 1, podsAffinityRequired: 1, podsAntiRequired: 1, podsPodPreferences: 1},
		},
		"preferred affinity": {
			objects: []metav1.Object{pod("a", withSpec(corev1.PodSpec{Affinity: &corev1.Affinity{
				PodAffinity: &corev1.PodAffinity{PreferredDuringSchedulingIgnoredDuringExecution: weighted}}}))},
			want: map[sign]int{podsPodPreferences: 1},
		},
		"spread constraints": {
			objects: []metav1.Object{
				pod("a", withSpec(corev1.PodSpec{TopologySpreadConstraints: []corev1.TopologySpreadConstraint{{WhenUnsatisfiable: corev1.ScheduleAnyway}}})),
				pod("b", withSpec(corev1.PodSpec{TopologySpreadConstraints: []corev1.TopologySpreadConstraint{{WhenUnsatisfiable: corev1.DoNotSchedule}}})),
			},
			want: map[sign]int{podsSpreadSoft: 1, podsSpreadHard: 1},
		},
		"an inline volume": {
			objects: []metav1.Object{pod("a", withSpec(corev1.PodSpec{Volumes: []corev1.Volume{{VolumeSource: corev1.VolumeSource{RBD: &corev1.RBDVolumeSource{}}}}}))},
			want:    map[sign]int{podsRestrictedVolumes: 1},
		},
		"nodes": {
			objects: []metav1.Object{
				&corev1.Node{Spec: corev1.NodeSpec{Unschedulable: true}},
				&corev1.Node{Spec: corev1.NodeSpec{Taints: append(taint(corev1.TaintEffectNoExecute), taint(corev1.TaintEffectPreferNoSchedule)...)}},
				&corev1.Node{Status: corev1.NodeStatus{DeclaredFeatures: []string{"F"}, Images: []corev1.ContainerImage{{SizeBytes: 23*1024*1024 + 1}}}},
				&corev1.Node{Status: corev1.NodeStatus{Images: []corev1.ContainerImage{{SizeBytes: 23 * 1024 * 1024}}}},
			},
			want: map[sign]int{nodesCordoned: 1, nodesTainted: 1, nodesTaintedSoftly: 1, nodesFeatures: 1, nodesImages: 1},
		},
		"volumes": {
			objects: []metav1.Object{
				&corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: "v", Labels: map[string]string{corev1.LabelTopologyZone: "z"}}},
				&corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: "w"}},
				&corev1.PersistentVolumeClaim{Spec: corev1.PersistentVolumeClaimSpec{AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOncePod}}},
			},
			want: map[sign]int{volumesZoned: 1, claimsExclusive: 1},
		},
		"an ephemeral volume and its claim": {
			objects: []metav1.Object{class("local", storagev1.VolumeBindingWaitForFirstConsumer, false), claimOf(ptr.To("local")),
				pod("a", func(p *corev1.Pod) {
					p.Spec.NodeName = "n1"
					p.Spec.Volumes = []corev1.Volume{{VolumeSource: corev1.VolumeSource{Ephemeral: &corev1.EphemeralVolumeSource{
						VolumeClaimTemplate: &corev1.PersistentVolumeClaimTemplate{Spec: corev1.PersistentVolumeClaimSpec{StorageClassName: ptr.To("local")}}}}}}
				})},
			want: map[sign]int{podsClaims: 1, claimsDelayed: 1},
		},
		"priority classes but Kubernetes' own": {
			objects: []metav1.Object{&schedulingv1.PriorityClass{ObjectMeta: metav1.ObjectMeta{Name: "gold"}},
				&schedulingv1.PriorityClass{ObjectMeta: metav1.ObjectMeta{Name: "system-node-critical"}}},
			want: map[sign]int{priorityClasses: 1},
		},

		"pods of a ReplicaSet":       {objects: []metav1.Object{pod("a", owned("ReplicaSet"))}, want: map[sign]int{podsDefaultSpread: 1}},
		"pods of a StatefulSet":      {objects: []metav1.Object{pod("a", owned("StatefulSet"))}, want: map[sign]int{podsDefaultSpread: 1}},
		"pods of a Job":              {objects: []metav1.Object{pod("a", owned("Job"))}},
		"and a Service":              {objects: []metav1.Object{service("shop", app), pod("a", owned("Job"))}, want: map[sign]int{podsDefaultSpread: 1, podsServiceOnly: 1}},
		"a bare pod and a Service":   {objects: []metav1.Object{pod("a", owned("")), service("shop", app)}, want: map[sign]int{podsDefaultSpread: 1, podsServiceOnly: 1}},
		"another owner":              {objects: []metav1.Object{pod("a", owned("CloneSet")), service("shop", app)}, want: map[sign]int{podsDefaultSpread: 1}},
		"a DaemonSet's":              {objects: []metav1.Object{pod("a", owned("DaemonSet")), service("shop", app)}},
		"a Service elsewhere":        {objects: []metav1.Object{pod("a", owned("")), service("pay", app)}},
		"a Service of other pods":    {objects: []metav1.Object{pod("a", owned("")), service("shop", map[string]string{"app": "cart", "tier": "db"})}},
		"a label that is not there":  {objects: []metav1.Object{pod("a", owned("")), service("shop", map[string]string{"none": ""})}},
		"a Service without selector": {objects: []metav1.Object{pod("a", owned("")), service("shop", nil)}},
		"pods with constraints of their own": {
			objects: []metav1.Object{pod("a", func(p *corev1.Pod) {
				owned("ReplicaSet")(p)
				p.Spec.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{{WhenUnsatisfiable: corev1.ScheduleAnyway}}
			})},
			want: map[sign]int{podsSpreadSoft: 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			want := tc.want
			if want == nil {
				want = map[sign]int{}
			}
			if diff := cmp.Diff(want, seen(inventory(t, nil, tc.objects...))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestThreeExamplesAreNamedInOrder(t *testing.T) {
	inv := NewInventory("")
	for _, name := range []string{"d", "b", "e", "a", "c"} {
		inv.see(podsGated, name)
	}
	want := &Evidence{What: "pods with scheduling gates", Count: 5, Examples: []string{"a", "b", "c"}}
	if diff := cmp.Diff(want, inv.evidence(podsGated)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if n := len(inv.objects[podsGated].first); n != 3 {
		t.Errorf("%d names are kept in memory, want 3", n)
	}
}

// TestAnalysisLeavesTheInventory: it may be looked at twice.
func TestAnalysisLeavesTheInventory(t *testing.T) {
	inv := inventory(t, nil, pod("a", owned("")), service("shop", map[string]string{"app": "cart"}), pod("b", owned("ReplicaSet")))
	first, second := Analyse(inv, parse(t, trimmed)), Analyse(inv, parse(t, trimmed))
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("(-first +second):\n%s", diff)
	}
}

func TestKindsAreFound(t *testing.T) {
	for name, tc := range map[string]struct {
		apiVersion, kind string
		want             bool
	}{
		"the core's":        {"v1", "Service", true},
		"another group's":   {"serving.knative.dev/v1", "Service", false},
		"a group's":         {"apps/v1", "Deployment", true},
		"an older version":  {"resource.k8s.io/v1beta1", "DeviceClass", true},
		"not looked at":     {"v1", "Secret", false},
		"without a version": {"", "Pod", true},
	} {
		t.Run(name, func(t *testing.T) {
			if k, ok := FindKind(tc.apiVersion, tc.kind); ok != tc.want || ok && k.Name != tc.kind {
				t.Errorf("got %v, %t", k, ok)
			}
		})
	}
	for name, want := range map[string]string{"pvc": "PersistentVolumeClaim", "StorageClass": "StorageClass", "deployments": "Deployment", "secrets": ""} {
		if k, _ := FindResource(name); k.Name != want {
			t.Errorf("%s: got %q, want %q", name, k.Name, want)
		}
	}
}
