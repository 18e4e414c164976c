// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package trim

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/evenkeel/evenkeel/internal/defaultprofile"
)

// trimmed is the least of a configuration that trims as the shipped one does.
const trimmed = `profiles:
- plugins:
    multiPoint:
      enabled: [{name: ReplicaSpread}, {name: GuardedPodTopologySpread}, {name: GuardedInterPodAffinity}]
      disabled: [{name: PodTopologySpread}, {name: InterPodAffinity}]
    preScore:
      disabled:
      - name: NodeResourcesBalancedAllocation
      - name: VolumeBinding
    score:
      disabled:
      - name: NodeResourcesBalancedAllocation
      - name: ImageLocality
      - name: DynamicResources
      - name: VolumeBinding
  pluginConfig:
  - name: GuardedPodTopologySpread
    args: {defaultingType: List}
`

func parse(t *testing.T, text string) *Shipped {
	t.Helper()
	s, err := ParseShipped([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// kind returns the kind of that name.
func kind(t *testing.T, name string) Kind {
	t.Helper()
	k, ok := FindResource(name)
	if !ok {
		t.Fatalf("no kind %s", name)
	}
	return k
}

// inventory of objects, in which no kind is missing but those that are named.
func inventory(t *testing.T, missing []string, objects ...metav1.Object) *Inventory {
	t.Helper()
	inv := NewInventory("not asked for")
	for _, k := range Kinds {
		if !slices.Contains(missing, k.Name) {
			inv.Cover(k)
		}
	}
	for _, o := range objects {
		inv.Add(kindOf(t, o), o)
	}
	return inv
}

func kindOf(t *testing.T, o metav1.Object) Kind {
	t.Helper()
	if p, ok := o.(*metav1.PartialObjectMetadata); ok {
		return kind(t, p.Kind)
	}
	for _, k := range Kinds {
		if cmp.Equal(typeName(NewObject(k)), typeName(o)) {
			return k
		}
	}
	t.Fatalf("%T is of no kind", o)
	return Kind{}
}

func meta(namespace, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: namespace, Name: name}
}

// pod returns a pod with a name, changed.
func pod(name string, change func(*corev1.Pod)) *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: meta("shop", name)}
	if change != nil {
		change(p)
	}
	return p
}

func withSpec(spec corev1.PodSpec) func(*corev1.Pod) { return func(p *corev1.Pod) { p.Spec = spec } }

func taint(effect corev1.TaintEffect) []corev1.Taint {
	return []corev1.Taint{{Key: "k", Effect: effect}}
}

func claimOf(class *string) *corev1.PersistentVolumeClaim {
	return &corev1.PersistentVolumeClaim{ObjectMeta: meta("shop", "data"), Spec: corev1.PersistentVolumeClaimSpec{StorageClassName: class}}
}

func class(name string, mode storagev1.VolumeBindingMode, isDefault bool) *storagev1.StorageClass {
	c := &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: name}, VolumeBindingMode: &mode}
	if isDefault {
		c.Annotations = map[string]string{"storageclass.kubernetes.io/is-default-class": "true"}
	}
	return c
}

func device(kind, name string) *metav1.PartialObjectMetadata {
	return &metav1.PartialObjectMetadata{TypeMeta: metav1.TypeMeta{Kind: kind}, ObjectMeta: meta("shop", name)}
}

// TestRankingPartsAreKeptWhenInUse is about the parts whose verdict depends on the
// cluster.
func TestRankingPartsAreKeptWhenInUse(t *testing.T) {
	const wait, now = storagev1.VolumeBindingWaitForFirstConsumer, storagev1.VolumeBindingImmediate
	ephemeral := corev1.PodSpec{Volumes: []corev1.Volume{{VolumeSource: corev1.VolumeSource{Ephemeral: &corev1.EphemeralVolumeSource{
		VolumeClaimTemplate: &corev1.PersistentVolumeClaimTemplate{Spec: corev1.PersistentVolumeClaimSpec{StorageClassName: ptr.To("local")}}}}}}}
	for name, tc := range map[string]struct {
		plugin  string
		objects []metav1.Object
		missing []string
		want    Verdict
		reason  string
	}{
		"no soft taint": {plugin: "TaintToleration",
			objects: []metav1.Object{&corev1.Node{Spec: corev1.NodeSpec{Taints: taint(corev1.TaintEffectNoSchedule)}}}, want: MayGo, reason: "no node has"},
		"a soft taint": {plugin: "TaintToleration",
			objects: []metav1.Object{&corev1.Node{Spec: corev1.NodeSpec{Taints: taint(corev1.TaintEffectPreferNoSchedule)}}}, want: Keep, reason: "in use"},
		"no nodes were looked at": {plugin: "TaintToleration", missing: []string{"Node"}, want: Keep, reason: "nothing is known of Nodes"},

		"no claims":              {plugin: "VolumeBinding", objects: []metav1.Object{class("local", wait, true)}, want: MayGo, reason: "no claim waits"},
		"claims bound at once":   {plugin: "VolumeBinding", objects: []metav1.Object{class("nfs", now, false), claimOf(ptr.To("nfs"))}, want: MayGo},
		"claims that wait":       {plugin: "VolumeBinding", objects: []metav1.Object{claimOf(ptr.To("local")), class("local", wait, false)}, want: Keep, reason: "in use"},
		"the default waits":      {plugin: "VolumeBinding", objects: []metav1.Object{claimOf(nil), class("local", wait, true)}, want: Keep},
		"the default does not":   {plugin: "VolumeBinding", objects: []metav1.Object{claimOf(nil), class("local", wait, false), class("nfs", now, true)}, want: MayGo},
		"a claim of no class":    {plugin: "VolumeBinding", objects: []metav1.Object{claimOf(ptr.To("")), class("local", wait, true)}, want: MayGo},
		"a class by annotation":  {plugin: "VolumeBinding", objects: []metav1.Object{annotated(claimOf(nil), "local"), class("local", wait, false)}, want: Keep},
		"an ephemeral volume":    {plugin: "VolumeBinding", objects: []metav1.Object{pod("a", withSpec(ephemeral)), class("local", wait, false)}, want: Keep},
		"one in a template":      {plugin: "VolumeBinding", objects: []metav1.Object{deployment(ephemeral), class("local", wait, false)}, want: Keep},
		"templates of claims":    {plugin: "VolumeBinding", objects: []metav1.Object{statefulSet("local"), class("local", wait, false)}, want: Keep},
		"no claims looked at":    {plugin: "VolumeBinding", missing: []string{"PersistentVolumeClaim"}, want: Keep, reason: "nothing is known of PersistentVolumeClaims"},
		"no classes looked at":   {plugin: "VolumeBinding", objects: []metav1.Object{claimOf(ptr.To("local"))}, missing: []string{"StorageClass"}, want: Keep, reason: "nothing is known of StorageClasses"},
		"no pods were looked at": {plugin: "VolumeBinding", missing: []string{"Pod"}, want: Keep, reason: "nothing is known of Pods"},

		"no devices":          {plugin: "DynamicResources", want: MayGo, reason: "no devices"},
		"a class of devices":  {plugin: "DynamicResources", objects: []metav1.Object{device("DeviceClass", "gpu")}, want: Keep, reason: "in use"},
		"a device claim":      {plugin: "DynamicResources", objects: []metav1.Object{device("ResourceClaim", "gpu")}, want: Keep},
		"a template of claim": {plugin: "DynamicResources", objects: []metav1.Object{device("ResourceClaimTemplate", "gpu")}, want: Keep},
		"a pod with a claim": {plugin: "DynamicResources",
			objects: []metav1.Object{pod("a", withSpec(corev1.PodSpec{ResourceClaims: []corev1.PodResourceClaim{{Name: "gpu"}}}))}, want: Keep},
		"a workload with a claim": {plugin: "DynamicResources",
			objects: []metav1.Object{deployment(corev1.PodSpec{ResourceClaims: []corev1.PodResourceClaim{{Name: "gpu"}}})}, want: Keep},
		"no device classes looked at": {plugin: "DynamicResources", missing: []string{"DeviceClass"}, want: Keep, reason: "nothing is known of DeviceClasses"},

		"balance is not asked for": {plugin: "NodeResourcesBalancedAllocation", want: MayGo, reason: "nothing asks for it"},
		"nor are images":           {plugin: "ImageLocality", want: MayGo, reason: "nothing asks for it"},
		"load is evened out":       {plugin: "NodeResourcesFit", want: Keep, reason: "it evens out the load"},
	} {
		t.Run(name, func(t *testing.T) {
			f := finding(t, Analyse(inventory(t, tc.missing, tc.objects...), parse(t, trimmed)), tc.plugin, partScores)
			if f.Verdict != tc.want || !strings.Contains(f.Reason, tc.reason) {
				t.Errorf("got %s (%s), want %s (%s)", f.Verdict, f.Reason, tc.want, tc.reason)
			}
		})
	}
}

func annotated(c *corev1.PersistentVolumeClaim, class string) *corev1.PersistentVolumeClaim {
	c.Annotations = map[string]string{corev1.BetaStorageClassAnnotation: class}
	return c
}

func deployment(spec corev1.PodSpec) *appsv1.Deployment {
	return &appsv1.Deployment{ObjectMeta: meta("shop", "cart"), Spec: appsv1.DeploymentSpec{Template: corev1.PodTemplateSpec{Spec: spec}}}
}

func statefulSet(class string) *appsv1.StatefulSet {
	return &appsv1.StatefulSet{ObjectMeta: meta("shop", "db"), Spec: appsv1.StatefulSetSpec{
		VolumeClaimTemplates: []corev1.PersistentVolumeClaim{*claimOf(&class)}}}
}

func finding(t *testing.T, r *Report, plugin, part string) Finding {
	t.Helper()
	for _, f := range r.Plugins {
		if f.Plugin == plugin && f.Part == part {
			return f
		}
	}
	t.Fatalf("nothing was found about %s, %s", plugin, part)
	return Finding{}
}

// TestProtectingPartsAreNeverDropped is the rule above all others: whatever is, or
// is not, in the cluster.
func TestProtectingPartsAreNeverDropped(t *testing.T) {
	for name, missing := range map[string][]string{"nothing is there": nil, "nothing is known": allKinds()} {
		t.Run(name, func(t *testing.T) {
			for _, f := range Analyse(inventory(t, missing), parse(t, trimmed)).Plugins {
				protects := slices.ContainsFunc(f.ExtensionPoints, func(at defaultprofile.Point) bool { return at.Protects() })
				if protects && f.Verdict != Never && !strings.HasPrefix(f.ReplacedBy, "Guarded") {
					t.Errorf("%s protects and gets the verdict %s", f.Name(), f.Verdict)
				}
				if f.Verdict == MayGo && len(f.Missing) > 0 && !strings.Contains(f.Reason, "nothing asks for it") {
					t.Errorf("%s may go although %v is missing", f.Name(), f.Missing)
				}
			}
		})
	}
}

func allKinds() []string {
	var out []string
	for _, k := range Kinds {
		out = append(out, k.Name)
	}
	return out
}

// TestRulesGoThroughTheDefaultProfile holds the rules to the data of the release.
func TestRulesGoThroughTheDefaultProfile(t *testing.T) {
	got := map[string][]defaultprofile.Point{}
	for _, r := range rules {
		if r.part != partDefaults {
			got[r.plugin] = append(got[r.plugin], r.points()...)
		}
		if (r.part == partProtects) != (r.keep+r.unused+r.unasked == "") && r.part != partDefaults {
			t.Errorf("%s %s: a part that protects has a way to go, or one that ranks has none", r.plugin, r.part)
		}
	}
	want := map[string][]defaultprofile.Point{}
	for _, p := range defaultprofile.Plugins() {
		if p.Gate == "" {
			want[p.Name] = p.Points
		}
	}
	// The scores of InterPodAffinity go with its replacement.
	got["InterPodAffinity"] = append(got["InterPodAffinity"], defaultprofile.PreScore, defaultprofile.Score)
	for _, points := range []map[string][]defaultprofile.Point{got, want} {
		for name := range points {
			points[name] = slices.Sorted(slices.Values(points[name]))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-default profile +rules):\n%s", diff)
	}
}

// TestReplacementsAreThoseOfTheConfiguration: what is replaced is said there.
func TestReplacementsAreThoseOfTheConfiguration(t *testing.T) {
	inTree := [2]string{"{name: GuardedPodTopologySpread}, ", ""}
	for name, tc := range map[string]struct {
		changes                            [][2]string
		affinity, spread, scores, defaults Verdict
	}{
		"as shipped":               {affinity: Replaced, spread: Replaced, scores: Replaced, defaults: Replaced},
		"affinity is not disabled": {changes: [][2]string{{", {name: InterPodAffinity}]", "]"}}, affinity: Never, spread: Replaced, scores: Replaced, defaults: Replaced},
		"nothing guards affinity":  {changes: [][2]string{{", {name: GuardedInterPodAffinity}", ""}}, affinity: Never, spread: Replaced, scores: Replaced, defaults: Replaced},
		"nothing guards the constraints, and the defaults are on": {changes: [][2]string{inTree}, affinity: Replaced, spread: Never, scores: Keep, defaults: Keep},
		"nothing guards the constraints, and the defaults are off": {changes: [][2]string{inTree, {"- name: GuardedPodTopologySpread", "- name: PodTopologySpread"}},
			affinity: Replaced, spread: Never, scores: Keep, defaults: Replaced},
		"the default constraints are on": {changes: [][2]string{{"defaultingType: List", "defaultingType: System"}}, affinity: Replaced, spread: Replaced, scores: Replaced, defaults: Keep},
		"nothing spreads":                {changes: [][2]string{{"{name: ReplicaSpread}, ", ""}}, affinity: Replaced, spread: Replaced, scores: Replaced, defaults: Keep},
	} {
		t.Run(name, func(t *testing.T) {
			text := trimmed
			for _, change := range tc.changes {
				text = strings.Replace(text, change[0], change[1], 1)
			}
			r := Analyse(inventory(t, nil), parse(t, text))
			want := []Verdict{tc.affinity, tc.spread, tc.scores, tc.defaults}
			got := []Verdict{
				finding(t, r, "InterPodAffinity", partProtects).Verdict, finding(t, r, "PodTopologySpread", partProtects).Verdict,
				finding(t, r, "PodTopologySpread", partScores).Verdict, finding(t, r, "PodTopologySpread", partDefaults).Verdict,
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("InterPodAffinity, PodTopologySpread, its scores, its defaults (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCostsOfAffinityDependOnTerms(t *testing.T) {
	anti := corev1.PodSpec{Affinity: &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{
		RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{{}}}}}
	for name, tc := range map[string]struct {
		inv  *Inventory
		want string
	}{
		"no term":        {inventory(t, nil), "5 KB allocated"},
		"a term":         {inventory(t, nil, pod("a", withSpec(anti))), "57 to 59 ms CPU"},
		"pods not known": {inventory(t, []string{"Pod"}), "57 to 59 ms CPU"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := finding(t, Analyse(tc.inv, parse(t, trimmed)), "InterPodAffinity", partProtects).Costs[0].String(); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestNotesWarnOfHalfDumps(t *testing.T) {
	here, there := pod("a", nil), pod("b", nil)
	other := pod("c", func(p *corev1.Pod) { p.Namespace = "pay" })
	templates := []string{"ReplicationController", "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob"}
	for name, tc := range map[string]struct {
		inv  *Inventory
		want []string
	}{
		"a whole cluster": {inventory(t, nil, here, other), []string{}},
		"one pod":         {inventory(t, nil, here), []string{}},
		"one namespace":   {inventory(t, nil, here, there), []string{"all pods are in the namespace shop: evidence of the others is missing unless there are none"}},
		"no workloads":    {inventory(t, templates, here, other), []string{"no workloads were looked at: what is scaled to zero, or runs now and then, is not seen"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, Analyse(tc.inv, parse(t, trimmed)).Notes); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestTemplatesCountOnceForTheirOwner goes through all kinds with a template.
func TestTemplatesCountOnceForTheirOwner(t *testing.T) {
	spec := corev1.PodSpec{NodeSelector: map[string]string{"disk": "ssd"}}
	template := corev1.PodTemplateSpec{Spec: spec}
	owned := func(kind string) metav1.ObjectMeta {
		m := meta("shop", "owned")
		m.OwnerReferences = []metav1.OwnerReference{{Kind: kind, Name: "x", Controller: ptr.To(true)}}
		return m
	}
	inv := inventory(t, nil,
		deployment(spec),
		&appsv1.ReplicaSet{ObjectMeta: owned("Deployment"), Spec: appsv1.ReplicaSetSpec{Template: template}},
		&appsv1.ReplicaSet{ObjectMeta: meta("shop", "alone"), Spec: appsv1.ReplicaSetSpec{Template: template}},
		&appsv1.StatefulSet{ObjectMeta: meta("shop", "sts"), Spec: appsv1.StatefulSetSpec{Template: template}},
		&appsv1.DaemonSet{ObjectMeta: meta("shop", "ds"), Spec: appsv1.DaemonSetSpec{Template: template}},
		&corev1.ReplicationController{ObjectMeta: meta("shop", "rc"), Spec: corev1.ReplicationControllerSpec{Template: &template}},
		&corev1.ReplicationController{ObjectMeta: meta("shop", "rc-without")},
		&batchv1.Job{ObjectMeta: owned("CronJob"), Spec: batchv1.JobSpec{Template: template}},
		&batchv1.Job{ObjectMeta: meta("shop", "job"), Spec: batchv1.JobSpec{Template: template}},
		&batchv1.CronJob{ObjectMeta: meta("shop", "cron"), Spec: batchv1.CronJobSpec{JobTemplate: batchv1.JobTemplateSpec{Spec: batchv1.JobSpec{Template: template}}}},
		pod("a", withSpec(spec)), pod("b", withSpec(spec)),
	)
	want := &Evidence{What: string(podsSelecting), Count: 2, Templates: 7, Examples: []string{"shop/a", "shop/b", "CronJob shop/cron"}}
	if diff := cmp.Diff(want, inv.evidence(podsSelecting)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

var mustParse = resource.MustParse
