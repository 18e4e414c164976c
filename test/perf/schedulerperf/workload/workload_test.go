// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel/evenkeel/test/perf/schedulerperf/contender"
)

// TestEveryWorkloadHasEverySize checks the file as a whole: a size that one
// workload lacks would only be missed after the others have run for an hour.
func TestEveryWorkloadHasEverySize(t *testing.T) {
	names, err := Names()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"SchedulingBasic", "DefaultTopologySpreading", "PreferredAntiAffinity", "PodMatchingAntiAffinity", "MixedChurn", "Unschedulable"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("workloads (-want +got):\n%s", diff)
	}
	nodes := map[string]int{Smoke: 120, Nodes1000: 1000, Nodes5000: 5000}
	for _, name := range names {
		for _, size := range Sizes() {
			w, err := Load(name, size)
			if err != nil {
				t.Error(err)
				continue
			}
			if w.Shape.Nodes != nodes[size] || w.Shape.MeasuredPods == 0 {
				t.Errorf("%s: %+v", w, w.Shape)
			}
		}
	}
	if _, err := Load("SchedulingBasic", "2000"); err == nil {
		t.Error("a size that is not there was loaded")
	}
}

// TestPreparedFolderIsComplete: a path that leads nowhere fails only when
// scheduler_perf gets there.
func TestPreparedFolderIsComplete(t *testing.T) {
	c, err := contender.Load(contender.Null, "")
	if err != nil {
		t.Fatal(err)
	}
	c.FeatureGates = map[string]bool{"Some": true}
	names, err := Names()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		w, err := Load(name, Smoke)
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if err := w.Prepare(dir, c); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(dir, ConfigFile))
		if err != nil {
			t.Fatal(err)
		}
		var cases []struct {
			Name, SchedulerConfigPath string
			FeatureGates              map[string]bool
			Workloads                 []struct{ Name string }
		}
		if err := yaml.Unmarshal(text, &cases); err != nil {
			t.Fatal(err)
		}
		if len(cases) != 1 || cases[0].Name != name || len(cases[0].Workloads) != 1 || cases[0].Workloads[0].Name != Smoke || !cases[0].FeatureGates["Some"] {
			t.Errorf("%s: want this case alone, in one size and with the gate:\n%s", name, text)
		}
		paths := regexp.MustCompile(`templates/[a-z-]+\.yaml`).FindAllString(string(text), -1)
		if len(paths) < 2 {
			t.Errorf("%s: only %v", name, paths)
		}
		for _, path := range append(paths, cases[0].SchedulerConfigPath) {
			if _, err := os.Stat(filepath.Join(dir, path)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestOwnerIsFilledIn(t *testing.T) {
	w, err := Load("DefaultTopologySpreading", Smoke)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := w.Prepare(dir, &contender.Contender{}); err != nil {
		t.Fatal(err)
	}
	read := func() string {
		t.Helper()
		text, err := os.ReadFile(filepath.Join(dir, templates, ownedTemplate))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	if err := FillInOwner(t.Context(), fake.NewClientset(), dir); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(read(), ownerUID) {
		t.Error("an owner was filled in although there is none")
	}
	set := &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Namespace: "service-0", Name: "service", UID: "1234"}}
	if err := FillInOwner(t.Context(), fake.NewClientset(set), dir); err != nil {
		t.Fatal(err)
	}
	var pod corev1.Pod
	if err := yaml.UnmarshalStrict([]byte(read()), &pod); err != nil {
		t.Fatal(err)
	}
	if owner := metav1.GetControllerOf(&pod); owner == nil || owner.UID != "1234" {
		t.Errorf("the owner is %+v", owner)
	}
}

func TestPlacementCountsReplicasOnly(t *testing.T) {
	var nodes []corev1.Node
	for name, rack := range map[string]string{"n1": "r1", "n2": "r1", "n3": "r2"} {
		nodes = append(nodes, corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{
			"kubernetes.io/hostname": name, "topology.evenkeel.io/rack": rack, "topology.kubernetes.io/zone": "z",
		}}})
	}
	pod := func(node string, owned bool) corev1.Pod {
		p := corev1.Pod{Spec: corev1.PodSpec{NodeName: node}}
		if owned {
			controller := true
			p.OwnerReferences = []metav1.OwnerReference{{Kind: "ReplicaSet", Name: "service", Controller: &controller}}
		}
		return p
	}
	if got := placementOf(nodes, []corev1.Pod{pod("n1", false)}); got != nil {
		t.Errorf("bare pods have a placement: %+v", got)
	}
	got := placementOf(nodes, []corev1.Pod{pod("n1", true), pod("n1", true), pod("n2", true), pod("", true), pod("n3", false)})
	want := &Placement{WorstHost: 2, IdealHost: 1, WorstRack: 3, IdealRack: 2, WorstZone: 3, IdealZone: 3}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
