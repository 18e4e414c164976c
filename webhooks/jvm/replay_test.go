// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package jvm_test

import (
	"encoding/json"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/internal/mutatortest"
	"github.com/evenkeel/evenkeel/internal/podspec"
	"github.com/evenkeel/evenkeel/webhooks/jvm"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// run checks the promises for a pod and returns what the chain made of it.
func run(t *testing.T, cfg *v1alpha1.JVMFeature, pod *corev1.Pod) *mutate.Outcomes {
	t.Helper()
	raw, err := json.Marshal(pod)
	if err != nil {
		t.Fatal(err)
	}
	return mutatortest.Check(t, mutatortest.NewChain(v1alpha1.OnErrorAdmit, jvm.New(cfg)), mutatortest.DefaultRequest(), raw)
}

// javaPod returns a pod with one container, app, of 1Gi and one processor.
func javaPod(env ...corev1.EnvVar) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "pod"},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Name: "app", Image: "registry.example.com/app:1", Env: env,
			Resources: corev1.ResourceRequirements{Limits: corev1.ResourceList{
				corev1.ResourceMemory: resource.MustParse("1Gi"), corev1.ResourceCPU: resource.MustParse("1"),
			}},
		}}},
	}
}

const (
	heap1Gi = "-XX:MaxRAMPercentage=69.7 -XX:MinRAMPercentage=69.7"
	rest    = "-XX:ActiveProcessorCount=1 -XX:+ExitOnOutOfMemoryError -XX:+IgnoreUnrecognizedVMOptions"
)

// TestMutatorFollowsChanges changes a pod that the mutator has been over, as
// another webhook does before it is invoked again, or a person who copies a live
// pod.
func TestMutatorFollowsChanges(t *testing.T) {
	user := corev1.EnvVar{Name: "JAVA_TOOL_OPTIONS", Value: "-Dmine=1"}
	for name, tc := range map[string]struct {
		env    []corev1.EnvVar
		change func(*corev1.Pod)
		// want is the value of each channel; one that is not here must be absent.
		want map[string]string
		code mutate.Code
	}{
		"nothing": {
			env:    []corev1.EnvVar{user},
			change: func(*corev1.Pod) {},
			want:   map[string]string{"JAVA_TOOL_OPTIONS": heap1Gi + " " + rest + " -Dmine=1"},
		},
		"the limit is raised": {
			env:    []corev1.EnvVar{user},
			change: func(p *corev1.Pod) { setMemory(p, "2Gi") },
			want: map[string]string{"JAVA_TOOL_OPTIONS": "-XX:MaxRAMPercentage=78.0 -XX:MinRAMPercentage=78.0 " +
				rest + " -Dmine=1"},
		},
		"the user appends options": {
			change: func(p *corev1.Pod) { p.Spec.Containers[0].Env[0].Value += " -Dmine=1" },
			want:   map[string]string{"JAVA_TOOL_OPTIONS": heap1Gi + " " + rest + " -Dmine=1"},
		},
		"another webhook prepends an agent": {
			change: func(p *corev1.Pod) {
				p.Spec.Containers[0].Env[0].Value = "-javaagent:/a.jar " + p.Spec.Containers[0].Env[0].Value
				setMemory(p, "2Gi")
			},
			want: map[string]string{"JAVA_TOOL_OPTIONS": "-javaagent:/a.jar -XX:MaxRAMPercentage=78.0 -XX:MinRAMPercentage=78.0 " + rest},
		},
		"the user sets a heap elsewhere": {
			change: func(p *corev1.Pod) { p.Spec.Containers[0].Args = []string{"-Xmx300m"} },
			want:   map[string]string{"JAVA_TOOL_OPTIONS": rest},
			code:   mutate.CodeUserHeapFlags,
		},
		"the user edits our heap": {
			change: func(p *corev1.Pod) {
				p.Spec.Containers[0].Env[0].Value = "-XX:MaxRAMPercentage=50.0 -XX:MinRAMPercentage=50.0 -Dmine=1"
			},
			want: map[string]string{"JAVA_TOOL_OPTIONS": rest + " -XX:MaxRAMPercentage=50.0 -XX:MinRAMPercentage=50.0 -Dmine=1"},
			code: mutate.CodeUserHeapFlags,
		},
		"the mode goes off": {
			change: func(p *corev1.Pod) { annotate(p, wellknown.JVMModeAnnotation, "off") },
			want:   map[string]string{},
			code:   mutate.CodeJVMOff,
		},
		"the mode goes off beside the user's options": {
			env:    []corev1.EnvVar{user},
			change: func(p *corev1.Pod) { annotate(p, wellknown.JVMModeAnnotation, "off") },
			want:   map[string]string{"JAVA_TOOL_OPTIONS": "-Dmine=1"},
			code:   mutate.CodeJVMOff,
		},
		"the channel changes": {
			env:    []corev1.EnvVar{user},
			change: func(p *corev1.Pod) { annotate(p, wellknown.JVMChannelAnnotation, "JDK_JAVA_OPTIONS") },
			want: map[string]string{
				"JAVA_TOOL_OPTIONS": "-Dmine=1",
				"JDK_JAVA_OPTIONS":  heap1Gi + " " + rest,
			},
		},
		"the variable goes to a ConfigMap": {
			change: func(p *corev1.Pod) {
				p.Spec.Containers[0].Env[0] = corev1.EnvVar{Name: "JAVA_TOOL_OPTIONS", ValueFrom: &corev1.EnvVarSource{
					ConfigMapKeyRef: &corev1.ConfigMapKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: "java"}, Key: "options"}}}
			},
			want: map[string]string{"JAVA_TOOL_OPTIONS": heap1Gi + " " + rest + " $(EVENKEEL_JAVA_TOOL_OPTIONS)"},
			code: mutate.CodeOptionsByValueFrom,
		},
		"the record is lost": {
			change: func(p *corev1.Pod) { delete(p.Annotations, wellknown.StatusAnnotation) },
			want:   map[string]string{"JAVA_TOOL_OPTIONS": heap1Gi + " " + rest},
			code:   mutate.CodeUserHeapFlags,
		},
		"the record is no record": {
			change: func(p *corev1.Pod) { annotate(p, wellknown.StatusAnnotation, `{"features": 7`) },
			want:   map[string]string{"JAVA_TOOL_OPTIONS": heap1Gi + " " + rest},
			code:   mutate.CodeUserHeapFlags,
		},
		"the empty entry that hid an envFrom stays": {
			env: []corev1.EnvVar{{Name: "JAVA_TOOL_OPTIONS"}},
			change: func(p *corev1.Pod) {
				p.Spec.Containers[0].EnvFrom = []corev1.EnvFromSource{{ConfigMapRef: &corev1.ConfigMapEnvSource{
					LocalObjectReference: corev1.LocalObjectReference{Name: "settings"}}}}
				annotate(p, wellknown.JVMModeAnnotation, "off")
			},
			want: map[string]string{"JAVA_TOOL_OPTIONS": ""},
			code: mutate.CodeJVMOff,
		},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := feature(t, "{}")
			pod := run(t, cfg, javaPod(tc.env...)).Pod
			tc.change(pod)
			out := run(t, cfg, pod)
			c := &out.Pod.Spec.Containers[0]
			for _, channel := range v1alpha1.Channels {
				got, source := podspec.LookupEnv(c, channel)
				if source == podspec.EnvValueFrom {
					got = "valueFrom"
				}
				want, present := tc.want[channel]
				if present != (source == podspec.EnvLiteral || source == podspec.EnvValueFrom) || got != want {
					t.Errorf("%s is %q (source %d); want %q, present: %t", channel, got, source, want, present)
				}
			}
			if got := out.Features[0].Report.Containers["app"].Code; got != tc.code {
				t.Errorf("code is %q; want %q", got, tc.code)
			}
		})
	}
}

// TestMutatorKnowsItsWorkInALargePod has so many containers that the record is
// cut short.
func TestMutatorKnowsItsWorkInALargePod(t *testing.T) {
	pod := javaPod()
	for i := range 40 {
		c := *pod.Spec.Containers[0].DeepCopy()
		c.Name = fmt.Sprintf("other-%d", i)
		// Each of its own size, because what is equal is recorded once.
		c.Resources.Limits[corev1.ResourceMemory] = *resource.NewQuantity(int64(600+i)<<20, resource.BinarySI)
		pod.Spec.Containers = append(pod.Spec.Containers, c)
	}
	cfg := feature(t, "{}")
	out := run(t, cfg, pod)
	status, err := mutate.ParseStatus(out.Pod.Annotations[wellknown.StatusAnnotation])
	if err != nil || !status.Truncated {
		t.Fatalf("the record is not cut short (error: %v); the test needs more containers", err)
	}
	never := out.Pod.DeepCopy()
	never.Spec.RestartPolicy = corev1.RestartPolicyNever
	if errs := mutatortest.Validate(run(t, cfg, never).Pod); len(errs) > 0 {
		t.Errorf("with restartPolicy Never the API server would refuse the pod: %v", errs.ToAggregate())
	}
	setMemory(out.Pod, "2Gi")
	again := run(t, cfg, out.Pod)
	want := "-XX:MaxRAMPercentage=78.0 -XX:MinRAMPercentage=78.0 " + rest
	if got, _ := podspec.LookupEnv(&again.Pod.Spec.Containers[0], "JAVA_TOOL_OPTIONS"); got != want {
		t.Errorf("options are %q; want %q", got, want)
	}
}

// TestMutatorLeavesRoomForAgents runs a mutator before it that reserves memory.
func TestMutatorLeavesRoomForAgents(t *testing.T) {
	raw, err := json.Marshal(javaPod())
	if err != nil {
		t.Fatal(err)
	}
	chain := mutatortest.NewChain(v1alpha1.OnErrorAdmit, reserver(256<<20), jvm.New(feature(t, "{}")))
	out := mutatortest.Check(t, chain, mutatortest.DefaultRequest(), raw)
	// 25 points of a percentage less than without, of 1Gi.
	if got, want := out.Features[1].Report.Containers["app"].Facts[mutate.FactHeapPercent], "44.7"; got != want {
		t.Errorf("heap is %s %%; want %s", got, want)
	}
}

// reserver reserves so many bytes of the container app.
type reserver int64

func (reserver) Name() string    { return "reserver" }
func (reserver) Paths() []string { return nil }
func (r reserver) Mutate(req *mutate.Request, _ *podspec.Editor) (*mutate.Report, error) {
	req.Reserve("app", mutate.Reservation{What: "agent test", Bytes: int64(r)})
	return &mutate.Report{}, nil
}

func TestMutatorConfiguration(t *testing.T) {
	for name, tc := range map[string]struct {
		section string
		want    string
	}{
		"processors left to the JVM": {"{processors: JVM}", heap1Gi + " -XX:+ExitOnOutOfMemoryError -XX:+IgnoreUnrecognizedVMOptions"},
		"no exit":                    {"{exitOnOutOfMemory: false}", heap1Gi + " -XX:ActiveProcessorCount=1 -XX:+IgnoreUnrecognizedVMOptions"},
		"a lower ceiling":            {"{heap: {ceilingPercent: 50}}", "-XX:MaxRAMPercentage=50.0 -XX:MinRAMPercentage=50.0 " + rest},
		"a higher minimum":           {"{heap: {minimumLimit: 2Gi}}", rest},
	} {
		t.Run(name, func(t *testing.T) {
			out := run(t, feature(t, tc.section), javaPod())
			if got, _ := podspec.LookupEnv(&out.Pod.Spec.Containers[0], "JAVA_TOOL_OPTIONS"); got != tc.want {
				t.Errorf("options are %q; want %q", got, tc.want)
			}
		})
	}
}

func setMemory(p *corev1.Pod, limit string) {
	p.Spec.Containers[0].Resources.Limits[corev1.ResourceMemory] = resource.MustParse(limit)
}

func annotate(p *corev1.Pod, key, value string) {
	if p.Annotations == nil {
		p.Annotations = map[string]string{}
	}
	p.Annotations[key] = value
}
