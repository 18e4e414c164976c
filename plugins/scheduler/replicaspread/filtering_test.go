// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replicaspread

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/backend/cache"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	st "k8s.io/kubernetes/pkg/scheduler/testing"

	"github.com/evenkeel/evenkeel/plugins/scheduler/replicaspread/index"
)

// placed returns the pod on a node, with a priority.
func placed(pod *corev1.Pod, node string, priority int32) *corev1.Pod {
	pod.Spec.NodeName, pod.Spec.Priority = node, &priority
	return pod
}

func terminating(pod *corev1.Pod) *corev1.Pod {
	pod.DeletionTimestamp = &metav1.Time{}
	return pod
}

// filterCluster has three nodes. a and b are virtual machines on one host and in
// one rack; c is in another rack of the same zone.
func filterCluster(t *testing.T, pods ...*corev1.Pod) (*ReplicaSpread, *cache.Snapshot) {
	t.Helper()
	snapshot := cache.NewSnapshot(pods, []*corev1.Node{
		st.MakeNode().Name("a").Label("metal", "m1").Label("rack", "r1").Label(corev1.LabelTopologyZone, "z1").Obj(),
		st.MakeNode().Name("b").Label("metal", "m1").Label("rack", "r1").Label(corev1.LabelTopologyZone, "z1").Obj(),
		st.MakeNode().Name("c").Label("metal", "m2").Label("rack", "r2").Label(corev1.LabelTopologyZone, "z1").Obj(),
	})
	pl, err := New(t.Context(), testArgs(), testHandle(t, snapshot))
	if err != nil {
		t.Fatal(err)
	}
	return pl.(*ReplicaSpread), snapshot
}

func nodeInfo(t *testing.T, snapshot *cache.Snapshot, name string) fwk.NodeInfo {
	t.Helper()
	info, err := snapshot.Get(name)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func TestFilter(t *testing.T) {
	on := func(node, name string) *corev1.Pod { return placed(replica(name, "db"), node, 0) }
	const would = "node(s) would exceed "
	for name, tc := range map[string]struct {
		pods []*corev1.Pod
		pod  *corev1.Pod
		want map[string]*fwk.Status
	}{
		"nothing is placed": {
			pod: withCaps(replica("db-9", "db"), "host", "1", "rack", "1", "zone", "1"),
		},
		"a cap on the host counts both virtual machines": {
			pods: []*corev1.Pod{on("a", "db-1")},
			pod:  withCaps(replica("db-9", "db"), "host", "1"),
			want: map[string]*fwk.Status{
				"a": fwk.NewStatus(fwk.UnschedulableAndUnresolvable, would+"max-per-host 1 of StatefulSet db"),
				"b": fwk.NewStatus(fwk.UnschedulableAndUnresolvable, would+"max-per-host 1 of StatefulSet db"),
			},
		},
		"up to the cap": {
			pods: []*corev1.Pod{on("a", "db-1")},
			pod:  withCaps(replica("db-9", "db"), "host", "2", "rack", "2", "zone", "2"),
		},
		"all levels that are exceeded are named": {
			pods: []*corev1.Pod{on("a", "db-1"), on("c", "db-2")},
			pod:  withCaps(replica("db-9", "db"), "rack", "1", "zone", "2", "host", "2"),
			want: map[string]*fwk.Status{
				"a": fwk.NewStatus(fwk.UnschedulableAndUnresolvable, would+"max-per-rack 1 of StatefulSet db", would+"max-per-zone 2 of StatefulSet db"),
				"b": fwk.NewStatus(fwk.UnschedulableAndUnresolvable, would+"max-per-rack 1 of StatefulSet db", would+"max-per-zone 2 of StatefulSet db"),
				"c": fwk.NewStatus(fwk.UnschedulableAndUnresolvable, would+"max-per-rack 1 of StatefulSet db", would+"max-per-zone 2 of StatefulSet db"),
			},
		},
		"a percentage is of the replicas with this one": {
			pods: []*corev1.Pod{on("a", "db-1"), on("c", "db-2"), on("a", "db-3")},
			pod:  withCaps(replica("db-9", "db"), "rack", "50%"),
			want: map[string]*fwk.Status{
				"a": fwk.NewStatus(fwk.UnschedulableAndUnresolvable, would+"max-per-rack 50 percent (2 of 4 replicas) of StatefulSet db"),
				"b": fwk.NewStatus(fwk.UnschedulableAndUnresolvable, would+"max-per-rack 50 percent (2 of 4 replicas) of StatefulSet db"),
			},
		},
		"terminating pods and those of others do not count": {
			pods: []*corev1.Pod{terminating(on("a", "db-1")), placed(replica("web-1", "web"), "a", 0)},
			pod:  withCaps(replica("db-9", "db"), "zone", "1"),
		},
		"a replica of lower priority on the node can be preempted": {
			pods: []*corev1.Pod{on("a", "db-1")},
			pod:  withCaps(placed(replica("db-9", "db"), "", 10), "rack", "1"),
			want: map[string]*fwk.Status{
				"a": fwk.NewStatus(fwk.Unschedulable, would+"max-per-rack 1 of StatefulSet db"),
				"b": fwk.NewStatus(fwk.UnschedulableAndUnresolvable, would+"max-per-rack 1 of StatefulSet db"),
			},
		},
		"not if one would not be enough": {
			pods: []*corev1.Pod{on("a", "db-1"), on("b", "db-2"), on("c", "db-3")},
			pod:  withCaps(placed(replica("db-9", "db"), "", 10), "host", "1", "zone", "3"),
			want: map[string]*fwk.Status{
				"a": fwk.NewStatus(fwk.UnschedulableAndUnresolvable, would+"max-per-host 1 of StatefulSet db", would+"max-per-zone 3 of StatefulSet db"),
				"b": fwk.NewStatus(fwk.UnschedulableAndUnresolvable, would+"max-per-host 1 of StatefulSet db", would+"max-per-zone 3 of StatefulSet db"),
				"c": fwk.NewStatus(fwk.Unschedulable, would+"max-per-host 1 of StatefulSet db", would+"max-per-zone 3 of StatefulSet db"),
			},
		},
		"others of lower priority are no help": {
			pods: []*corev1.Pod{on("c", "db-1"), placed(replica("web-1", "web"), "c", 0), terminating(on("c", "db-2"))},
			pod:  withCaps(placed(replica("db-9", "db"), "", 0), "rack", "1"),
			want: map[string]*fwk.Status{
				"c": fwk.NewStatus(fwk.UnschedulableAndUnresolvable, would+"max-per-rack 1 of StatefulSet db"),
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			pl, snapshot := filterCluster(t, tc.pods...)
			state := framework.NewCycleState()
			if _, status := pl.PreFilter(t.Context(), state, tc.pod, nil); !status.IsSuccess() {
				t.Fatal(status)
			}
			got := map[string]*fwk.Status{}
			for _, node := range []string{"a", "b", "c"} {
				if status := pl.Filter(t.Context(), state, tc.pod, nodeInfo(t, snapshot, node)); status != nil {
					got[node] = status
				}
			}
			want := tc.want
			if want == nil {
				want = map[string]*fwk.Status{}
			}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(fwk.Status{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestPreFilterDecidesWhoIsFiltered(t *testing.T) {
	job := replica("batch-1", "batch")
	job.OwnerReferences[0].Kind = "Job"
	for name, tc := range map[string]struct {
		pod        *corev1.Pod
		wantCode   fwk.Code
		wantReason string
	}{
		"a replica without caps":      {pod: replica("db-1", "db"), wantCode: fwk.Skip},
		"with one":                    {pod: withCaps(replica("db-1", "db"), "rack", "1"), wantCode: fwk.Success},
		"a pod of a Job with one":     {pod: withCaps(job, "rack", "1"), wantCode: fwk.Success},
		"a bare pod has no replicas":  {pod: withCaps(st.MakePod().Name("tool").Obj(), "rack", "1"), wantCode: fwk.Skip},
		"one that is placed, resized": {pod: withCaps(placed(replica("db-1", "db"), "a", 0), "rack", "0"), wantCode: fwk.Skip},
		"a wrong value": {
			pod:        withCaps(replica("db-1", "db"), "rack", "few"),
			wantCode:   fwk.UnschedulableAndUnresolvable,
			wantReason: `annotation spread.evenkeel.io/max-per-rack is "few": give a count from 1, such as "2", or a number from 1 to 100 with a percent sign`,
		},
		"a wrong value on a bare pod": {
			pod:        withCaps(st.MakePod().Name("tool").Obj(), "row", "1"),
			wantCode:   fwk.UnschedulableAndUnresolvable,
			wantReason: `annotation "spread.evenkeel.io/max-per-row" names no level: end it with one of host, rack, zone, or remove it`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			pl, _ := filterCluster(t)
			result, status := pl.PreFilter(t.Context(), framework.NewCycleState(), tc.pod, nil)
			if result != nil || status.Code() != tc.wantCode || status.Message() != tc.wantReason {
				t.Errorf("got %v and %v, want %v %q", result, status, tc.wantCode, tc.wantReason)
			}
			// A pod that is not skipped must never be placed by another's verdicts.
			if _, signed := pl.SignPod(t.Context(), tc.pod); signed.IsSuccess() && tc.wantCode != fwk.Skip {
				t.Error("the pod is signed")
			}
		})
	}
}

func TestFilterNeedsAStateOfThisCycle(t *testing.T) {
	pl, snapshot := filterCluster(t)
	pod, state := withCaps(replica("db-1", "db"), "rack", "1"), framework.NewCycleState()
	a := nodeInfo(t, snapshot, "a")
	if status := pl.Filter(t.Context(), state, pod, a); status.Code() != fwk.Error {
		t.Errorf("without PreFilter: %v", status)
	}
	if status := pl.AddPod(t.Context(), state, pod, mustPodInfo(t, pod), a); status.Code() != fwk.Error {
		t.Errorf("AddPod without PreFilter: %v", status)
	}
	if _, status := pl.PreFilter(t.Context(), state, pod, nil); !status.IsSuccess() {
		t.Fatal(status)
	}
	stranger := framework.NewNodeInfo()
	stranger.SetNode(st.MakeNode().Name("stranger").Obj())
	if status := pl.Filter(t.Context(), state, pod, stranger); status.Code() != fwk.Error {
		t.Errorf("a node that is not in the snapshot: %v", status)
	}
	a.AddPodInfo(mustPodInfo(t, placed(replica("db-2", "db"), "a", 0)))
	if _, status := pl.PreFilter(t.Context(), framework.NewCycleState(), pod, nil); !status.IsSuccess() {
		t.Fatal(status)
	}
	if status := pl.Filter(t.Context(), state, pod, a); !errors.Is(status.AsError(), index.ErrMoved) {
		t.Errorf("a state of an earlier cycle: %v", status)
	}
}

func mustPodInfo(t *testing.T, pod *corev1.Pod) fwk.PodInfo {
	t.Helper()
	info, err := framework.NewPodInfo(pod)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// TestStatesOfAPodGroupStand places one pod of a group on trial while the state
// of another is kept, as the scheduler does.
func TestStatesOfAPodGroupStand(t *testing.T) {
	pl, snapshot := filterCluster(t)
	group := "all-or-none"
	pod := func(name string) *corev1.Pod {
		p := withCaps(replica(name, "db"), "rack", "1")
		p.Spec.SchedulingGroup = &corev1.PodSchedulingGroup{PodGroupName: &group}
		return p
	}
	first, second := framework.NewCycleState(), framework.NewCycleState()
	if _, status := pl.PreFilter(t.Context(), first, pod("db-1"), nil); !status.IsSuccess() {
		t.Fatal(status)
	}
	onTrial, err := framework.NewPodInfo(placed(pod("db-1"), "a", 0))
	if err != nil {
		t.Fatal(err)
	}
	if err := snapshot.AssumePod(onTrial); err != nil {
		t.Fatal(err)
	}
	if _, status := pl.PreFilter(t.Context(), second, pod("db-2"), nil); !status.IsSuccess() {
		t.Fatal(status)
	}
	if status := pl.Filter(t.Context(), first, pod("db-1"), nodeInfo(t, snapshot, "a")); !status.IsSuccess() {
		t.Errorf("the first pod, before itself was placed: %v", status)
	}
	if status := pl.Filter(t.Context(), second, pod("db-2"), nodeInfo(t, snapshot, "b")); status.IsSuccess() {
		t.Error("the second pod does not see the first one in its rack")
	}
}
