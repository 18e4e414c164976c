// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/utils/ptr"

	"github.com/evenkeel/evenkeel/internal/mutatortest"
	"github.com/evenkeel/evenkeel/webhooks/agent"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// TestMutatorInJobs asks by annotation or not at all; the agent log is injected by
// default.
func TestMutatorInJobs(t *testing.T) {
	for name, tc := range map[string]struct {
		jobs, ofAgent, inject, kind string
		want                        string
		code                        mutate.Code
	}{
		"always, by default":         {jobs: "Always", kind: "Job", want: "log"},
		"always, asked":              {jobs: "Always", kind: "Job", inject: "apm", want: "apm"},
		"on request, by default":     {jobs: "OnRequest", kind: "Job"},
		"on request, of a CronJob":   {jobs: "OnRequest", kind: "CronJob"},
		"on request, asked":          {jobs: "OnRequest", kind: "CronJob", inject: "log", want: "log"},
		"never, by default":          {jobs: "Never", kind: "Job"},
		"never, asked":               {jobs: "Never", kind: "Job", inject: "apm", code: mutate.CodeAgentJobs},
		"never, not a Job":           {jobs: "Never", kind: "Deployment", inject: "apm", want: "apm"},
		"the agent says never":       {jobs: "Always", ofAgent: "Never", kind: "Job", inject: "apm,log", want: "log", code: mutate.CodeAgentJobs},
		"the agent says always":      {jobs: "Never", ofAgent: "Always", kind: "Job", inject: "apm,log", want: "apm", code: mutate.CodeAgentJobs},
		"the default is on request":  {kind: "Job"},
		"the default takes requests": {kind: "Job", inject: "apm", want: "apm"},
	} {
		t.Run(name, func(t *testing.T) {
			pod := asking(tc.inject)
			if tc.inject == "" {
				pod.Annotations = nil
			}
			section, of := "", ""
			if tc.jobs != "" {
				section = "jobs: " + tc.jobs + ", "
			}
			if tc.ofAgent != "" {
				of = ", jobs: " + tc.ofAgent
			}
			req := mutatortest.DefaultRequest()
			req.Workload = mutate.Workload{Kind: tc.kind, Name: "nightly"}
			out := check(t, req, pod, agent.New(feature(t, `{`+section+`default: [log], catalogue: [
				{name: apm, image: IMAGE, jar: apm.jar`+of+`}, {name: log, image: IMAGE, jar: log.jar}]}`)))
			if got := toldOf(out, "app"); got.Got != tc.want || got.Code != tc.code {
				t.Errorf("got %+v; want %q and the code %q", got, tc.want, tc.code)
			}
		})
	}
}

// TestMutatorPicksContainers has a pod that asks as a whole for apm, with one
// container beside app.
func TestMutatorPicksContainers(t *testing.T) {
	for name, tc := range map[string]struct {
		section, ofAgent string
		container, image string
		named            bool
		want             bool
	}{
		"any":                            {container: "api", image: "r/api:1", want: true},
		"known by its name":              {container: "istio-proxy", image: "r/own:1"},
		"known by its image":             {container: "mesh", image: "mirror.example.com:5000/istio/proxyv2:1.30"},
		"known by its image, by digest":  {container: "mesh", image: "docker.io/envoyproxy/envoy-distroless" + digest},
		"an image that is only like one": {container: "mesh", image: "r/nginx-admin-service:1", want: true},
		"known, and named":               {container: "istio-proxy", image: "r/istio/proxyv2:1", named: true, want: true},
		"images to skip":                 {section: "skipImages: ['tools/.+'], ", container: "api", image: "r/tools/api:1"},
		"no images to skip":              {section: "skipImages: [], ", container: "mesh", image: "r/istio/proxyv2:1", want: true},
		"names that are meant":           {section: "containers: {names: [app, 'svc-.*']}, ", container: "svc-a", image: "r/a:1", want: true},
		"names that are not":             {section: "containers: {names: [app, 'svc-.*']}, ", container: "a-svc-a", image: "r/a:1"},
		"images that are meant":          {section: "containers: {images: ['shop/.+', 'cart']}, ", container: "a", image: "r:5000/shop/a:1", want: true},
		"images that are not":            {section: "containers: {images: ['shop/.+', 'cart']}, ", container: "a", image: "r:5000/other/a:1"},
		"both must fit":                  {section: "containers: {names: ['app|a'], images: [cart]}, ", container: "a", image: "r/a:1"},
		"not meant, and named":           {section: "containers: {names: [app]}, ", container: "a", image: "r/a:1", named: true, want: true},
		"the agent is for others":        {ofAgent: ", containers: {names: [app]}", container: "a", image: "r/a:1"},
		"the agent is for it":            {ofAgent: ", containers: {names: ['app|a']}", container: "a", image: "r/a:1", want: true},
		"for others, and named":          {ofAgent: ", containers: {names: [app]}", container: "a", image: "r/a:1", named: true, want: true},
	} {
		t.Run(name, func(t *testing.T) {
			pod := asking("apm")
			pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{Name: tc.container, Image: tc.image})
			if tc.named {
				pod.Annotations["agent.evenkeel.io/inject."+tc.container] = "apm"
			}
			out := check(t, mutatortest.DefaultRequest(), pod, agent.New(feature(t, `{`+tc.section+`catalogue: [{name: apm, image: IMAGE, jar: a.jar`+tc.ofAgent+`}]}`)))
			if got := toldOf(out, tc.container).Got == "apm"; got != tc.want {
				t.Errorf("the container gets the agent: %v; want %v", got, tc.want)
			}
			if got := toldOf(out, "app").Got; got != "apm" {
				t.Errorf("app gets %q; want apm", got)
			}
		})
	}
}

// TestMutatorTellsWhenNobodyTakesAnAgent: a pod that asks is told when none of
// its containers is meant.
func TestMutatorTellsWhenNobodyTakesAnAgent(t *testing.T) {
	pod := asking("apm,log")
	pod.Spec.Containers[0].Name = "nginx"
	out := check(t, mutatortest.DefaultRequest(), pod, agent.New(small(t, "")))
	got := out.Features[0].Report.Pod
	if got.Outcome != mutate.Skipped || got.Code != mutate.CodeAgentNoContainer || got.Detail != "apm, log" {
		t.Errorf("the pod is told %+v", got)
	}
	if len(traces(out.Pod)) > 0 {
		t.Errorf("the pod got something: %v", traces(out.Pod))
	}
}

// TestMutatorInInitContainers: init containers and native sidecars get what an
// annotation names them for, and nothing else. The copy comes before them.
func TestMutatorInInitContainers(t *testing.T) {
	pod := asking("log")
	pod.Annotations["agent.evenkeel.io/inject.migrate"] = "apm"
	pod.Annotations["agent.evenkeel.io/inject.side"] = "log"
	pod.Spec.InitContainers = []corev1.Container{
		{Name: "plain", Image: "r/plain:1"},
		{Name: "migrate", Image: "r/migrate:1"},
		{Name: "side", Image: "r/side:1", RestartPolicy: ptr.To(corev1.ContainerRestartPolicyAlways)},
	}
	m := agent.New(small(t, ""))
	out := check(t, copying(), pod, m)
	if code := out.Features[0].Report.Pod.Code; code != "" {
		t.Errorf("the pod is told %s", code)
	}
	var names []string
	for _, c := range out.Pod.Spec.InitContainers {
		names = append(names, c.Name)
	}
	want := []string{"evenkeel-agent-apm", "evenkeel-agent-log", "plain", "migrate", "side"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("init containers (-want +got):\n%s", diff)
	}
	for name, agents := range map[string]string{"plain": "", "migrate": "apm", "side": "log", "app": "log"} {
		if got := toldOf(out, name).Got; got != agents {
			t.Errorf("%s gets %q; want %q", name, got, agents)
		}
	}
	if c := out.Pod.Spec.InitContainers[2]; len(c.Env)+len(c.VolumeMounts) > 0 {
		t.Errorf("the plain init container got %v %v", c.Env, c.VolumeMounts)
	}

	// And it goes again.
	for _, c := range []string{"migrate", "side"} {
		delete(out.Pod.Annotations, "agent.evenkeel.io/inject."+c)
	}
	out = check(t, copying(), out.Pod, m)
	for _, c := range out.Pod.Spec.InitContainers[1:] {
		if len(c.Env)+len(c.VolumeMounts) > 0 {
			t.Errorf("%s still has %v %v", c.Name, c.Env, c.VolumeMounts)
		}
	}
}

// TestMutatorKnowsContainersAfterItsEdits takes an agent's init container away
// again, which moves the user's, and still knows that there is one of that name.
func TestMutatorKnowsContainersAfterItsEdits(t *testing.T) {
	m := agent.New(small(t, ""))
	req := mutatortest.DefaultRequest()
	req.ServerVersion = version.MustParseSemantic("1.34.0")
	pod := asking("apm")
	pod.Spec.InitContainers = []corev1.Container{{Name: "migrate", Image: "r/i:1"}}
	pod.Annotations["agent.evenkeel.io/inject.migrate"] = "log"
	out := check(t, req, pod, m)
	out.Pod.Annotations["agent.evenkeel.io/inject"] = "none"
	out = check(t, req, out.Pod, m)
	if got := out.Features[0].Report.Pod; got.Code != "" {
		t.Errorf("the pod is told %s (%s); want nothing", got.Code, got.Detail)
	}
}
