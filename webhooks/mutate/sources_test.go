// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package mutate_test

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/internal/mutatortest"
	"github.com/evenkeel/evenkeel/manifests"
	"github.com/evenkeel/evenkeel/webhooks/agent"
	"github.com/evenkeel/evenkeel/webhooks/jvm"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// FuzzOptionSources runs both features that write JVM options over a container
// whose variables come from any mix of sources, changes the pod as another webhook
// or a person who copies it does, and runs them again. edit chooses the change by
// its bits: a limit, words before and after the options, another envFrom, no more
// agents, the feature jvm off, the record lost.
func FuzzOptionSources(f *testing.F) {
	cfg, err := v1alpha1.LoadAdmissionConfiguration("config.yaml", manifests.AdmissionConfiguration)
	if err != nil {
		f.Fatal(err)
	}
	chain := mutatortest.NewChain(v1alpha1.OnErrorAdmit, agent.New(&cfg.Features.Agent), jvm.New(&cfg.Features.JVM))
	random := rand.New(rand.NewPCG(5, 6))
	for range 100 {
		shape := make([]byte, 64)
		for i := range shape {
			shape[i] = byte(random.Uint32())
		}
		f.Add(shape, "-Dmine=1", uint8(random.Uint32()))
	}
	for _, text := range []string{`-Da="open`, `'`, "\t-Da\n-Db ", "-Xmx1g", "-XX:MaxRAMPercentage=50.0 $(", strings.Repeat("-Dx=y ", 34000)} {
		f.Add([]byte{1, 0, 0, 2, 0}, text, uint8(7))
		f.Add([]byte{3, 0, 1, 0, 0, 2, 0, 0, 2, 0, 0, 2}, text, uint8(15))
	}
	f.Fuzz(func(t *testing.T, shape []byte, text string, edit uint8) {
		if !utf8.ValidString(text) || strings.Contains(text, "EVENKEEL_") || strings.Contains(text, "evenkeel") {
			t.Skip()
		}
		pod := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: "orders", Annotations: map[string]string{wellknown.AgentInjectAnnotation: "otel"}},
			Spec: corev1.PodSpec{Containers: []corev1.Container{mutatortest.NewDraw(shape).Container(text)},
				Volumes: []corev1.Volume{{Name: "files", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}}},
		}
		setMemory := func(p *corev1.Pod, limit string) {
			p.Spec.Containers[0].Resources.Limits = corev1.ResourceList{corev1.ResourceMemory: resource.MustParse(limit)}
		}
		setMemory(pod, "1Gi")
		once := checkSources(t, chain, pod, pod)

		// As the JVM would get them without the features, for the pod as it is edited.
		plain, edited := pod.DeepCopy(), once.DeepCopy()
		c := &edited.Spec.Containers[0]
		last := len(c.Env) - 1
		for last >= 0 && c.Env[last].Name != wellknown.JavaToolOptions {
			last--
		}
		literal := last >= 0 && c.Env[last].ValueFrom == nil
		if edit&1 != 0 {
			setMemory(edited, "2Gi")
		}
		if edit&2 != 0 && literal {
			c.Env[last].Value = "-Dbefore=1 " + c.Env[last].Value
		}
		if edit&4 != 0 && literal {
			c.Env[last].Value += " -Dafter=1"
		}
		// Elsewhere the variable has an entry, which hides what an envFrom brings.
		if edit&(8|64) == 8 && literal && strings.Contains(c.Env[last].Value, "$("+wellknown.PrivateEnvPrefix) {
			for _, p := range []*corev1.Pod{plain, edited} {
				p.Spec.Containers[0].EnvFrom = append(p.Spec.Containers[0].EnvFrom, corev1.EnvFromSource{
					ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "with"}}})
			}
		}
		if edit&16 != 0 {
			edited.Annotations[wellknown.AgentInjectAnnotation] = wellknown.AgentInjectNone
		}
		if edit&32 != 0 {
			edited.Annotations[wellknown.JVMModeAnnotation] = "off"
		}
		if edit&64 != 0 {
			delete(edited.Annotations, wellknown.StatusAnnotation)
		}
		checkSources(t, chain, edited, plain)
	})
}

// checkSources runs the chain over a pod and compares what a kubelet makes of the
// container with what it makes of it in plain, which no feature has been over.
func checkSources(t *testing.T, chain *mutate.Chain, pod, plain *corev1.Pod) *corev1.Pod {
	t.Helper()
	raw, err := json.Marshal(pod)
	if err != nil {
		t.Fatal(err)
	}
	out := mutatortest.Check(t, chain, mutatortest.DefaultRequest(), raw).Pod
	was, wasErr := mutatortest.ResolveEnv(&plain.Spec.Containers[0], mutatortest.Drawable())
	is, isErr := mutatortest.ResolveEnv(&out.Spec.Containers[0], mutatortest.Drawable())
	if (wasErr == nil) != (isErr == nil) {
		t.Errorf("without the features the container starts: %v; with them: %v", wasErr, isErr)
	}
	if wasErr != nil || isErr != nil {
		return out
	}
	for name, value := range was {
		if name != wellknown.JavaToolOptions && is[name] != value {
			t.Errorf("%s is %q; without the features %q", name, is[name], value)
		}
	}
	got := is[wellknown.JavaToolOptions]
	if strings.Contains(got, "$("+wellknown.PrivateEnvPrefix) {
		t.Errorf("the JVM gets a reference: %q", got)
	}
	// The user's words, in their order and behind all of ours.
	mine := strings.Fields(was[wellknown.JavaToolOptions])
	if words := strings.Fields(strings.TrimSuffix(got, " -Dafter=1")); len(words) < len(mine) || !slices.Equal(words[len(words)-len(mine):], mine) {
		t.Errorf("the JVM gets %q; want it to end in %q", got, mine)
	}
	if t.Failed() {
		content, _ := json.Marshal(out.Spec.Containers[0])
		t.Logf("of %.3000s\nis %.3000s", raw, content)
	}
	return out
}
