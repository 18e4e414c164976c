// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/version"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/internal/mutatortest"
	"github.com/evenkeel/evenkeel/internal/podspec"
	"github.com/evenkeel/evenkeel/webhooks/agent"
	"github.com/evenkeel/evenkeel/webhooks/jvm"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

const digest = "@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// small returns a catalogue of two small agents, apm before log, with changes to
// the agent section as YAML.
func small(tb testing.TB, changes string) *v1alpha1.AgentFeature {
	tb.Helper()
	cfg, err := v1alpha1.LoadAdmissionConfiguration("test.yaml", []byte(`
apiVersion: config.evenkeel.io/v1alpha1
kind: AdmissionConfiguration
features:
  agent:
    catalogue:
    - name: log
      image: r/log`+digest+`
      jar: log.jar
      order: 2
    - name: apm
      image: r/apm`+digest+`
      jar: lib/apm.jar
      arguments: "{{mount}}/lib"
      jvmOptions: ["-Dapm.name={{workload}}"]
      env: [{name: APM_HOME, value: "{{mount}}/lib"}]
      writable: [{name: tmp, sizeLimit: 1Mi}]
      memory: 32Mi
      order: 1
`+changes))
	if err != nil {
		tb.Fatalf("loading the configuration: %v", err)
	}
	return &cfg.Features.Agent
}

func check(t *testing.T, req mutate.Request, pod *corev1.Pod, mutators ...mutate.Mutator) *mutate.Outcomes {
	t.Helper()
	raw, err := json.Marshal(pod)
	if err != nil {
		t.Fatal(err)
	}
	return mutatortest.Check(t, mutatortest.NewChain(v1alpha1.OnErrorAdmit, mutators...), req, raw)
}

func asking(inject string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "cart", Annotations: map[string]string{wellknown.AgentInjectAnnotation: inject}},
		Spec: corev1.PodSpec{
			Volumes: []corev1.Volume{{Name: "mine", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}},
			Containers: []corev1.Container{{
				Name: "app", Image: "registry.example.com/cart:1",
				VolumeMounts: []corev1.VolumeMount{{Name: "mine", MountPath: "/mine"}},
			}},
		},
	}
}

// traces lists all that the feature leaves in a pod.
func traces(pod *corev1.Pod) map[string]string {
	out := map[string]string{}
	for _, v := range pod.Spec.Volumes {
		if strings.HasPrefix(v.Name, v1alpha1.AgentVolumePrefix) {
			kind := "emptyDir"
			if v.Image != nil {
				kind = v.Image.Reference
			}
			out["volume "+v.Name] = kind
		}
	}
	for _, c := range pod.Spec.InitContainers {
		out["init "+c.Name] = c.Image + " " + strings.Join(c.Command, " ")
	}
	c := &pod.Spec.Containers[0]
	for _, m := range c.VolumeMounts {
		if m.Name != "mine" {
			out["mount "+m.MountPath] = m.Name
		}
	}
	for _, e := range c.Env {
		out["env "+e.Name] = e.Value
	}
	return out
}

var (
	apmTraces = map[string]string{
		"volume evenkeel-agent-apm": "r/apm" + digest, "volume evenkeel-agent-apm-data": "emptyDir",
		"mount /evenkeel/apm": "evenkeel-agent-apm", "mount /evenkeel/apm-tmp": "evenkeel-agent-apm-data",
		"env APM_HOME":          "/evenkeel/apm/lib",
		"env JAVA_TOOL_OPTIONS": "-javaagent:/evenkeel/apm/lib/apm.jar=/evenkeel/apm/lib -Dapm.name=cart",
	}
	logTraces = map[string]string{
		"volume evenkeel-agent-log": "r/log" + digest, "mount /evenkeel/log": "evenkeel-agent-log",
		"env JAVA_TOOL_OPTIONS": "-javaagent:/evenkeel/log/log.jar",
	}
)

// with returns a copy of m with changes; an empty value removes.
func with(m map[string]string, changes ...string) map[string]string {
	out := map[string]string{}
	for k, v := range m {
		out[k] = v
	}
	for i := 0; i < len(changes); i += 2 {
		out[changes[i]] = changes[i+1]
		if changes[i+1] == "" {
			delete(out, changes[i])
		}
	}
	return out
}

// TestMutatorFollowsChanges changes a pod, the configuration or the server
// between two passes.
func TestMutatorFollowsChanges(t *testing.T) {
	for name, tc := range map[string]struct {
		inject  string
		change  func(*corev1.Pod)
		config  string
		server  string
		want    map[string]string
		outcome mutate.Outcome
	}{
		"nothing": {inject: "apm", want: apmTraces},
		"none after all": {
			inject: "apm", change: func(p *corev1.Pod) { p.Annotations[wellknown.AgentInjectAnnotation] = "none" },
			want: map[string]string{}, outcome: mutate.Skipped,
		},
		"another agent": {
			inject: "apm", change: func(p *corev1.Pod) { p.Annotations[wellknown.AgentInjectAnnotation] = "log" },
			want: logTraces,
		},
		"one more agent keeps the order": {
			inject: "log", change: func(p *corev1.Pod) { p.Annotations[wellknown.AgentInjectAnnotation] = "log,apm" },
			want: with(apmTraces, "volume evenkeel-agent-log", "r/log"+digest, "mount /evenkeel/log", "evenkeel-agent-log",
				"env JAVA_TOOL_OPTIONS", apmTraces["env JAVA_TOOL_OPTIONS"]+" "+logTraces["env JAVA_TOOL_OPTIONS"]),
		},
		"another mount root": {
			inject: "apm", config: "    mountRoot: /opt/agents\n",
			want: map[string]string{
				"volume evenkeel-agent-apm": "r/apm" + digest, "volume evenkeel-agent-apm-data": "emptyDir",
				"mount /opt/agents/apm": "evenkeel-agent-apm", "mount /opt/agents/apm-tmp": "evenkeel-agent-apm-data",
				"env APM_HOME":          "/opt/agents/apm/lib",
				"env JAVA_TOOL_OPTIONS": "-javaagent:/opt/agents/apm/lib/apm.jar=/opt/agents/apm/lib -Dapm.name=cart",
			},
		},
		"a server without image volumes": {
			inject: "apm", server: "1.35.0",
			want: with(apmTraces, "volume evenkeel-agent-apm", "emptyDir",
				"init evenkeel-agent-apm", "r/apm"+digest+" cp -rf /lib /evenkeel/apm/"),
		},
		"the user edits a variable of ours": {
			inject: "apm", change: func(p *corev1.Pod) { p.Spec.Containers[0].Env[0].Value = "/edited" },
			want: with(apmTraces, "env APM_HOME", "/edited"),
		},
		"the user edits our options": {
			inject: "apm",
			change: func(p *corev1.Pod) {
				e := &p.Spec.Containers[0].Env[1]
				e.Value = strings.Replace(e.Value, "=cart", "=edited", 1)
			},
			want: with(apmTraces, "env JAVA_TOOL_OPTIONS", "-javaagent:/evenkeel/apm/lib/apm.jar=/evenkeel/apm/lib -Dapm.name=edited"),
		},
		"the channel changes": {
			inject: "log", change: func(p *corev1.Pod) { p.Annotations[wellknown.JVMChannelAnnotation] = "JDK_JAVA_OPTIONS" },
			want: with(logTraces, "env JAVA_TOOL_OPTIONS", "", "env JDK_JAVA_OPTIONS", logTraces["env JAVA_TOOL_OPTIONS"]),
		},
		"the record is lost": {
			inject: "apm", change: func(p *corev1.Pod) { delete(p.Annotations, wellknown.StatusAnnotation) },
			// The names are Evenkeel's, but nothing says that it has given them: all
			// stays, and the pod's owner is told.
			want: apmTraces, outcome: mutate.Failed,
		},
	} {
		t.Run(name, func(t *testing.T) {
			req := mutatortest.DefaultRequest()
			pod := check(t, req, asking(tc.inject), agent.New(small(t, ""))).Pod
			if tc.change != nil {
				tc.change(pod)
			}
			if tc.server != "" {
				req.ServerVersion = version.MustParseSemantic(tc.server)
			}
			out := check(t, req, pod, agent.New(small(t, tc.config)))
			if diff := cmp.Diff(tc.want, traces(out.Pod)); diff != "" {
				t.Errorf("the pod is not as wanted (-want +got):\n%s", diff)
			}
			want := tc.outcome
			if want == "" {
				want = mutate.Done
			}
			if got := out.Features[0].Report.Pod.Outcome; got != want {
				t.Errorf("outcome is %s; want %s", got, want)
			}
		})
	}
}

// TestMutatorKnowsItsWorkInALargePod has numbers of containers around the one at
// which the record is cut short; check holds each to a second pass.
func TestMutatorKnowsItsWorkInALargePod(t *testing.T) {
	// What each container gets differs, so that the record has something to say of
	// each.
	m := agent.New(feature(t, `{catalogue: [
		{name: log, image: IMAGE, jar: log.jar},
		{name: apm, image: IMAGE, jar: apm.jar, jvmOptions: ["-Dapm.name={{container}}"], env: [{name: APM_HOME, value: "{{container}}"}]}]}`))
	truncated := map[bool]int{}
	for n := 1; n <= 101; n += 10 {
		pod := asking("apm,log")
		for i := range n - 1 {
			c := pod.Spec.Containers[0].DeepCopy()
			c.Name = fmt.Sprintf("app-%d", i)
			pod.Spec.Containers = append(pod.Spec.Containers, *c)
		}
		out := check(t, mutatortest.DefaultRequest(), pod, m)
		status, err := mutate.ParseStatus(out.Pod.Annotations[wellknown.StatusAnnotation])
		if err != nil {
			t.Fatal(err)
		}
		truncated[status.Truncated]++

		out.Pod.Annotations[wellknown.AgentInjectAnnotation] = "none"
		out = check(t, mutatortest.DefaultRequest(), out.Pod, m)
		got := traces(out.Pod)
		if status.Truncated {
			// The record no longer tells whose the variable is.
			delete(got, "env APM_HOME")
		}
		if len(got) > 0 {
			t.Errorf("with %d containers this is left: %v", n, got)
		}
	}
	if truncated[true] == 0 || truncated[false] == 0 {
		t.Errorf("records cut short: %v; the test needs both kinds", truncated)
	}
}

// BenchmarkMutators runs both features that write options on a pod of five
// containers with two agents.
func BenchmarkMutators(b *testing.B) {
	cfg := &v1alpha1.AdmissionConfiguration{}
	cfg.SetDefaults()
	pod := asking("uav,otel")
	pod.Spec.Containers[0].Resources.Limits = corev1.ResourceList{
		corev1.ResourceMemory: resource.MustParse("1Gi"), corev1.ResourceCPU: resource.MustParse("2")}
	for i := range 4 {
		c := pod.Spec.Containers[0].DeepCopy()
		c.Name = fmt.Sprintf("app-%d", i)
		pod.Spec.Containers = append(pod.Spec.Containers, *c)
	}
	chain := mutatortest.NewChain(v1alpha1.OnErrorAdmit, agent.New(shipped(b)), jvm.New(&cfg.Features.JVM))
	req := mutatortest.DefaultRequest()
	var out *mutate.Outcomes
	b.ReportAllocs()
	for b.Loop() {
		out = chain.Run(req, pod)
	}
	patch, err := json.Marshal(out.Operations)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(len(patch)), "patch-bytes")
}

// TestMutatorToleratesOtherPlugins adds what admission plugins add to an
// injected init container before the webhook is invoked again.
func TestMutatorToleratesOtherPlugins(t *testing.T) {
	req := mutatortest.DefaultRequest()
	req.ServerVersion = version.MustParseSemantic("1.30.0")
	pod := check(t, req, asking("apm"), agent.New(small(t, ""))).Pod
	c := &pod.Spec.InitContainers[0]
	c.VolumeMounts = slices.Insert(c.VolumeMounts, 0, corev1.VolumeMount{Name: "mine", MountPath: "/var/run/secrets", ReadOnly: true})
	c.Resources.Limits[corev1.ResourceEphemeralStorage] = resource.MustParse("1Gi")
	c.Env = append(c.Env, corev1.EnvVar{Name: "ADDED", Value: "1"})
	if ops := check(t, req, pod, agent.New(small(t, ""))).Operations; len(ops) > 0 {
		t.Errorf("the second pass changes the pod: %v", ops)
	}
}

// TestMutatorByDefault injects what the configuration injects without being
// asked, save where a container wants none.
func TestMutatorByDefault(t *testing.T) {
	pod := asking("none")
	delete(pod.Annotations, wellknown.AgentInjectAnnotation)
	pod.Annotations[wellknown.ForContainer(wellknown.AgentInjectAnnotation, "plain")] = "none"
	pod.Spec.Containers = append(pod.Spec.Containers,
		corev1.Container{Name: "plain", Image: "r/plain:1"}, corev1.Container{Name: "envoy", Image: "r/envoy:1"})
	out := check(t, mutatortest.DefaultRequest(), pod, agent.New(small(t, "    default: [log]\n")))
	if diff := cmp.Diff(logTraces, traces(out.Pod)); diff != "" {
		t.Errorf("the pod is not as wanted (-want +got):\n%s", diff)
	}
	for _, c := range out.Pod.Spec.Containers[1:] {
		if len(c.Env)+len(c.VolumeMounts) > 0 {
			t.Errorf("container %s got something: %v %v", c.Name, c.Env, c.VolumeMounts)
		}
	}
}

// TestMutatorCleansNames: what a pod's owner may call it does not reach the JVM
// as options.
func TestMutatorCleansNames(t *testing.T) {
	req := mutatortest.DefaultRequest()
	req.Workload = mutate.Workload{Kind: "Any", Name: `a -Xmx9g "$(B)`}
	out := check(t, req, asking("apm"), agent.New(small(t, "")))
	want := "-javaagent:/evenkeel/apm/lib/apm.jar=/evenkeel/apm/lib -Dapm.name=a_-Xmx9g____B_"
	if got, _ := podspec.LookupEnv(&out.Pod.Spec.Containers[0], "JAVA_TOOL_OPTIONS"); got != want {
		t.Errorf("options are %q; want %q", got, want)
	}
}

// TestMutatorBeforeJVM runs both features that write options, as the webhook
// does: agents stand in front, the heap leaves them room, and either's options
// are replaced in place when a limit changes in between.
func TestMutatorBeforeJVM(t *testing.T) {
	cfg := &v1alpha1.AdmissionConfiguration{}
	cfg.SetDefaults()
	mutators := []mutate.Mutator{agent.New(small(t, "")), jvm.New(&cfg.Features.JVM)}
	pod := asking("apm")
	limits := corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("1Gi")}
	pod.Spec.Containers[0].Resources.Limits = limits
	pod.Spec.Containers[0].Env = []corev1.EnvVar{{Name: "JAVA_TOOL_OPTIONS", Value: "-Dmine=1"}}

	const heap = " -XX:+ExitOnOutOfMemoryError -XX:+IgnoreUnrecognizedVMOptions "
	agentOptions := apmTraces["env JAVA_TOOL_OPTIONS"]
	out := check(t, mutatortest.DefaultRequest(), pod, mutators...)
	for range 2 {
		want := "-XX:MaxRAMPercentage=66.6 -XX:MinRAMPercentage=66.6" + heap + agentOptions + " -Dmine=1"
		if got := traces(out.Pod)["env JAVA_TOOL_OPTIONS"]; got != want {
			t.Errorf("options are\n%q; want\n%q", got, want)
		}
		out = check(t, mutatortest.DefaultRequest(), out.Pod, mutators...)
	}
	out.Pod.Spec.Containers[0].Resources.Limits[corev1.ResourceMemory] = resource.MustParse("2Gi")
	out = check(t, mutatortest.DefaultRequest(), out.Pod, mutators...)
	want := "-XX:MaxRAMPercentage=76.5 -XX:MinRAMPercentage=76.5" + heap + agentOptions + " -Dmine=1"
	if got := traces(out.Pod)["env JAVA_TOOL_OPTIONS"]; got != want {
		t.Errorf("options are\n%q; want\n%q", got, want)
	}
}
