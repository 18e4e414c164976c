// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/internal/mutatortest"
	"github.com/evenkeel/evenkeel/internal/podspec"
	"github.com/evenkeel/evenkeel/webhooks/agent"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// large returns a pod of n containers with long names that ask for apm.
func large(n int) *corev1.Pod {
	pod := asking("apm")
	for i := range n - 1 {
		c := pod.Spec.Containers[0].DeepCopy()
		c.Name = fmt.Sprintf("%s-%d", strings.Repeat("n", 50), i)
		pod.Spec.Containers = append(pod.Spec.Containers, *c)
	}
	return pod
}

// TestMutatorKnowsItsWorkByTheOutcome has so many containers that the record keeps
// the outcome alone: what an earlier pass brought is still not the user's.
func TestMutatorKnowsItsWorkByTheOutcome(t *testing.T) {
	m := agent.New(feature(t, `{catalogue: [{name: apm, image: IMAGE, jar: apm.jar, jvmOptions: ["-Dapm.name={{container}}"]}]}`))
	chain := mutatortest.NewChain(v1alpha1.OnErrorDeny, m)
	first := chain.Run(mutatortest.DefaultRequest(), large(500))
	status, err := mutate.ParseStatus(first.Pod.Annotations[wellknown.StatusAnnotation])
	if err != nil || len(status.Features["agent"].Containers) > 0 {
		t.Fatalf("the record tells of %d containers (error: %v); the test needs one that tells of none", len(status.Features["agent"].Containers), err)
	}
	again := chain.Run(mutatortest.DefaultRequest(), first.Pod)
	if again.Denied != "" || len(again.Operations) > 0 {
		t.Errorf("a second pass denies the pod with %q and makes %d changes; want neither", again.Denied, len(again.Operations))
	}
}

// TestMutatorKeepsVariablesWhereTheRecordIsShort has a user change a variable in a
// copy of a pod whose record no longer tells of variables.
func TestMutatorKeepsVariablesWhereTheRecordIsShort(t *testing.T) {
	m := agent.New(feature(t, `{catalogue: [{name: apm, image: IMAGE, jar: apm.jar, jvmOptions: ["-Dapm.name={{container}}"],
		env: [{name: APM_ID, value: "{{container}}"}, {name: APM_HOME, value: "{{mount}}"}]}]}`))
	chain := mutatortest.NewChain(v1alpha1.OnErrorAdmit, m)
	pod := chain.Run(mutatortest.DefaultRequest(), large(40)).Pod
	status, err := mutate.ParseStatus(pod.Annotations[wellknown.StatusAnnotation])
	if err != nil || !status.Truncated {
		t.Fatalf("the record is not cut short (error: %v); the test needs one that is", err)
	}
	env := pod.Spec.Containers[0].Env
	for i := range env {
		if env[i].Name == "APM_HOME" {
			env[i].Value = "/mine"
		}
	}
	pod = chain.Run(mutatortest.DefaultRequest(), pod).Pod
	for variable, want := range map[string]string{"APM_ID": "app", "APM_HOME": "/mine"} {
		if got, _ := podspec.LookupEnv(&pod.Spec.Containers[0], variable); got != want {
			t.Errorf("%s is %q; want %q", variable, got, want)
		}
	}
}
