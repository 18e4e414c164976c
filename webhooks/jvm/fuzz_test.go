// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package jvm_test

import (
	"encoding/json"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/internal/mutatortest"
	"github.com/evenkeel/evenkeel/webhooks/jvm"
)

// FuzzMutator gives the mutator options, limits and annotations of any form, on
// two containers of which the second differs by shape: bit 0 takes its limits,
// bit 1 gives the pod limits, bit 2 adds an envFrom, bit 3 a valueFrom, bit 4
// repeats the variable.
func FuzzMutator(f *testing.F) {
	for _, options := range []string{
		"", "-Xmx512m", " \t-Da=1\n-Db='x y' ", `-Da="open`, "-XX:MaxRAMPercentage=", "-XX:", "-XX:+", "$(JAVA_TOOL_OPTIONS)",
		"-XX:MaxRAMPercentage=69.7 -XX:MinRAMPercentage=69.7", "-XX:+IgnoreUnrecognizedVMOptions", "\x00", "-", "=-Xmx1g", "JAVA=-Xmx1g",
		"-Dstraße=ü", "-javaagent:/x.jar=a=b,c",
	} {
		f.Add(options, "sh -c '"+options+"'", int64(1<<30), int64(1500), "62.5", "auto", "JAVA_TOOL_OPTIONS", uint8(0), "")
	}
	for _, extra := range []string{
		"heap-dump=on", "heap-dump=on\nheap-dump-volume.other=vol", "heap-dump-volume=nowhere", "sizing=absolute\nthreads=10",
		"profile=jdk8-kubelet\nheap-dump=on", "profile=strict", "profile=none\nmetaspace=1Ei", "metaspace=-1\ndirect=0", "native=1e3\ncode-cache=1",
		"heap-dump.other=on\nprofile.app=dumps",
	} {
		for _, shape := range []uint8{0, 2, 32, 96, 255} {
			f.Add("-Xms900m $(X)", "java @/args ${JAVA_OPTS:--Xms2g}", int64(1<<30), int64(2000), "", "", "", shape, extra)
		}
	}
	f.Add("-Da", "", int64(1), int64(0), "0", "on", "PATH", uint8(1), "heap-dump=on")
	f.Add("-Da", "", int64(-5), int64(-5), "1e1", "", "", uint8(2), "heap-dump=on")
	f.Add("-Da", "", int64(64<<20), int64(1), "10.05", "off", "JDK_JAVA_OPTIONS", uint8(3), "heap-dump=on")
	f.Add("-Da", "", int64(1<<62), int64(1<<60), "90", "auto", "JDK_JAVA_OPTIONS", uint8(31), "heap-dump=on")

	mutators := map[bool]*jvm.Mutator{
		false: jvm.New(feature(f, goldenSection)),
		true: jvm.New(feature(f, "{processors: JVM, skipContainers: [], exitOnOutOfMemory: false, channel: JDK_JAVA_OPTIONS, "+
			"sizing: Absolute, heapDump: {mode: Always, volume: vol}, initContainers: {names: [other]}}")),
	}
	f.Fuzz(func(t *testing.T, options, script string, memory, milliCPU int64, percent, mode, channel string, shape uint8, extra string) {
		pod := javaPod(corev1.EnvVar{Name: "JAVA_TOOL_OPTIONS", Value: options})
		app := &pod.Spec.Containers[0]
		app.Command = []string{"sh", "-c", script}
		app.Resources.Limits = corev1.ResourceList{
			corev1.ResourceMemory: *resource.NewQuantity(memory, resource.BinarySI),
			corev1.ResourceCPU:    *resource.NewMilliQuantity(milliCPU, resource.DecimalSI),
		}
		other := *app.DeepCopy()
		other.Name, other.Command = "other", nil
		if shape&1 != 0 {
			other.Resources.Limits = nil
		}
		if shape&2 != 0 {
			pod.Spec.Resources = &corev1.ResourceRequirements{Limits: app.Resources.Limits}
			other.Resources.Limits = nil
		}
		if shape&4 != 0 {
			other.EnvFrom = []corev1.EnvFromSource{{Prefix: mode, SecretRef: &corev1.SecretEnvSource{
				LocalObjectReference: corev1.LocalObjectReference{Name: "s"}}}}
			other.Env = nil
		}
		if shape&8 != 0 {
			other.Env = append(other.Env, corev1.EnvVar{Name: "JDK_JAVA_OPTIONS", ValueFrom: &corev1.EnvVarSource{
				FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.name"}}})
		}
		if shape&16 != 0 {
			app.Env = append(app.Env, corev1.EnvVar{Name: "JAVA_TOOL_OPTIONS"}, corev1.EnvVar{Name: channel, Value: script})
		}
		switch {
		case shape&64 == 0:
			pod.Spec.Containers = append(pod.Spec.Containers, other)
		case shape&128 != 0:
			other.RestartPolicy = ptr.To(corev1.ContainerRestartPolicyAlways)
			fallthrough
		default:
			pod.Spec.InitContainers = append(pod.Spec.InitContainers, other)
		}
		pod.Spec.Volumes = []corev1.Volume{{Name: "vol", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}}
		for line := range strings.Lines(extra) {
			if key, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
				annotate(pod, "jvm.evenkeel.io/"+key, value)
			}
		}
		for key, value := range map[string]string{"heap-percent": percent, "mode.other": mode, "channel": channel} {
			if value != "" {
				annotate(pod, "jvm.evenkeel.io/"+key, value)
			}
		}
		raw, err := json.Marshal(pod)
		if err != nil {
			t.Skip()
		}
		m := mutators[shape&32 != 0]
		mutatortest.Check(t, mutatortest.NewChain(v1alpha1.OnErrorAdmit, m), mutatortest.DefaultRequest(), raw)
	})
}
