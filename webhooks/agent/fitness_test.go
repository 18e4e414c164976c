// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/internal/mutatortest"
	"github.com/evenkeel/evenkeel/webhooks/agent"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// feature returns the agent section in YAML, where IMAGE stands for an image by
// digest.
func feature(tb testing.TB, section string) *v1alpha1.AgentFeature {
	tb.Helper()
	section = strings.ReplaceAll(section, "IMAGE", `"r/agent`+digest+`"`)
	cfg, err := v1alpha1.LoadAdmissionConfiguration("test.yaml", []byte(
		"apiVersion: config.evenkeel.io/v1alpha1\nkind: AdmissionConfiguration\nfeatures: {agent: "+section+"}\n"))
	if err != nil {
		tb.Fatalf("loading the configuration: %v", err)
	}
	return &cfg.Features.Agent
}

// told is what a result says, and got is which agents the container has.
type told struct {
	Code         mutate.Code
	Detail, Left string
	Got          string
}

func toldOf(out *mutate.Outcomes, container string) told {
	r := out.Features[0].Report.Containers[container]
	return told{r.Code, r.Detail, r.Facts[mutate.FactLeftOut], r.Facts[mutate.FactAgents]}
}

// TestMutatorGatesByJDK has an agent for JDK 6 to 9.
func TestMutatorGatesByJDK(t *testing.T) {
	const outside = "old: it is for JDK 6 to 9, and by the annotation this is 17: it would do nothing"
	for name, tc := range map[string]struct {
		jdk, image string
		verdicts   string
		want       told
		failed     bool
	}{
		"inside":            {jdk: "8", want: told{Got: "old"}},
		"in its old form":   {jdk: "1.8.0_372", want: told{Got: "old"}},
		"the first":         {jdk: "6", want: told{Got: "old"}},
		"the last":          {jdk: "9.0.4", want: told{Got: "old"}},
		"before":            {jdk: "1.5", want: told{mutate.CodeAgentJDKSkipped, strings.Replace(outside, "17", "5", 1), "old:AgentJDKSkipped", ""}},
		"after":             {jdk: "17", want: told{mutate.CodeAgentJDKSkipped, outside, "old:AgentJDKSkipped", ""}},
		"after, warned":     {jdk: "17", verdicts: ", onMismatch: Warn", want: told{mutate.CodeAgentJDK, outside, "", "old"}},
		"after, an error":   {jdk: "17", verdicts: ", onMismatch: Error", failed: true},
		"unknown":           {want: told{Got: "old"}},
		"unknown, warned":   {verdicts: ", onUnknown: Warn", want: told{mutate.CodeAgentJDKUnknown, "old: it is for JDK 6 to 9", "", "old"}},
		"unknown, skipped":  {verdicts: ", onUnknown: Skip", want: told{mutate.CodeAgentJDKUnknownSkipped, "old: it is for JDK 6 to 9", "old:AgentJDKUnknownSkipped", ""}},
		"unknown, an error": {verdicts: ", onUnknown: Error", failed: true},
		"by the image": {image: "registry.example.com:5000/shop/cart:2.1-jdk17-alpine",
			want: told{mutate.CodeAgentJDKSkipped, strings.Replace(outside, "annotation", "image", 1), "old:AgentJDKSkipped", ""}},
		"by the image, old form":       {image: "r/cart:jre1.8", want: told{Got: "old"}},
		"the annotation goes before":   {image: "r/cart:jdk17", jdk: "8", want: told{Got: "old"}},
		"no version in the image":      {image: "r/jdk17/cart:3", want: told{Got: "old"}},
		"an annotation that is none":   {jdk: "latest", failed: true},
		"an annotation of three words": {jdk: "8 or 9", failed: true},
	} {
		t.Run(name, func(t *testing.T) {
			pod := asking("old")
			if tc.jdk != "" {
				pod.Annotations["agent.evenkeel.io/jdk.app"] = tc.jdk
			}
			if tc.image != "" {
				pod.Spec.Containers[0].Image = tc.image
			}
			out := check(t, mutatortest.DefaultRequest(), pod, agent.New(feature(t, `{
				jdkFromImage: [':.*(?:jdk|jre)([0-9.]+)'],
				catalogue: [{name: old, image: IMAGE, jar: a.jar, jdk: {min: 6, max: 9, note: it would do nothing`+tc.verdicts+`}}]}`)))
			if failed := out.Features[0].Report.Pod.Outcome == mutate.Failed; failed != tc.failed {
				t.Errorf("failed: %v (%v); want %v", failed, out.Features[0].Err, tc.failed)
			}
			if diff := cmp.Diff(tc.want, toldOf(out, "app")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestMutatorHoldsConflictsApart has three agents of which one and two conflict
// and so do two and three; one is the first in order.
func TestMutatorHoldsConflictsApart(t *testing.T) {
	for name, tc := range map[string]struct {
		inject, options string
		onMeeting       string
		want            told
		failed          bool
	}{
		"alone":          {inject: "two", want: told{Got: "two"}},
		"no rule":        {inject: "three,one", want: told{Got: "one,three"}},
		"the first wins": {inject: "two,one", want: told{mutate.CodeAgentConflictSkipped, "two: with one", "two:AgentConflictSkipped", "one"}},
		// Two is left out because of one, so three has nobody to conflict with.
		"what is left out conflicts with nobody": {inject: "three,two,one", want: told{mutate.CodeAgentConflictSkipped, "two: with one", "two:AgentConflictSkipped", "one,three"}},
		"both, warned":                           {inject: "one,two", onMeeting: "Warn", want: told{mutate.CodeAgentConflict, "two: with one", "", "one,two"}},
		"an error":                               {inject: "one,two", onMeeting: "Error", failed: true},
		"the user's own wins": {inject: "one", options: "-javaagent:/app/two.jar",
			want: told{mutate.CodeAgentConflictSkipped, "one: with two", "one:AgentConflictSkipped", ""}},
		"the user's own by another name": {inject: "one", options: "-javaagent:/app/second-2.0.jar=x",
			want: told{mutate.CodeAgentConflictSkipped, "one: with two", "one:AgentConflictSkipped", ""}},
		"the user's own of the same kind": {inject: "one,three", options: "-javaagent:/app/one.jar",
			want: told{mutate.CodeAgentPresent, "one: -javaagent:/app/one.jar in env JAVA_TOOL_OPTIONS", "one:AgentPresent", "three"}},
		"several remarks": {inject: "one,two,three", options: "-javaagent:/app/one.jar",
			want: told{mutate.CodeAgentPresent, "one: -javaagent:/app/one.jar in env JAVA_TOOL_OPTIONS; also AgentConflictSkipped",
				"one:AgentPresent,two:AgentConflictSkipped", "three"}},
	} {
		t.Run(name, func(t *testing.T) {
			pod := asking(tc.inject)
			pod.Spec.Containers[0].Env = []corev1.EnvVar{{Name: "JAVA_TOOL_OPTIONS", Value: tc.options}}
			onMeeting := ""
			if tc.onMeeting != "" {
				onMeeting = ", onMeeting: " + tc.onMeeting
			}
			out := check(t, mutatortest.DefaultRequest(), pod, agent.New(feature(t, `{
				conflicts: [{agents: [one, two]`+onMeeting+`}, {agents: [two, three]`+onMeeting+`}],
				catalogue: [
					{name: three, image: IMAGE, jar: three.jar, order: 3},
					{name: two, image: IMAGE, jar: two.jar, jarNames: [second-2.0.jar], order: 2},
					{name: one, image: IMAGE, jar: one.jar, order: 1}]}`)))
			if failed := out.Features[0].Report.Pod.Outcome == mutate.Failed; failed != tc.failed {
				t.Errorf("failed: %v (%v); want %v", failed, out.Features[0].Err, tc.failed)
			}
			if diff := cmp.Diff(tc.want, toldOf(out, "app")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestMutatorInsistsOnRequiredAgents: what is required is an error where it
// cannot be, which the feature's onError decides about.
func TestMutatorInsistsOnRequiredAgents(t *testing.T) {
	for name, tc := range map[string]struct {
		required bool
		onError  v1alpha1.OnError
		denied   string
		got      string
	}{
		"not required":       {onError: v1alpha1.OnErrorDeny, got: "log"},
		"required, admitted": {required: true, onError: v1alpha1.OnErrorAdmit},
		"required, refused":  {required: true, onError: v1alpha1.OnErrorDeny, denied: `agent: container "app": the agent apm is required and cannot be injected`},
	} {
		t.Run(name, func(t *testing.T) {
			pod := asking("apm,log")
			pod.Spec.Containers[0].VolumeMounts[0].MountPath = "/evenkeel/apm"
			required := ""
			if tc.required {
				required = ", required: true"
			}
			m := agent.New(feature(t, `{catalogue: [{name: apm, image: IMAGE, jar: a.jar`+required+`}, {name: log, image: IMAGE, jar: l.jar}]}`))
			out := mutatortest.NewChain(tc.onError, m).Run(mutatortest.DefaultRequest(), pod)
			if !strings.HasPrefix(out.Denied, tc.denied) || (tc.denied == "") != (out.Denied == "") {
				t.Errorf("denied: %q; want %q", out.Denied, tc.denied)
			}
			if got := toldOf(out, "app").Got; got != tc.got {
				t.Errorf("app gets %q; want %q", got, tc.got)
			}
		})
	}
}
