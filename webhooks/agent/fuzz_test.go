// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"encoding/json"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/version"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/internal/mutatortest"
	"github.com/evenkeel/evenkeel/webhooks/agent"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// FuzzMutator gives the mutator annotations, options, names and mounts of any
// form. shape adds, by its bits: an older server, a second container that asks
// for itself, an envFrom, a valueFrom, an init container that asks for itself, a
// user's volume, annotations on the JDK and on copies that fail, a list of volumes
// for the cluster autoscaler.
func FuzzMutator(f *testing.F) {
	for _, inject := range []string{"apm", "log,apm", " apm , apm ", "none", "", ",", "APM", "none,apm"} {
		for _, options := range []string{"", "-Dapm.name=x", "-javaagent:/evenkeel/apm/lib/apm.jar", "-javaagent:/x/apm.jar=a", "-Dapm", "'"} {
			f.Add(inject, options, "cart", "/evenkeel/apm", "mine", uint8(len(options)))
		}
	}
	f.Add("log", "", "", "/evenkeel/log/", "evenkeel-agent-log", uint8(63))
	f.Add("log", "", "-", "relative", "evenkeel-agent-apm-data", uint8(32))
	f.Add("apm,log", "a,evenkeel-agent-apm,,b", "1.8", "nginx:5000/a:b@c", "start", uint8(1+16+64+128))

	m := agent.New(small(f, "    safeToEvictLocalVolumes: true\n    conflicts: [{agents: [apm, log], onMeeting: Warn}]\n"))
	f.Fuzz(func(t *testing.T, inject, options, workload, mountPath, volume string, shape uint8) {
		pod := asking(inject)
		app := &pod.Spec.Containers[0]
		app.Env = []corev1.EnvVar{{Name: "JAVA_TOOL_OPTIONS", Value: options}}
		req := mutatortest.DefaultRequest()
		req.Workload = mutate.Workload{Name: workload}
		if shape&1 != 0 {
			req.ServerVersion = version.MustParseSemantic("1.34.0")
		}
		if shape&2 != 0 {
			pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{Name: "other", Image: "r/o:1"})
			pod.Annotations["agent.evenkeel.io/inject.other"] = "apm"
			app = &pod.Spec.Containers[0]
		}
		if shape&4 != 0 {
			app.EnvFrom = []corev1.EnvFromSource{{Prefix: workload, ConfigMapRef: &corev1.ConfigMapEnvSource{
				LocalObjectReference: corev1.LocalObjectReference{Name: "c"}}}}
		}
		if shape&8 != 0 {
			app.Env = append(app.Env, corev1.EnvVar{Name: "APM_HOME", ValueFrom: &corev1.EnvVarSource{
				FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.name"}}})
		}
		if shape&16 != 0 {
			pod.Spec.InitContainers = []corev1.Container{{Name: "init", Image: "r/i:1"}}
			pod.Annotations["agent.evenkeel.io/inject.init"] = inject
		}
		if shape&32 != 0 {
			pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: volume})
			app.VolumeMounts = append(app.VolumeMounts, corev1.VolumeMount{Name: volume, MountPath: mountPath})
		}
		if shape&64 != 0 {
			pod.Annotations["agent.evenkeel.io/jdk"] = workload
			pod.Annotations["agent.evenkeel.io/on-copy-failure"] = volume
			app.Image = mountPath
		}
		if shape&128 != 0 {
			pod.Annotations["cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes"] = options
		}
		raw, err := json.Marshal(pod)
		if err != nil {
			t.Skip()
		}
		mutatortest.Check(t, mutatortest.NewChain(v1alpha1.OnErrorAdmit, m), req, raw)
	})
}
