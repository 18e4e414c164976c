// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package jvm_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/kubernetes/third_party/forked/golang/expansion"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/manifests"
	"github.com/evenkeel/evenkeel/test/jvm/container"
	"github.com/evenkeel/evenkeel/test/jvm/jdk"
	"github.com/evenkeel/evenkeel/webhooks"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// shipped returns the shipped configuration, with its text changed first.
func shipped(t *testing.T, oldnew ...string) *v1alpha1.AdmissionConfiguration {
	t.Helper()
	text := string(manifests.AdmissionConfiguration)
	for i := 0; i < len(oldnew); i += 2 {
		if !strings.Contains(text, oldnew[i]) {
			t.Fatalf("the shipped configuration has no %q", oldnew[i])
		}
		text = strings.ReplaceAll(text, oldnew[i], oldnew[i+1])
	}
	cfg, err := v1alpha1.LoadAdmissionConfiguration("config.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// podOf returns a pod with one container, app, from the rest of it in YAML.
func podOf(t *testing.T, fields string) *corev1.Pod {
	t.Helper()
	c := corev1.Container{Name: "app", Image: "registry.example.com/shop/app:1"}
	if err := yaml.UnmarshalStrict([]byte(fields), &c); err != nil {
		t.Fatalf("%s: %v", fields, err)
	}
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "app"}, Spec: corev1.PodSpec{Containers: []corev1.Container{c}}}
}

// admit runs the whole chain over a pod and returns its container app and what
// the jvm feature says of it.
func admit(t *testing.T, cfg *v1alpha1.AdmissionConfiguration, pod *corev1.Pod) (*corev1.Container, mutate.Result) {
	t.Helper()
	pod, out := admitPod(t, cfg, pod)
	for _, f := range out.Features {
		if f.Name == "jvm" {
			return &pod.Spec.Containers[0], f.Report.Containers["app"]
		}
	}
	t.Fatal("the chain has no jvm feature")
	return nil, mutate.Result{}
}

// requestOn is for a pod of a Deployment on a server of that version.
func requestOn(server string) mutate.Request {
	return mutate.Request{Namespace: "shop", Workload: mutate.Workload{Kind: "Deployment", Name: "orders"},
		ServerVersion: version.MustParseSemantic(server)}
}

func admitPod(t *testing.T, cfg *v1alpha1.AdmissionConfiguration, pod *corev1.Pod) (*corev1.Pod, *mutate.Outcomes) {
	t.Helper()
	out := webhooks.NewChain(cfg).Run(requestOn("1.37.2"), pod)
	if out.Denied != "" {
		t.Fatalf("the pod is denied: %s", out.Denied)
	}
	for _, f := range out.Features {
		if f.Err != nil {
			t.Fatalf("the feature %s failed: %v", f.Name, f.Err)
		}
	}
	return out.Pod, out
}

// objects are the ConfigMaps and Secrets of a namespace, by name and key.
type objects map[string]map[string]string

// environment returns the variables of a container as a kubelet makes them
// (pkg/kubelet/kubelet_pods.go, makeEnvironmentVariables).
func environment(t *testing.T, c *corev1.Container, objs objects) map[string]string {
	t.Helper()
	env := map[string]string{}
	optional := func(o *bool, kind, name string) {
		t.Helper()
		if o == nil || !*o {
			t.Fatalf("the kubelet would not start the container: there is no %s in %s", kind, name)
		}
	}
	for _, from := range c.EnvFrom {
		var name string
		var opt *bool
		if from.ConfigMapRef != nil {
			name, opt = from.ConfigMapRef.Name, from.ConfigMapRef.Optional
		} else {
			name, opt = from.SecretRef.Name, from.SecretRef.Optional
		}
		data, ok := objs[name]
		if !ok {
			optional(opt, "object", name)
		}
		for key, value := range data {
			env[from.Prefix+key] = value
		}
	}
	mapping := expansion.MappingFuncFor(env)
	for _, e := range c.Env {
		value := e.Value
		switch {
		case value != "":
			value = expansion.Expand(value, mapping)
		case e.ValueFrom != nil:
			if ref := e.ValueFrom.FieldRef; ref != nil {
				env[e.Name] = "value-of-" + ref.FieldPath
				continue
			}
			name, key, opt := "", "", (*bool)(nil)
			if ref := e.ValueFrom.ConfigMapKeyRef; ref != nil {
				name, key, opt = ref.Name, ref.Key, ref.Optional
			} else if ref := e.ValueFrom.SecretKeyRef; ref != nil {
				name, key, opt = ref.Name, ref.Key, ref.Optional
			} else {
				t.Fatalf("the test knows no such source of %s", e.Name)
			}
			var ok bool
			if value, ok = objs[name][key]; !ok {
				optional(opt, "key "+key, name)
				continue
			}
		}
		env[e.Name] = value
	}
	return env
}

// startContainer starts a container as a kubelet would, with its limits, its
// environment and its command, which java stands in for where it is the image's.
// What the test itself wants of the JVM goes by extra and beats all else.
func startContainer(t *testing.T, j jdk.JDK, c *corev1.Container, objs objects, extra ...string) *container.Result {
	t.Helper()
	p := process{command: slices.Clone(c.Command), env: environment(t, c, objs),
		memory: c.Resources.Limits.Memory().Value(), cpu: c.Resources.Limits.Cpu().MilliValue()}
	mapping := expansion.MappingFuncFor(maps.Clone(p.env))
	for i, word := range p.command {
		p.command[i] = expansion.Expand(word, mapping)
	}
	for _, word := range c.Args {
		p.args = append(p.args, expansion.Expand(word, mapping))
	}
	if p.memory > 0 && !canLimit(p.memory) {
		extra = append(extra, "-XX:MaxRAM="+bytes(p.memory))
	}
	if machine.limits != nil || !canLimit(p.memory) {
		p.memory, p.cpu = 0, 0
	}
	p.env["_JAVA_OPTIONS"] = strings.TrimSpace(p.env["_JAVA_OPTIONS"] + " " + strings.Join(extra, " "))
	return start(t, j, p)
}

// canLimit reports whether a limit in bytes means something here: a JVM passes
// over one that is above the memory of the machine.
func canLimit(memory int64) bool { return machine.limits == nil && memory < physicalMemory() }

// physicalMemory returns the memory of this machine in bytes.
func physicalMemory() int64 {
	content, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	var kib int64
	if _, err := fmt.Sscanf(string(content), "MemTotal: %d kB", &kib); err != nil {
		return 0
	}
	return kib * kibi
}

// percentOf returns the value of an injected percentage.
func percentOf(t *testing.T, c *corev1.Container, flag string) float64 {
	t.Helper()
	for _, env := range c.Env {
		for word := range strings.FieldsSeq(env.Value) {
			if value, ok := strings.CutPrefix(word, "-XX:"+flag+"="); ok {
				percent, err := strconv.ParseFloat(value, 64)
				if err != nil {
					t.Fatal(err)
				}
				return percent
			}
		}
	}
	return 0
}
