// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package profileguard

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	resourcev1 "k8s.io/api/resource/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/component-base/metrics/testutil"
	fwk "k8s.io/kube-scheduler/framework"
	st "k8s.io/kubernetes/pkg/scheduler/testing"
	"k8s.io/utils/ptr"
)

var mustParse = resource.MustParse

// events returns what was told until now.
func (r *run) events() []string {
	var out []string
	for {
		select {
		case e := <-r.told.Events:
			out = append(out, e)
		default:
			return out
		}
	}
}

// counted returns how many pods of profile s were counted for a plugin.
func counted(t *testing.T, plugin string) float64 {
	t.Helper()
	counter, err := newCounter()
	if err != nil {
		t.Fatal(err)
	}
	n, err := testutil.GetCounterMetricValue(counter.WithLabelValues("s", plugin))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func lacking(names ...string) string {
	disabled := ""
	for _, name := range names {
		disabled += "{name: " + name + "}, "
	}
	return "[{schedulerName: s, plugins: {multiPoint: {disabled: [" + disabled + "], enabled: [{name: ProfileGuard}]}}, pluginConfig: " + accepting(names...) + "}]"
}

// TestPodsThatUseAnOmissionAreCountedAndTold places pods with the real scheduler.
func TestPodsThatUseAnOmissionAreCountedAndTold(t *testing.T) {
	plain := st.MakePod().Namespace("shop").Name("plain").UID("1").SchedulerName("s").Container("web").Obj()
	porter := st.MakePod().Namespace("shop").Name("porter").UID("2").SchedulerName("s").
		ContainerPort([]corev1.ContainerPort{{ContainerPort: 80, HostPort: 80}}).Obj()
	both := st.MakePod().Namespace("shop").Name("both").UID("3").SchedulerName("s").NodeSelector(map[string]string{"no": "where"}).
		ContainerPort([]corev1.ContainerPort{{ContainerPort: 80, HostPort: 80}}).Obj()

	before := map[string]float64{"NodePorts": counted(t, "NodePorts"), "NodeAffinity": counted(t, "NodeAffinity")}
	r := mustRun(t, lacking("NodePorts", "NodeAffinity"), node("n1"), plain, porter, both)
	if err := Check(r.profiles, r.sched.Profiles); err != nil {
		t.Fatal(err)
	}
	r.factory.Start(t.Context().Done())
	r.factory.WaitForCacheSync(t.Context().Done())
	if err := r.sched.WaitForHandlersSync(t.Context()); err != nil {
		t.Fatal(err)
	}
	go r.sched.Run(t.Context())

	// Nothing looks after host ports and node selectors, so all three are placed,
	// two of them on one port.
	var told []string
	err := wait.PollUntilContextTimeout(t.Context(), 10*time.Millisecond, time.Minute, true, func(context.Context) (bool, error) {
		told = append(told, r.events()...)
		scheduled := 0
		for _, e := range told {
			if strings.HasPrefix(e, "Normal Scheduled") {
				scheduled++
			}
		}
		return scheduled == 3, nil
	})
	if err != nil {
		t.Fatalf("not all pods were placed: %v; told: %q", err, told)
	}
	got := map[string]int{}
	for _, e := range told {
		if !strings.HasPrefix(e, "Normal Scheduled") {
			got[e]++
		}
	}
	want := map[string]int{
		"Warning ConstraintIgnored The scheduler ignores for this pod: host ports (no NodePorts in its profile: tried by hand)": 1,
		"Warning ConstraintIgnored The scheduler ignores for this pod: host ports (no NodePorts in its profile: tried by hand); " +
			"node selector and required node affinity (no NodeAffinity in its profile: tried by hand)": 1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	for plugin, want := range map[string]float64{"NodePorts": 2, "NodeAffinity": 1} {
		if got := counted(t, plugin) - before[plugin]; got != want {
			t.Errorf("%s: %v pods were counted, want %v", plugin, got, want)
		}
	}
}

// guard returns the plugin of a run's profile s.
func (r *run) guard(t *testing.T, omissions string) *ProfileGuard {
	t.Helper()
	args := load(t, omissions)[0].PluginConfig
	for _, c := range args {
		if c.Name == Name {
			pl, err := New(t.Context(), c.Args, r.sched.Profiles["s"])
			if err != nil {
				t.Fatal(err)
			}
			return pl.(*ProfileGuard)
		}
	}
	t.Fatal("no arguments of ProfileGuard")
	return nil
}

func TestAPodIsToldOnce(t *testing.T) {
	profile := lacking("NodePorts")
	r := mustRun(t, profile)
	pl := r.guard(t, profile)
	porter := func(uid string) *corev1.Pod {
		return st.MakePod().Name("p").UID(uid).ContainerPort([]corev1.ContainerPort{{HostPort: 80}}).Obj()
	}
	before := counted(t, "NodePorts")
	for range 3 {
		for _, uid := range []string{"a", "b"} {
			result, status := pl.PreFilter(t.Context(), nil, porter(uid), nil)
			if result != nil || status.Code() != fwk.Skip {
				t.Fatalf("PreFilter: %v, %v; want Skip and no choice of nodes", result, status)
			}
		}
	}
	if told, n := r.events(), counted(t, "NodePorts")-before; len(told) != 2 || n != 2 {
		t.Errorf("%d events and %v pods counted, want 2 and 2: %q", len(told), n, told)
	}
}

// TestExtendedResourcesOfDeviceClassesCount covers the one use of a plugin that is
// not in the pod's spec alone.
func TestExtendedResourcesOfDeviceClassesCount(t *testing.T) {
	profile := lacking("DynamicResources")
	class := &resourcev1.DeviceClass{ObjectMeta: metav1.ObjectMeta{Name: "gpu"},
		Spec: resourcev1.DeviceClassSpec{ExtendedResourceName: ptr.To("example.com/gpu")}}
	r := mustRun(t, profile, class)
	r.factory.Start(t.Context().Done())
	r.factory.WaitForCacheSync(t.Context().Done())
	pl := r.guard(t, profile)
	requesting := func(name, uid string) *corev1.Pod {
		return st.MakePod().Name(name).UID(uid).Req(map[corev1.ResourceName]string{corev1.ResourceName(name): "1"}).Obj()
	}
	// The resolver hears of the class from an informer's handler.
	err := wait.PollUntilContextTimeout(t.Context(), 10*time.Millisecond, time.Minute, true, func(context.Context) (bool, error) {
		return r.sched.Profiles["s"].SharedDRAManager().DeviceClassResolver().GetDeviceClass("example.com/gpu") != nil, nil
	})
	if err != nil {
		t.Fatal("the DeviceClass is not known")
	}
	pl.PreFilter(t.Context(), nil, requesting("example.com/fpga", "1"), nil)
	pl.PreFilter(t.Context(), nil, requesting("cpu", "2"), nil)
	if told := r.events(); len(told) != 0 {
		t.Errorf("pods without a device of a class were told: %q", told)
	}
	pl.PreFilter(t.Context(), nil, requesting("example.com/gpu", "3"), nil)
	if told := r.events(); len(told) != 1 || !strings.Contains(told[0], "ResourceClaims (no DynamicResources in its profile") {
		t.Errorf("told %q, want one event", told)
	}
}

// TestPodsAreStillSigned shows that pods can be placed by batch with the guard in
// the profile.
func TestPodsAreStillSigned(t *testing.T) {
	profile := strings.Replace(lacking("NodePorts"), "pluginConfig: [", "pluginConfig: [{name: PodTopologySpread, args: {defaultingType: List}}, ", 1)
	pod := st.MakePod().Name("p").UID("1").Obj()
	if signature := mustRun(t, profile).sched.Profiles["s"].SignPod(t.Context(), pod); signature == nil {
		t.Error("the pod is not signed")
	}
}

// TestNothingWakesAPodForTheGuard: it rejects none.
func TestNothingWakesAPodForTheGuard(t *testing.T) {
	profile := lacking("NodePorts")
	if events, err := mustRun(t, profile).guard(t, profile).EventsToRegister(t.Context()); len(events) != 0 || err != nil {
		t.Errorf("got %v, %v, want no event", events, err)
	}
}

func TestTwoProfilesShareTheMetric(t *testing.T) {
	two := strings.TrimSuffix(lacking("NodePorts"), "]") + ", " + strings.Replace(strings.TrimPrefix(lacking("NodePorts"), "["), "schedulerName: s", "schedulerName: u", 1)
	r := mustRun(t, two)
	if err := Check(r.profiles, r.sched.Profiles); err != nil {
		t.Error(err)
	}
}

func TestWrongArgumentsStopTheScheduler(t *testing.T) {
	for name, tc := range map[string]struct{ accept, want string }{
		"an unknown plugin": {"{plugin: Nodeports, reason: x}", `pluginConfig[ProfileGuard].args.acceptMissing[0].plugin: Invalid value: "Nodeports"`},
		"no reason":         {"{plugin: NodePorts}", "pluginConfig[ProfileGuard].args.acceptMissing[0].reason: Required value"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := newRun(t, "[{schedulerName: s, plugins: {multiPoint: {enabled: [{name: ProfileGuard}]}}, pluginConfig: [{name: ProfileGuard, args: {acceptMissing: ["+tc.accept+"]}}]}]")
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got error %v, want one with %s", err, tc.want)
			}
		})
	}
}

func TestLongNotesAreCut(t *testing.T) {
	for name, note := range map[string]string{
		"just short enough": strings.Repeat("x", 1024),
		"too long":          strings.Repeat("x", 1025),
		"of wide runes":     strings.Repeat("ß", 600),
	} {
		got := shorten(note)
		if len(got) > 1024 || !utf8.ValidString(got) || len(got) < 1020 {
			t.Errorf("%s: %d bytes, valid %t", name, len(got), utf8.ValidString(got))
		}
		if cut := got != note; cut != strings.HasSuffix(got, "…") {
			t.Errorf("%s: cut %t, but ends in %q", name, cut, got[len(got)-3:])
		}
	}
}

// TestMemoryOfToldPodsIsBounded fills the memory.
func TestMemoryOfToldPodsIsBounded(t *testing.T) {
	profile := lacking("NodePorts")
	pl := mustRun(t, profile).guard(t, profile)
	for i := range maxTold + 10 {
		pl.told.Add(types.UID(strconv.Itoa(i)), nil)
	}
	if n := pl.told.Len(); n != maxTold {
		t.Errorf("%d pods are remembered, want %d", n, maxTold)
	}
}
