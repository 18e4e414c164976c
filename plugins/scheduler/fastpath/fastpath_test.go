// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package fastpath

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/tools/events"
	"k8s.io/component-base/metrics/testutil"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler"
	schedulerconfig "k8s.io/kubernetes/pkg/scheduler/apis/config"
	schedulerscheme "k8s.io/kubernetes/pkg/scheduler/apis/config/scheme"
	internalcache "k8s.io/kubernetes/pkg/scheduler/backend/cache"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	frameworkruntime "k8s.io/kubernetes/pkg/scheduler/framework/runtime"
	"k8s.io/kubernetes/pkg/scheduler/profile"
	st "k8s.io/kubernetes/pkg/scheduler/testing"

	configscheme "github.com/evenkeel/evenkeel/api/config/scheme"
	"github.com/evenkeel/evenkeel/plugins/scheduler/guardedinterpodaffinity"
	"github.com/evenkeel/evenkeel/plugins/scheduler/guardedpodtopologyspread"
	"github.com/evenkeel/evenkeel/plugins/scheduler/podindex"
	"github.com/evenkeel/evenkeel/plugins/scheduler/replicaspread"
)

// install does once what a main does first.
var install = sync.OnceValue(configscheme.Install)

const profileText = `
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
- schedulerName: default-scheduler
  plugins:
    multiPoint:
      enabled:
      - name: ReplicaSpread
        weight: 10
      disabled:
      - name: ImageLocality
  pluginConfig:
  - name: PodTopologySpread
    args: {defaultingType: List}
  - name: ReplicaSpread
    args: {candidates: %d}
%s`

// hall is a scheduler whose snapshot has nodes in racks and no pods.
type hall struct {
	// configured are the profiles as the configuration has them.
	configured []schedulerconfig.KubeSchedulerProfile
	*scheduler.Scheduler
	snapshot *internalcache.Snapshot
	// plain is the original SchedulePod, and original the number of its calls.
	plain    schedulePod
	original int
	probe    probe
}

func newHall(t *testing.T, nodes, minNodes, candidates int, opts ...scheduler.Option) *hall {
	t.Helper()
	var all []*corev1.Node
	for i := range nodes {
		all = append(all, labelled(i).Obj())
	}
	return newHallOf(t, all, minNodes, fmt.Sprintf(profileText, candidates, ""), opts...)
}

// labelled is a node in a rack of ten, in one of three zones.
func labelled(i int) *st.NodeWrapper {
	return st.MakeNode().Name(fmt.Sprintf("node-%03d", i)).Label("topology.evenkeel.io/rack", fmt.Sprint(i/10)).
		Label("topology.kubernetes.io/zone", fmt.Sprint(i/10%3)).Label("number", fmt.Sprint(i)).
		Capacity(map[corev1.ResourceName]string{"cpu": "64", "memory": "256Gi", "pods": "100"})
}

func newHallOf(t *testing.T, nodes []*corev1.Node, minNodes int, config string, opts ...scheduler.Option) *hall {
	t.Helper()
	return newHallWith(t, fake.NewClientset(), nodes, minNodes, config, opts...)
}

// newHallWith has an API server with some objects.
func newHallWith(t *testing.T, client *fake.Clientset, nodes []*corev1.Node, minNodes int, config string, opts ...scheduler.Option) *hall {
	t.Helper()
	if err := install(); err != nil {
		t.Fatal(err)
	}
	obj, _, err := schedulerscheme.Codecs.UniversalDecoder().Decode([]byte(config), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	snapshot := internalcache.NewEmptySnapshot()
	broadcaster := events.NewBroadcaster(&events.EventSinkImpl{Interface: client.EventsV1()})
	t.Cleanup(broadcaster.Shutdown)
	h := &hall{snapshot: snapshot}
	h.configured = obj.(*schedulerconfig.KubeSchedulerConfiguration).Profiles
	known, pods := informers.NewSharedInformerFactory(client, 0), &podindex.Indexes{}
	h.Scheduler, err = scheduler.New(t.Context(), client, known, nil, profile.NewRecorderFactory(broadcaster),
		append(opts, scheduler.WithProfiles(h.configured...),
			scheduler.WithNodeInfoSnapshot(snapshot),
			scheduler.WithFrameworkOutOfTreeRegistry(frameworkruntime.Registry{
				replicaspread.Name: replicaspread.NewFactory(),
				// Only profiles that name them have them.
				guardedinterpodaffinity.Name:  guardedinterpodaffinity.NewFactory(pods),
				guardedpodtopologyspread.Name: guardedpodtopologyspread.NewFactory(pods),
				probeName:                     func(context.Context, runtime.Object, fwk.Handle) (fwk.Plugin, error) { return &h.probe, nil },
			}))...)
	if err != nil {
		t.Fatal(err)
	}
	known.Start(t.Context().Done())
	// The cache of DeviceClasses is filled by a handler, after the informer's own.
	if err := h.WaitForHandlersSync(t.Context()); err != nil {
		t.Fatal(err)
	}
	logger := klog.FromContext(t.Context())
	for _, node := range nodes {
		h.Cache.AddNode(logger, node)
	}
	if err := h.Cache.UpdateSnapshot(logger, snapshot); err != nil {
		t.Fatal(err)
	}
	h.plain = h.SchedulePod
	h.SchedulePod = func(ctx context.Context, f framework.Framework, state fwk.CycleState, podInfo *framework.QueuedPodInfo) (scheduler.ScheduleResult, error) {
		h.original++
		return h.plain(ctx, f, state, podInfo)
	}
	Install(t.Context(), h.Scheduler, Options{MinNodes: minNodes, Profiles: h.configured})
	return h
}

func (h *hall) schedule(t *testing.T, pod *corev1.Pod) (scheduler.ScheduleResult, error) {
	t.Helper()
	return h.scheduleBy(t, h.SchedulePod, framework.NewCycleState(), pod)
}

// scheduleBy has one of the two ways look for a node.
func (h *hall) scheduleBy(t *testing.T, way schedulePod, state *framework.CycleState, pod *corev1.Pod) (scheduler.ScheduleResult, error) {
	t.Helper()
	info, err := framework.NewPodInfo(pod)
	if err != nil {
		t.Fatal(err)
	}
	state.Write(framework.PodsToActivateKey, framework.NewPodsToActivate())
	return way(t.Context(), h.Profiles["default-scheduler"], state, &framework.QueuedPodInfo{PodInfo: info})
}

func testPod() *st.PodWrapper {
	return st.MakePod().Namespace("shop").Name("web").UID("web").SchedulerName("default-scheduler").Req(map[corev1.ResourceName]string{"cpu": "100m", "memory": "256Mi"})
}

// TestWhatIsPlacedByTheFastPath goes through the reasons for leaving a pod to the
// original function. That all verdicts are the same is for test/differential.
func TestWhatIsPlacedByTheFastPath(t *testing.T) {
	pvc := st.MakePod().PVC("data").Obj().Spec.Volumes
	claimed := testPod().Obj()
	claimed.Spec.ResourceClaims = []corev1.PodResourceClaim{{Name: "gpu"}}
	withVolumes := testPod().Obj()
	withVolumes.Spec.Volumes = pvc
	withEphemeral := testPod().Obj()
	withEphemeral.Spec.Volumes = []corev1.Volume{{Name: "data", VolumeSource: corev1.VolumeSource{Ephemeral: &corev1.EphemeralVolumeSource{}}}}
	grouped := testPod().Obj()
	grouped.Spec.SchedulingGroup = &corev1.PodSchedulingGroup{}
	preferring := testPod().Obj()
	preferring.Spec.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{PreferredDuringSchedulingIgnoredDuringExecution: []corev1.PreferredSchedulingTerm{{
		Weight: 10, Preference: corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{{Key: "number", Operator: corev1.NodeSelectorOpIn, Values: []string{"177"}}}},
	}}}}
	for name, tc := range map[string]struct {
		pod                         *corev1.Pod
		nodes, minNodes, candidates int
		want                        reason
		// wantErr is a part of the error of a pod that fits nowhere.
		wantErr string
	}{
		"a plain pod":                       {pod: testPod().Obj(), want: placed},
		"a pod with a node selector":        {pod: testPod().NodeSelector(map[string]string{"topology.kubernetes.io/zone": "1"}).Obj(), want: placed},
		"required anti-affinity":            {pod: testPod().PodAntiAffinityExists("app", corev1.LabelHostname, st.PodAntiAffinityWithRequiredReq).Obj(), want: placed},
		"a small cluster":                   {pod: testPod().Obj(), nodes: 100, minNodes: DefaultMinNodes, want: fewNodes},
		"switched off in the arguments":     {pod: testPod().Obj(), candidates: -1, want: noSource},
		"a nominated pod":                   {pod: testPod().NominatedNodeName("node-007").Obj(), want: nominated},
		"volumes":                           {pod: withVolumes, want: volumes, wantErr: `persistentvolumeclaim "data" not found`},
		"a volume that is made for it":      {pod: withEphemeral, want: volumes, wantErr: "waiting for ephemeral volume controller"},
		"claims of devices":                 {pod: claimed, want: devices, wantErr: "resourceClaim"},
		"a pod of a group":                  {pod: grouped, want: podGroup},
		"preferred node affinity":           {pod: preferring, want: preferences},
		"preferred pod affinity":            {pod: testPod().PodAffinityExists("app", corev1.LabelHostname, st.PodAffinityWithPreferredReq).Obj(), want: preferences},
		"preferred anti-affinity":           {pod: testPod().PodAntiAffinityExists("app", corev1.LabelHostname, st.PodAntiAffinityWithPreferredReq).Obj(), want: preferences},
		"a soft spread constraint":          {pod: testPod().SpreadConstraint(1, corev1.LabelTopologyZone, corev1.ScheduleAnyway, nil, nil, nil, nil, nil).Obj(), want: preferences},
		"a hard spread constraint":          {pod: testPod().SpreadConstraint(1, corev1.LabelTopologyZone, corev1.DoNotSchedule, nil, nil, nil, nil, nil).Obj(), want: placed},
		"required node affinity":            {pod: testPod().NodeAffinityIn("number", []string{"7", "77"}, st.NodeSelectorTypeMatchExpressions).Obj(), want: placed},
		"one node by its name in a field":   {pod: testPod().NodeAffinityIn("metadata.name", []string{"node-005"}, st.NodeSelectorTypeMatchFields).Obj(), want: namedNodes},
		"the only node is not a candidate":  {pod: testPod().NodeSelector(map[string]string{"number": "-"}).Obj(), want: noneFits, wantErr: "0/200 nodes are available"},
		"more than any node has":            {pod: testPod().Req(map[corev1.ResourceName]string{"cpu": "65"}).Obj(), want: noneFits, wantErr: "Insufficient cpu"},
		"a cap that cannot be understood":   {pod: testPod().Annotation("spread.evenkeel.io/max-per-host", "few").Obj(), want: preFilter, wantErr: "spread.evenkeel.io/max-per-host"},
		"a scheduling of the whole cluster": {pod: testPod().Obj(), nodes: 101, minNodes: DefaultMinNodes, want: placed},
	} {
		t.Run(name, func(t *testing.T) {
			nodes, candidates := tc.nodes, tc.candidates
			if nodes == 0 {
				nodes = 200
			}
			switch candidates {
			case 0:
				candidates = 16
			case -1:
				candidates = 0
			}
			h := newHall(t, nodes, tc.minNodes, candidates)
			before := counted(t, tc.want)
			result, err := h.schedule(t, tc.pod)
			if got := counted(t, tc.want) - before; got != 1 {
				t.Errorf("%s was counted %v times, want 1", tc.want, got)
			}
			if want := tc.want != placed; (h.original == 1) != want || h.original > 1 {
				t.Errorf("the original function was called %d times, want that %v", h.original, want)
			}
			switch {
			case tc.wantErr != "":
				if err == nil || !strings.Contains(err.Error(), tc.wantErr) {
					t.Errorf("got error %v, want one with %q", err, tc.wantErr)
				}
			case err != nil:
				t.Error(err)
			case result.SuggestedHost == "":
				t.Error("no node was chosen")
			}
			if tc.want == placed && (result.EvaluatedNodes < result.FeasibleNodes || result.FeasibleNodes < 1 || result.EvaluatedNodes > candidates*(1<<rounds-1)) {
				t.Errorf("%d nodes were feasible of %d that were evaluated", result.FeasibleNodes, result.EvaluatedNodes)
			}
		})
	}
}

// TestExtendersSeeAllNodes keeps off the fast path where there is an extender.
func TestExtendersSeeAllNodes(t *testing.T) {
	h := newHall(t, 200, 0, 16, scheduler.WithExtenders(schedulerconfig.Extender{URLPrefix: "http://127.0.0.1:1", PrioritizeVerb: "prioritize", Weight: 1, Ignorable: true}))
	if _, err := h.schedule(t, testPod().Obj()); err != nil {
		t.Error(err)
	}
	if h.original != 1 {
		t.Errorf("the original function was called %d times, want 1", h.original)
	}
}

func counted(t *testing.T, r reason) float64 {
	t.Helper()
	n, err := testutil.GetCounterMetricValue(byReason[r])
	if err != nil {
		t.Fatal(err)
	}
	return n
}
