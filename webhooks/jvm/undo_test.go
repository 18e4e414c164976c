// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package jvm_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/utils/ptr"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/internal/mutatortest"
	"github.com/evenkeel/evenkeel/webhooks/jvm"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// TestMutatorTakesBackWhatItAdded asks for everything that goes into a pod
// besides options, and then for nothing: what is left is what was there before.
func TestMutatorTakesBackWhatItAdded(t *testing.T) {
	shared := corev1.Volume{Name: "dumps", VolumeSource: corev1.VolumeSource{
		PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "dumps"}}}
	for name, annotations := range map[string]map[string]string{
		"an emptyDir":      {"heap-dump": "on"},
		"a shared volume":  {"heap-dump-volume": "dumps"},
		"a limit variable": {"profile": "jdk8-kubelet"},
		"all at once":      {"profile": "jdk8-kubelet", "heap-dump-volume": "dumps"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := feature(t, goldenSection)
			pod := javaPod(corev1.EnvVar{Name: "JAVA_TOOL_OPTIONS", Value: "-Dmine=1"})
			pod.Spec.Volumes = []corev1.Volume{shared}
			before := pod.Spec.DeepCopy()
			for key, value := range annotations {
				annotate(pod, "jvm.evenkeel.io/"+key, value)
			}
			out := run(t, cfg, pod).Pod
			if cmp.Equal(before, &out.Spec) {
				t.Fatal("nothing was added")
			}
			for key := range annotations {
				delete(out.Annotations, "jvm.evenkeel.io/"+key)
			}
			annotate(out, "jvm.evenkeel.io/mode", "off")
			if diff := cmp.Diff(before, &run(t, cfg, out).Pod.Spec); diff != "" {
				t.Errorf("the pod is not as before (-before +after):\n%s", diff)
			}
		})
	}
}

// TestMutatorKeepsDumpsOfOthers has pods in which something of the user's has
// the name that Evenkeel would take.
func TestMutatorKeepsDumpsOfOthers(t *testing.T) {
	for name, change := range map[string]func(*corev1.Pod){
		"a volume that is not mounted": func(p *corev1.Pod) {
			p.Spec.Volumes = []corev1.Volume{{Name: "evenkeel-heapdump", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}}
		},
		"a mounted volume": func(p *corev1.Pod) {
			p.Spec.Volumes = []corev1.Volume{{Name: "evenkeel-heapdump", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}}
			p.Spec.Containers[0].VolumeMounts = []corev1.VolumeMount{{Name: "evenkeel-heapdump", MountPath: "/data"}}
		},
		"a mount above": func(p *corev1.Pod) {
			p.Spec.Volumes = []corev1.Volume{{Name: "data", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}}
			p.Spec.Containers[0].VolumeMounts = []corev1.VolumeMount{{Name: "data", MountPath: "/evenkeel-heapdump/"}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			pod := javaPod()
			change(pod)
			annotate(pod, "jvm.evenkeel.io/heap-dump", "on")
			out := run(t, feature(t, "{}"), pod)
			if diff := cmp.Diff(pod.Spec.Volumes, out.Pod.Spec.Volumes); diff != "" {
				t.Errorf("the volumes change (-before +after):\n%s", diff)
			}
			r := out.Features[0].Report.Containers["app"]
			if r.Code != mutate.CodeHeapDumpPathTaken || strings.Contains(r.Facts[mutate.FactOptions], "HeapDump") {
				t.Errorf("code is %q, options %q; want %q and no dump", r.Code, r.Facts[mutate.FactOptions], mutate.CodeHeapDumpPathTaken)
			}
		})
	}
}

// TestHeapDumpVolumeFollowsLimits raises the limit after the first pass, and takes
// the record away, by which the volume must not become a stranger's.
func TestHeapDumpVolumeFollowsLimits(t *testing.T) {
	cfg, pod := feature(t, "{}"), javaPod()
	annotate(pod, "jvm.evenkeel.io/heap-dump", "on")
	out := run(t, cfg, pod).Pod
	setMemory(out, "2Gi")
	again := run(t, cfg, out).Pod
	if got, want := again.Spec.Volumes[0].EmptyDir.SizeLimit, resource.MustParse("3Gi"); got.Cmp(want) != 0 {
		t.Errorf("size limit is %s; want %s", got, &want)
	}
	delete(again.Annotations, "evenkeel.io/status")
	setMemory(again, "1Gi")
	last := run(t, cfg, again)
	if got, want := last.Pod.Spec.Volumes[0].EmptyDir.SizeLimit, resource.MustParse("1536Mi"); got.Cmp(want) != 0 {
		t.Errorf("size limit without the record is %s; want %s", got, &want)
	}
}

// TestMutatorKeepsReferencesWithoutRecord takes the record away, so that the
// options become the user's: what they refer to must stay.
func TestMutatorKeepsReferencesWithoutRecord(t *testing.T) {
	pod := javaPod()
	annotate(pod, "jvm.evenkeel.io/profile", "jdk8-kubelet")
	annotate(pod, "jvm.evenkeel.io/heap-dump", "on")
	cfg := feature(t, goldenSection)
	first := run(t, cfg, pod).Pod
	delete(first.Annotations, "evenkeel.io/status")
	annotate(first, "jvm.evenkeel.io/profile", "none")
	annotate(first, "jvm.evenkeel.io/heap-dump", "off")
	again := run(t, cfg, first).Pod
	if diff := cmp.Diff(first.Spec, again.Spec); diff != "" {
		t.Errorf("the pod changes (-before +after):\n%s", diff)
	}
}

// TestMemoryResize is about when a container may be told to restart.
func TestMemoryResize(t *testing.T) {
	for name, tc := range map[string]struct {
		section string
		server  string
		change  func(*corev1.Pod)
		want    bool
	}{
		"by default":                 {server: "1.37.2", want: true},
		"the first release":          {server: "1.33.0", want: true},
		"an older server":            {server: "1.32.9"},
		"a server that is not known": {},
		"switched off":               {section: "{memoryResize: Unchanged}", server: "1.37.2"},
		"a profile without":          {section: "{profiles: [{name: p, match: {containers: [app]}, memoryResize: Unchanged}]}", server: "1.37.2"},
		"restartPolicy OnFailure":    {server: "1.37.2", change: func(p *corev1.Pod) { p.Spec.RestartPolicy = corev1.RestartPolicyOnFailure }, want: true},
		"restartPolicy Never":        {server: "1.37.2", change: func(p *corev1.Pod) { p.Spec.RestartPolicy = corev1.RestartPolicyNever }},
		"a container that is not restarted": {server: "1.37.2", change: func(p *corev1.Pod) {
			p.Spec.Containers[0].RestartPolicy = ptr.To(corev1.ContainerRestartPolicyNever)
		}},
		"the limit is the pod's": {server: "1.37.2", change: func(p *corev1.Pod) {
			p.Spec.Resources = &corev1.ResourceRequirements{Limits: memory("1Gi")}
			p.Spec.Containers[0].Resources.Limits = nil
		}},
	} {
		t.Run(name, func(t *testing.T) {
			if tc.section == "" {
				tc.section = "{}"
			}
			pod := javaPod()
			if tc.change != nil {
				tc.change(pod)
			}
			raw, err := json.Marshal(pod)
			if err != nil {
				t.Fatal(err)
			}
			req := mutate.Request{Namespace: "shop"}
			if tc.server != "" {
				req.ServerVersion = version.MustParseSemantic(tc.server)
			}
			out := mutatortest.Check(t, mutatortest.NewChain(v1alpha1.OnErrorAdmit, jvm.New(feature(t, tc.section))), req, raw)
			if got := len(out.Pod.Spec.Containers[0].ResizePolicy) == 1; got != tc.want {
				t.Errorf("resizePolicy is %v; want it set: %t", out.Pod.Spec.Containers[0].ResizePolicy, tc.want)
			}
		})
	}
}

// TestMemoryResizeOfTheUserStays has a user who set the entry himself take over the
// heap in a copy of the pod.
func TestMemoryResizeOfTheUserStays(t *testing.T) {
	cfg := feature(t, "{}")
	pod := javaPod()
	pod.Spec.Containers[0].ResizePolicy = []corev1.ContainerResizePolicy{
		{ResourceName: corev1.ResourceMemory, RestartPolicy: corev1.RestartContainer}}
	out := run(t, cfg, pod).Pod
	out.Spec.Containers[0].Args = []string{"-Xmx300m"}
	if got := run(t, cfg, out).Pod.Spec.Containers[0].ResizePolicy; len(got) != 1 {
		t.Errorf("resizePolicy is %v; want the user's", got)
	}
	out = run(t, cfg, javaPod()).Pod
	out.Spec.Containers[0].Args = []string{"-Xmx300m"}
	if got := run(t, cfg, out).Pod.Spec.Containers[0].ResizePolicy; len(got) != 0 {
		t.Errorf("resizePolicy is %v; want none", got)
	}
}

// TestMemoryResizeIsTakenBack has a later webhook that makes the pod one that must
// not have it: left in, the API server would refuse the pod.
func TestMemoryResizeIsTakenBack(t *testing.T) {
	cfg := feature(t, "{}")
	out := run(t, cfg, javaPod()).Pod
	out.Spec.RestartPolicy = corev1.RestartPolicyNever
	again := run(t, cfg, out).Pod
	if got := again.Spec.Containers[0].ResizePolicy; len(got) != 0 {
		t.Errorf("resizePolicy is %v; want none", got)
	}
	if errs := mutatortest.Validate(again); len(errs) > 0 {
		t.Errorf("the API server would refuse the pod: %v", errs.ToAggregate())
	}
}

// TestVerdictDenies: the verdict Error is what onError makes of it.
func TestVerdictDenies(t *testing.T) {
	pod := javaPod()
	setMemory(pod, "100Mi")
	raw, err := json.Marshal(pod)
	if err != nil {
		t.Fatal(err)
	}
	m := jvm.New(feature(t, "{limitTooSmall: Error}"))
	chain := mutatortest.NewChain(v1alpha1.OnErrorDeny, m)
	chain.Links[0].Policy.OnError = v1alpha1.OnErrorDeny
	out := mutatortest.Check(t, chain, mutatortest.DefaultRequest(), raw)
	for _, want := range []string{`container "app"`, "100Mi", "128Mi", "470Mi", "resources.limits.memory"} {
		if !strings.Contains(out.Denied, want) {
			t.Errorf("denied is %q; want it to hold %q", out.Denied, want)
		}
	}
}

// TestProfileSelection is about which profile counts without an annotation.
func TestProfileSelection(t *testing.T) {
	const section = `{profiles: [
	  {name: risk, match: {namespaceSelector: {matchLabels: {team: risk}}, containers: ["app.*"]}, heap: {ceilingPercent: 41}},
	  {name: tagged, match: {podSelector: {matchExpressions: [{key: size, operator: Exists}]}}, heap: {ceilingPercent: 42}},
	  {name: image, match: {images: [app]}, heap: {ceilingPercent: 43}},
	  {name: asked, heap: {ceilingPercent: 44}}]}`
	for name, tc := range map[string]struct {
		namespace, pod map[string]string
		annotation     string
		image          string
		want           string
	}{
		"by namespace":                {namespace: map[string]string{"team": "risk"}, want: "41.0"},
		"the first that fits":         {namespace: map[string]string{"team": "risk"}, pod: map[string]string{"size": "l"}, want: "41.0"},
		"by pod":                      {pod: map[string]string{"size": "l"}, want: "42.0"},
		"by image":                    {want: "43.0"},
		"by image with port and hash": {image: "registry.example.com:5000/app@sha256:ab", want: "43.0"},
		"no image fits":               {image: "registry.example.com/app-two:1", want: "69.7"},
		"none by itself has no match": {annotation: "asked", want: "44.0"},
		"an annotation goes first":    {namespace: map[string]string{"team": "risk"}, annotation: "image", want: "43.0"},
		"none":                        {annotation: "none", want: "69.7"},
	} {
		t.Run(name, func(t *testing.T) {
			pod := javaPod()
			pod.Labels = tc.pod
			if tc.image != "" {
				pod.Spec.Containers[0].Image = tc.image
			}
			if tc.annotation != "" {
				annotate(pod, "jvm.evenkeel.io/profile", tc.annotation)
			}
			raw, err := json.Marshal(pod)
			if err != nil {
				t.Fatal(err)
			}
			req := mutatortest.DefaultRequest()
			req.NamespaceLabels = tc.namespace
			out := mutatortest.Check(t, mutatortest.NewChain(v1alpha1.OnErrorAdmit, jvm.New(feature(t, section))), req, raw)
			if got := out.Features[0].Report.Containers["app"].Facts[mutate.FactHeapPercent]; got != tc.want {
				t.Errorf("heap is %s %%; want %s", got, tc.want)
			}
		})
	}
}

// TestProfileAgents: a profile has its own number for an agent's memory.
func TestProfileAgents(t *testing.T) {
	raw, err := json.Marshal(javaPod())
	if err != nil {
		t.Fatal(err)
	}
	cfg := feature(t, "{heap: {agents: {test: 128Mi, other: 1Gi}}}")
	chain := mutatortest.NewChain(v1alpha1.OnErrorAdmit, reserver(256<<20), jvm.New(cfg))
	out := mutatortest.Check(t, chain, mutatortest.DefaultRequest(), raw)
	// 12.5 points less than without an agent.
	if got, want := out.Features[1].Report.Containers["app"].Facts[mutate.FactHeapPercent], "57.2"; got != want {
		t.Errorf("heap is %s %%; want %s", got, want)
	}
}

// TestMutatorSparesCommandsOfOneWord has a kubelet put the channel into one word
// of the command, where the JVM would take our options for one.
func TestMutatorSparesCommandsOfOneWord(t *testing.T) {
	pod := javaPod(corev1.EnvVar{Name: "JAVA_TOOL_OPTIONS", Value: "-Da=b"})
	pod.Spec.Containers[0].Command = []string{"java", "$(JAVA_TOOL_OPTIONS)", "-jar", "a.jar"}
	out := run(t, feature(t, "{}"), pod)
	if got := out.Features[0].Report.Containers["app"].Code; got != mutate.CodeOptionsInCommand {
		t.Errorf("it is told %q; want %q", got, mutate.CodeOptionsInCommand)
	}
	if got := out.Pod.Spec.Containers[0].Env[0].Value; got != "-Da=b" {
		t.Errorf("the options are %q; want the user's alone", got)
	}
	pod.Spec.Containers[0].Command = []string{"sh", "-c", "exec java $(JAVA_TOOL_OPTIONS) -jar a.jar"}
	if got := run(t, feature(t, "{}"), pod).Features[0].Report.Containers["app"].Code; got != "" {
		t.Errorf("where a shell takes it apart it is told %q; want nothing", got)
	}
}
