// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/internal/mutatortest"
	"github.com/evenkeel/evenkeel/webhooks/agent"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// TestMutatorYieldsToMounts mounts a volume of the user's at a path. The agent
// has its image at /evenkeel/apm and writes to /evenkeel/apm-tmp.
func TestMutatorYieldsToMounts(t *testing.T) {
	for path, taken := range map[string]bool{
		"/evenkeel/apm":           true,
		"/evenkeel/apm/":          true,
		"/evenkeel//apm//":        true,
		"evenkeel/apm":            true,
		"/evenkeel/./apm":         true,
		"/evenkeel":               true,
		"/evenkeel/":              true,
		"/":                       true,
		"/evenkeel/apm/lib":       true,
		"/evenkeel/apm/lib/x.jar": true,
		"/evenkeel/apm-tmp":       true,
		"/evenkeel/apm-tmp/":      true,
		// A folder that the agent writes to takes mounts.
		"/evenkeel/apm-tmp/dump": false,
		"/evenkeel/ap":           false,
		"/evenkeel/apms":         false,
		"/evenkeel/log":          false,
		"/even":                  false,
		"/app/evenkeel/apm":      false,
	} {
		t.Run(path, func(t *testing.T) {
			pod := asking("apm")
			pod.Spec.Containers[0].VolumeMounts[0].MountPath = path
			out := check(t, mutatortest.DefaultRequest(), pod, agent.New(small(t, "")))
			got := out.Features[0].Report.Containers["app"]
			want := mutate.Result{Outcome: mutate.Done}
			if taken {
				want = mutate.Result{Outcome: mutate.Skipped, Code: mutate.CodeAgentPathTaken, Detail: "apm: " + path}
			}
			if got.Outcome != want.Outcome || got.Code != want.Code || got.Detail != want.Detail {
				t.Errorf("%s %s (%s); want %s %s (%s)", got.Outcome, got.Code, got.Detail, want.Outcome, want.Code, want.Detail)
			}
		})
	}
}

// TestMutatorLeavesMountsOfItsVolumes has a sidecar of a bare pod read what an agent
// writes: the mount is the user's, also when the webhook is invoked again and when
// the agent goes.
func TestMutatorLeavesMountsOfItsVolumes(t *testing.T) {
	m := agent.New(small(t, ""))
	for name, container := range map[string]string{"a sidecar": "envoy", "a container without agents": "collector"} {
		t.Run(name, func(t *testing.T) {
			pod := asking("apm")
			pod.Annotations["agent.evenkeel.io/inject.collector"] = "none"
			reads := corev1.VolumeMount{Name: "evenkeel-agent-apm-data", MountPath: "/logs", SubPath: "app/tmp"}
			for _, c := range []string{"envoy", "collector"} {
				pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{Name: c, Image: "r/c:1"})
			}
			i := slices.IndexFunc(pod.Spec.Containers, func(c corev1.Container) bool { return c.Name == container })
			pod.Spec.Containers[i].VolumeMounts = []corev1.VolumeMount{reads}
			req := mutatortest.DefaultRequest()
			chain := mutatortest.NewChain(v1alpha1.OnErrorAdmit, m)
			for range 2 {
				pod = chain.Run(req, pod).Pod
				if diff := cmp.Diff([]corev1.VolumeMount{reads}, pod.Spec.Containers[i].VolumeMounts); diff != "" {
					t.Errorf("mounts of %s (-want +got):\n%s", container, diff)
				}
			}
			pod.Annotations["agent.evenkeel.io/inject"] = "none"
			pod = chain.Run(req, pod).Pod
			if errs := mutatortest.Validate(pod); len(errs) > 0 {
				t.Errorf("without the agent the pod is not valid: %v", errs.ToAggregate())
			}
		})
	}
}
