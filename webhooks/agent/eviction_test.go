// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/evenkeel/evenkeel/internal/mutatortest"
	"github.com/evenkeel/evenkeel/webhooks/agent"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

const safeToEvict = "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes"

// TestMutatorNamesItsVolumes: the annotation for the cluster autoscaler has the
// agents' emptyDirs and keeps the user's names, and they go with the agents.
func TestMutatorNamesItsVolumes(t *testing.T) {
	const on = "    safeToEvictLocalVolumes: true\n"
	for name, tc := range map[string]struct {
		config, users string
		copied        bool
		want, then    string
	}{
		"off":                       {users: "cache", want: "cache", then: "cache"},
		"off, nothing there":        {},
		"on":                        {config: on, want: "evenkeel-agent-apm-data"},
		"on, a copy is an emptyDir": {config: on, copied: true, want: "evenkeel-agent-apm,evenkeel-agent-apm-data"},
		"the user's stays":          {config: on, users: "cache, tmp", want: "cache, tmp,evenkeel-agent-apm-data", then: "cache, tmp"},
	} {
		t.Run(name, func(t *testing.T) {
			pod := asking("apm")
			if tc.users != "" {
				pod.Annotations[safeToEvict] = tc.users
			}
			req := mutatortest.DefaultRequest()
			if tc.copied {
				req = copying()
			}
			m := agent.New(small(t, tc.config))
			out := check(t, req, pod, m)
			if got := out.Pod.Annotations[safeToEvict]; got != tc.want {
				t.Errorf("the annotation is %q; want %q", got, tc.want)
			}
			out.Pod.Annotations["agent.evenkeel.io/inject"] = "none"
			out = check(t, req, out.Pod, m)
			if got, there := out.Pod.Annotations[safeToEvict]; got != tc.then || there != (tc.then != "") {
				t.Errorf("without the agent the annotation is %q (%v); want %q", got, there, tc.then)
			}
		})
	}
}

// TestMutatorWarnsOfStorage: the agent may write 1Mi.
func TestMutatorWarnsOfStorage(t *testing.T) {
	for limit, want := range map[string]mutate.Code{"": "", "1Mi": "", "1000Ki": mutate.CodeAgentStorage} {
		t.Run(limit, func(t *testing.T) {
			pod := asking("apm")
			if limit != "" {
				pod.Spec.Containers[0].Resources.Limits = corev1.ResourceList{corev1.ResourceEphemeralStorage: resource.MustParse(limit)}
			}
			got := check(t, mutatortest.DefaultRequest(), pod, agent.New(small(t, ""))).Features[0].Report.Pod
			if got.Code != want || got.Outcome != mutate.Done {
				t.Errorf("the pod is told %+v; want %q", got, want)
			}
		})
	}
}
