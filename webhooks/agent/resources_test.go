// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/version"
	resourcehelper "k8s.io/component-helpers/resource"
	"k8s.io/kubernetes/pkg/apis/core"
	corev1conversion "k8s.io/kubernetes/pkg/apis/core/v1"
	qos "k8s.io/kubernetes/pkg/apis/core/v1/helper/qos"
	"k8s.io/kubernetes/plugin/pkg/admission/limitranger"

	"github.com/evenkeel/evenkeel/internal/mutatortest"
	"github.com/evenkeel/evenkeel/webhooks/agent"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// copying returns a request on whose server agents are copied.
func copying() mutate.Request {
	req := mutatortest.DefaultRequest()
	req.ServerVersion = version.MustParseSemantic("1.35.0")
	return req
}

// TestInitContainerResources has the CPU of containers as request/limit, either
// of which may be left out. The configured value is 100m.
func TestInitContainerResources(t *testing.T) {
	for name, tc := range map[string]struct {
		containers []string
		pod        string
		want       string
	}{
		"nothing is asked for":               {containers: []string{""}, want: "0/0"},
		"one says nothing":                   {containers: []string{"2/2", ""}, want: "100m/100m"},
		"one says nothing, the other little": {containers: []string{"20m/50m", ""}, want: "20m/50m"},
		"larger than configured":             {containers: []string{"200m/200m"}, want: "200m/200m"},
		"as configured":                      {containers: []string{"2/2", "100m/100m"}, want: "100m/100m"},
		"as configured comes first":          {containers: []string{"100m/100m", "2/2", "50m/50m"}, want: "100m/100m"},
		"the smallest that is enough":        {containers: []string{"2/2", "50m/50m", "300m/300m", "4/4"}, want: "300m/300m"},
		"none is enough":                     {containers: []string{"20m/20m", "60m/80m", "10m/10m"}, want: "60m/80m"},
		"enough by its limit":                {containers: []string{"10m/1"}, want: "10m/1"},
		"a limit alone is a request too":     {containers: []string{"/500m"}, want: "500m/500m"},
		"no limit, a larger request":         {containers: []string{"300m/"}, want: "300m/0"},
		"no limit, a smaller request":        {containers: []string{"10m/"}, want: "10m/0"},
		"a limit before none":                {containers: []string{"10m/", "200m/400m"}, want: "200m/400m"},
		"none before a limit too small":      {containers: []string{"10m/50m", "20m/"}, want: "20m/50m"},
		"the limit of another bounds it":     {containers: []string{"10m/50m", "300m/"}, want: "50m/50m"},
		"of equal limits the lower request":  {containers: []string{"500m/1", "200m/1", "300m/1"}, want: "200m/1"},
		"of none the lower request":          {containers: []string{"500m/", "200m/", "300m/"}, want: "200m/0"},
		"a limit of 0 is none":               {containers: []string{"200m/0"}, want: "200m/0"},
		"a request of 0 is one":              {containers: []string{"0/200m"}, want: "0/200m"},
		"no more than the pod's":             {containers: []string{""}, pod: "20m/50m", want: "20m/50m"},
		"the pod has more":                   {containers: []string{""}, pod: "1/2", want: "100m/100m"},
		"the pod has a limit alone":          {containers: []string{"10m/"}, pod: "/50m", want: "10m/50m"},
	} {
		t.Run(name, func(t *testing.T) {
			pod := asking("")
			pod.Annotations["agent.evenkeel.io/inject"] = "log"
			pod.Spec.Containers[0].Resources = cpu(tc.containers[0])
			for i, c := range tc.containers[1:] {
				pod.Spec.Containers = append(pod.Spec.Containers,
					corev1.Container{Name: fmt.Sprintf("c%d", i), Image: "r/c:1", Resources: cpu(c)})
			}
			if tc.pod != "" {
				r := cpu(tc.pod)
				pod.Spec.Resources = &r
			}
			out := check(t, copying(), pod, agent.New(small(t, "")))
			got := out.Pod.Spec.InitContainers[0].Resources
			checkEffective(t, pod, out.Pod)
			if s := got.Requests.Cpu().String() + "/" + got.Limits.Cpu().String(); s != tc.want {
				t.Errorf("CPU is %s; want %s", s, tc.want)
			}
			// Of memory the containers say nothing.
			if !got.Requests.Memory().IsZero() || !got.Limits.Memory().IsZero() {
				t.Errorf("memory is %s/%s; want none", got.Requests.Memory(), got.Limits.Memory())
			}
		})
	}
}

// checkEffective fails the test if the pod as a whole asks for more than before,
// or changes its class of service.
func checkEffective(t *testing.T, before, after *corev1.Pod) {
	t.Helper()
	before, after = before.DeepCopy(), after.DeepCopy()
	corev1conversion.SetObjectDefaults_Pod(before)
	corev1conversion.SetObjectDefaults_Pod(after)
	if diff := cmp.Diff(resourcehelper.PodLimits(before, resourcehelper.PodResourcesOptions{}),
		resourcehelper.PodLimits(after, resourcehelper.PodResourcesOptions{}), cmpopts.IgnoreMapEntries(isZero)); diff != "" {
		t.Errorf("the pod as a whole has other limits (-without +with):\n%s", diff)
	}
	if diff := cmp.Diff(resourcehelper.PodRequests(before, resourcehelper.PodResourcesOptions{}),
		resourcehelper.PodRequests(after, resourcehelper.PodResourcesOptions{}), cmpopts.IgnoreMapEntries(isZero)); diff != "" {
		t.Errorf("the pod as a whole requests something else (-without +with):\n%s", diff)
	}
	if b, a := qos.ComputePodQOS(before), qos.ComputePodQOS(after); a != b {
		t.Errorf("the class of service is %s; without the agent it is %s", a, b)
	}
}

func isZero(_ corev1.ResourceName, q resource.Quantity) bool { return q.IsZero() }

// cpu reads request/limit.
func cpu(s string) corev1.ResourceRequirements {
	r := corev1.ResourceRequirements{Requests: corev1.ResourceList{}, Limits: corev1.ResourceList{}}
	var request, limit string
	for i, c := range s {
		if c == '/' {
			request, limit = s[:i], s[i+1:]
		}
	}
	if request != "" {
		r.Requests[corev1.ResourceCPU] = resource.MustParse(request)
	}
	if limit != "" {
		r.Limits[corev1.ResourceCPU] = resource.MustParse(limit)
	}
	return r
}

// TestInitContainerResourcesPassLimitRanges asks the API server's own plugin:
// what a LimitRange lets pass without the agent, it lets pass with it.
func TestInitContainerResourcesPassLimitRanges(t *testing.T) {
	demands := []string{"", "10m/20m", "50m/100m", "200m/200m", "250m/1", "1/", "2/2"}
	values := []string{"", "20m", "100m", "200m", "1", "2"}
	passed, refused := 0, 0
	for _, first := range demands {
		for _, second := range demands {
			pod := asking("log")
			pod.Spec.Containers[0].Resources = cpu(first)
			pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{Name: "other", Image: "r/o:1", Resources: cpu(second)})
			injected := check(t, copying(), pod, agent.New(small(t, ""))).Pod
			checkEffective(t, pod, injected)
			before, after := internalPod(t, pod), internalPod(t, injected)
			for _, low := range values {
				for _, high := range values {
					for _, ratio := range []string{"", "1", "2", "4"} {
						for _, kind := range []corev1.LimitType{corev1.LimitTypeContainer, corev1.LimitTypePod} {
							limits := &corev1.LimitRange{Spec: corev1.LimitRangeSpec{Limits: []corev1.LimitRangeItem{{
								Type: kind, Min: cpuList(low), Max: cpuList(high), MaxLimitRequestRatio: cpuList(ratio),
							}}}}
							if limitranger.PodValidateLimitFunc(limits, before) != nil {
								refused++
								continue
							}
							passed++
							if err := limitranger.PodValidateLimitFunc(limits, after); err != nil {
								t.Errorf("containers of %q and %q, for a %s: min %q, max %q, ratio %q: %v", first, second, kind, low, high, ratio, err)
							}
						}
					}
				}
			}
		}
	}
	if passed < 100 || refused < 100 {
		t.Errorf("%d pods passed and %d were refused without the agent; the test needs more of both", passed, refused)
	}
}

func cpuList(value string) corev1.ResourceList {
	if value == "" {
		return nil
	}
	return corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(value)}
}

func internalPod(t *testing.T, pod *corev1.Pod) *core.Pod {
	t.Helper()
	var out core.Pod
	if err := corev1conversion.Convert_v1_Pod_To_core_Pod(pod.DeepCopy(), &out, nil); err != nil {
		t.Fatal(err)
	}
	return &out
}

// TestInitContainerResourcesFollow changes what a container asks for between two
// passes, and sets another resource as other plugins do.
func TestInitContainerResourcesFollow(t *testing.T) {
	pod := asking("log")
	pod.Spec.Containers[0].Resources = cpu("200m/400m")
	pod = check(t, copying(), pod, agent.New(small(t, ""))).Pod
	for _, change := range []string{"300m/400m", "300m/500m"} {
		pod.Spec.Containers[0].Resources = cpu(change)
		pod = check(t, copying(), pod, agent.New(small(t, ""))).Pod
		want := cpu(change)
		want.Requests[corev1.ResourceMemory] = resource.Quantity{}
		if diff := cmp.Diff(want, pod.Spec.InitContainers[0].Resources); diff != "" {
			t.Errorf("the init container asks for something else (-want +got):\n%s", diff)
		}
	}
}

// TestInitContainerResourcesOfStorage: a quota or LimitRange on ephemeral storage
// wants a value of every container.
func TestInitContainerResourcesOfStorage(t *testing.T) {
	for name, tc := range map[string]struct{ first, second, want string }{
		"all have a limit":    {"1Gi", "100Mi", "100Mi"},
		"one has none":        {"1Gi", "", "0"},
		"nobody speaks of it": {"", "", "0"},
	} {
		t.Run(name, func(t *testing.T) {
			pod := asking("log")
			pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{Name: "other", Image: "r/o:1"})
			for i, limit := range []string{tc.first, tc.second} {
				if limit != "" {
					pod.Spec.Containers[i].Resources.Limits = corev1.ResourceList{corev1.ResourceEphemeralStorage: resource.MustParse(limit)}
				}
			}
			out := check(t, copying(), pod, agent.New(small(t, "")))
			got := out.Pod.Spec.InitContainers[0].Resources
			if got.Limits.StorageEphemeral().String() != tc.want || got.Requests.StorageEphemeral().String() != tc.want {
				t.Errorf("ephemeral storage is %s/%s; want %s", got.Requests.StorageEphemeral(), got.Limits.StorageEphemeral(), tc.want)
			}
		})
	}
}
