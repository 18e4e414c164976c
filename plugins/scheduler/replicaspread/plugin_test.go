// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replicaspread

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/backend/cache"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	frameworkruntime "k8s.io/kubernetes/pkg/scheduler/framework/runtime"
	st "k8s.io/kubernetes/pkg/scheduler/testing"

	"github.com/evenkeel/evenkeel/api/config"
)

func testArgs() *config.ReplicaSpreadArgs {
	return &config.ReplicaSpreadArgs{
		Levels: []config.SpreadLevel{
			{Name: config.LevelHost, Labels: []string{"metal", corev1.LabelHostname}, Weight: 60},
			{Name: config.LevelRack, Labels: []string{"rack"}, Weight: 25},
			{Name: config.LevelZone, Labels: []string{corev1.LabelTopologyZone}, Weight: 15},
		},
		FamilyWeightPercent: 25,
	}
}

func testHandle(t *testing.T, snapshot fwk.SharedLister) fwk.Handle {
	t.Helper()
	handle, err := frameworkruntime.NewFramework(t.Context(), nil, nil, frameworkruntime.WithSnapshotSharedLister(snapshot))
	if err != nil {
		t.Fatal(err)
	}
	return handle
}

func replica(name, owner string) *corev1.Pod {
	pod := st.MakePod().Namespace("shop").Name(name).UID(name).Label("app", owner).
		OwnerReference(owner, schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "StatefulSet"}).Obj()
	pod.OwnerReferences[0].UID = types.UID(owner)
	return pod
}

func TestNewRefusesWrongArgs(t *testing.T) {
	negative := testArgs()
	negative.Levels[1].Weight = -1
	for name, tc := range map[string]struct {
		args runtime.Object
		want string
	}{
		"none":              {args: nil, want: "want args to be of type ReplicaSpreadArgs, got <nil>"},
		"not registered":    {args: &runtime.Unknown{}, want: "want args to be of type ReplicaSpreadArgs, got *runtime.Unknown"},
		"a negative weight": {args: negative, want: "pluginConfig[ReplicaSpread].args.levels[1].weight: Invalid value: -1"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(t.Context(), tc.args, testHandle(t, cache.NewEmptySnapshot()))
			if err == nil || !strings.HasPrefix(err.Error(), tc.want) {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
}

func TestFactorySharesTheIndexOfEqualLevels(t *testing.T) {
	snapshot, factory := cache.NewEmptySnapshot(), NewFactory()
	plugin := func(args *config.ReplicaSpreadArgs, snapshot fwk.SharedLister) *ReplicaSpread {
		pl, err := factory(t.Context(), args, testHandle(t, snapshot))
		if err != nil {
			t.Fatal(err)
		}
		return pl.(*ReplicaSpread)
	}
	first := plugin(testArgs(), snapshot)
	otherWeights, otherLabels := testArgs(), testArgs()
	otherWeights.Levels[0].Weight = 1
	otherLabels.Levels[1].Labels = []string{"row"}
	if plugin(otherWeights, snapshot).counter != first.counter {
		t.Error("a profile that differs in its weights has an index of its own")
	}
	if plugin(otherLabels, snapshot).counter == first.counter {
		t.Error("a profile that differs in its labels shares the index")
	}
	for name, change := range map[string]func(*config.ReplicaSpreadArgs){
		"nesting":       func(args *config.ReplicaSpreadArgs) { args.Levels[1].Nested = true },
		"workload keys": func(args *config.ReplicaSpreadArgs) { args.WorkloadKeys = []string{"app"} },
		"family keys":   func(args *config.ReplicaSpreadArgs) { args.FamilyKeys = []string{"app"} },
		"kinds":         func(args *config.ReplicaSpreadArgs) { args.IncludeKinds = []config.OwnerKind{config.KindJob} },
		"level names": func(args *config.ReplicaSpreadArgs) {
			args.Levels = args.Levels[:2]
			args.Levels[1].Name = config.LevelZone
		},
	} {
		other := testArgs()
		change(other)
		if plugin(other, snapshot).counter == first.counter {
			t.Errorf("a profile that differs in its %s shares the index", name)
		}
	}
	if plugin(testArgs(), cache.NewEmptySnapshot()).counter == first.counter {
		t.Error("a profile of another scheduler shares the index")
	}
}

// TestSkippedPodsAreTheSignedOnes pins what batching relies on: PreScore skips
// exactly the pods that SignPod signs.
func TestSkippedPodsAreTheSignedOnes(t *testing.T) {
	node := st.MakeNode().Name("a").Obj()
	snapshot := cache.NewSnapshot(nil, []*corev1.Node{node})
	pl, err := New(t.Context(), testArgs(), testHandle(t, snapshot))
	if err != nil {
		t.Fatal(err)
	}
	infos, err := snapshot.NodeInfos().List()
	if err != nil {
		t.Fatal(err)
	}
	job := replica("batch-1", "batch")
	job.OwnerReferences[0].Kind = "Job"
	for name, tc := range map[string]struct {
		pod        *corev1.Pod
		wantSpread bool
	}{
		"a replica":        {pod: replica("db-1", "db"), wantSpread: true},
		"a Job":            {pod: job},
		"a bare pod":       {pod: st.MakePod().Name("tool").Obj()},
		"a Job with a cap": {pod: withCaps(job.DeepCopy(), "zone", "1"), wantSpread: true},
	} {
		t.Run(name, func(t *testing.T) {
			status := pl.(fwk.PreScorePlugin).PreScore(t.Context(), framework.NewCycleState(), tc.pod, infos)
			if status.IsSkip() == tc.wantSpread {
				t.Errorf("PreScore returned %v", status)
			}
			fragments, status := pl.(fwk.SignPlugin).SignPod(t.Context(), tc.pod)
			if status.IsSuccess() == tc.wantSpread || len(fragments) != 0 {
				t.Errorf("SignPod returned %v and %v", fragments, status)
			}
		})
	}
}

// TestNormalizeScoreMatchesByName gives the scores in another order than the
// candidates, and then a node that was none.
func TestNormalizeScoreMatchesByName(t *testing.T) {
	nodes := []*corev1.Node{st.MakeNode().Name("a").Obj(), st.MakeNode().Name("b").Obj(), st.MakeNode().Name("c").Obj()}
	placed := replica("db-1", "db")
	placed.Spec.NodeName = "b"
	snapshot := cache.NewSnapshot([]*corev1.Pod{placed}, nodes)
	obj, err := New(t.Context(), testArgs(), testHandle(t, snapshot))
	if err != nil {
		t.Fatal(err)
	}
	pl := obj.(*ReplicaSpread)
	var infos []fwk.NodeInfo
	for _, node := range nodes {
		info, err := snapshot.NodeInfos().Get(node.Name)
		if err != nil {
			t.Fatal(err)
		}
		infos = append(infos, info)
	}
	state, pod := framework.NewCycleState(), replica("db-2", "db")
	if status := pl.NormalizeScore(t.Context(), state, pod, nil); status.Code() != fwk.Error {
		t.Errorf("without PreScore: %v", status)
	}
	if status := pl.PreScore(t.Context(), state, pod, infos); !status.IsSuccess() {
		t.Fatal(status)
	}
	scores := fwk.NodeScoreList{{Name: "c"}, {Name: "b"}, {Name: "a"}}
	if status := pl.NormalizeScore(t.Context(), state, pod, scores); !status.IsSuccess() {
		t.Fatal(status)
	}
	if scores[1].Score != 0 || scores[0].Score < 99 || scores[2].Score < 99 {
		t.Errorf("the node with the replica is b, but the scores are %v", scores)
	}
	if status := pl.NormalizeScore(t.Context(), state, pod, fwk.NodeScoreList{{Name: "d"}}); status.Code() != fwk.Error {
		t.Errorf("a node that was no candidate: %v", status)
	}
}

func TestDeclares(t *testing.T) {
	self := &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}}
	other := &metav1.LabelSelector{MatchLabels: map[string]string{"app": "database"}}
	pod := func() *st.PodWrapper { return st.MakePod().Namespace("shop").Label("app", "web") }
	inNamespaces := func(namespaces []string, selector *metav1.LabelSelector) *corev1.Pod {
		p := pod().PodAntiAffinity("rack", self, st.PodAntiAffinityWithRequiredReq).Obj()
		term := &p.Spec.Affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution[0]
		term.Namespaces, term.NamespaceSelector = namespaces, selector
		return p
	}
	for name, tc := range map[string]struct {
		pod  *corev1.Pod
		want bool
	}{
		"nothing":                         {pod: pod().Obj()},
		"a hard constraint":               {pod: pod().SpreadConstraint(1, "rack", corev1.DoNotSchedule, self, nil, nil, nil, nil).Obj(), want: true},
		"a soft constraint":               {pod: pod().SpreadConstraint(1, "rack", corev1.ScheduleAnyway, self, nil, nil, nil, nil).Obj(), want: true},
		"a constraint on another key":     {pod: pod().SpreadConstraint(1, "zone", corev1.DoNotSchedule, self, nil, nil, nil, nil).Obj()},
		"a constraint on other pods":      {pod: pod().SpreadConstraint(1, "rack", corev1.DoNotSchedule, other, nil, nil, nil, nil).Obj()},
		"required anti-affinity":          {pod: pod().PodAntiAffinity("rack", self, st.PodAntiAffinityWithRequiredReq).Obj(), want: true},
		"preferred anti-affinity":         {pod: pod().PodAntiAffinity("rack", self, st.PodAntiAffinityWithPreferredReq).Obj(), want: true},
		"anti-affinity to a database":     {pod: pod().PodAntiAffinity("rack", other, st.PodAntiAffinityWithRequiredReq).Obj()},
		"affinity":                        {pod: pod().PodAffinity("rack", self, st.PodAffinityWithRequiredReq).Obj()},
		"anti-affinity in its namespace":  {pod: inNamespaces([]string{"shop"}, nil), want: true},
		"anti-affinity in another":        {pod: inNamespaces([]string{"bank"}, nil)},
		"anti-affinity in all namespaces": {pod: inNamespaces(nil, &metav1.LabelSelector{}), want: true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := declares(tc.pod, []string{"row", "rack"}); got != tc.want {
				t.Errorf("got %t, want %t", got, tc.want)
			}
		})
	}
}
