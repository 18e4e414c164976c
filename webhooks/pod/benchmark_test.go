// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package pod_test

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/version"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/manifests"
	"github.com/evenkeel/evenkeel/webhooks"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
	"github.com/evenkeel/evenkeel/webhooks/pod"
)

// BenchmarkChain is the chain over a typed pod of five containers.
func BenchmarkChain(b *testing.B) {
	chain := benchmarkChain(b)
	for name, p := range benchmarkPods() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			defer reportCPU(b)()
			for b.Loop() {
				if out := chain.Run(benchmarkRequest, p); len(out.Operations) == 0 {
					b.Fatal("nothing was changed")
				}
			}
		})
	}
}

// BenchmarkHandler is the same with decoding and encoding.
func BenchmarkHandler(b *testing.B) {
	for name, p := range benchmarkPods() {
		b.Run(name, func(b *testing.B) {
			h, req := handle(b, p)
			b.ReportAllocs()
			defer reportCPU(b)()
			var resp admission.Response
			for b.Loop() {
				resp = h.Handle(b.Context(), req)
			}
			if len(resp.Patch) == 0 {
				b.Fatal("nothing was changed")
			}
			b.ReportMetric(float64(len(resp.Patch)), "patch-bytes")
		})
	}
}

// reportCPU adds the processor time of the process per operation, collecting
// garbage included: on a machine that others use the wall clock says little. What
// it returns is called at the end.
func reportCPU(b *testing.B) func() {
	b.Helper()
	used := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	before := used()
	return func() { b.ReportMetric(float64(used()-before)/float64(b.N), "cpu-ns/op") }
}

// TestHandlerPatchIsSmall holds the patch for a pod of five containers to what it
// needs: where one container takes both agents, and where all five do. Half of it
// are the options, what UAV mounts and the record in the status annotation.
func TestHandlerPatchIsSmall(t *testing.T) {
	for name, most := range map[string]int{service: 4 << 10, allJava: 14 << 10} {
		h, req := handle(t, benchmarkPods()[name])
		resp := h.Handle(t.Context(), req)
		t.Logf("%s: %d bytes", name, len(resp.Patch))
		if !bytes.Contains(resp.Patch, []byte("-javaagent:/evenkeel/uav/")) || !bytes.Contains(resp.Patch, []byte("-javaagent:/evenkeel/otel/")) {
			t.Errorf("%s: the patch has not both agents: %s", name, resp.Patch)
		}
		if len(resp.Patch) > most {
			t.Errorf("%s: the patch has %d bytes; want at most %d:\n%s", name, len(resp.Patch), most, resp.Patch)
		}
	}
}

// handle returns a handler of the shipped configuration, and the request that
// creates a pod.
func handle(tb testing.TB, p *corev1.Pod) (*pod.Handler, admission.Request) {
	tb.Helper()
	raw, err := json.Marshal(p)
	if err != nil {
		tb.Fatal(err)
	}
	h := pod.NewHandler(enabled{}, pod.NewMetrics(prometheus.NewRegistry()), pod.Settings{Chain: benchmarkChain(tb)})
	h.SetServerVersion(benchmarkRequest.ServerVersion)
	return h, admission.Request{AdmissionRequest: admissionv1.AdmissionRequest{
		Operation: admissionv1.Create, Namespace: "shop", Resource: metav1.GroupVersionResource{Version: "v1", Resource: "pods"},
		Object: runtime.RawExtension{Raw: raw}}}
}

var benchmarkRequest = mutate.Request{Namespace: "shop", ServerVersion: version.MustParseSemantic("1.37.2")}

type enabled struct{}

func (enabled) Labels(context.Context, string) (map[string]string, error) {
	return map[string]string{wellknown.InjectionLabel: wellknown.InjectionEnabled}, nil
}

// benchmarkChain is of the shipped configuration, with the two features that write
// JVM options.
func benchmarkChain(tb testing.TB) *mutate.Chain {
	tb.Helper()
	chain := webhooks.NewChain(shipped(tb))
	chain.Links = slices.DeleteFunc(chain.Links, func(l mutate.Link) bool {
		return !slices.Contains([]string{"agent", "jvm"}, l.Mutator.Name())
	})
	return chain
}

func shipped(tb testing.TB) *v1alpha1.AdmissionConfiguration {
	tb.Helper()
	cfg, err := v1alpha1.LoadAdmissionConfiguration("config.yaml", manifests.AdmissionConfiguration)
	if err != nil {
		tb.Fatal(err)
	}
	return cfg
}

// The pods of the benchmarks.
const (
	// service is a Java service that takes two agents, beside a second Java program
	// and three sidecars.
	service = "service"
	// allJava has five Java services that take two agents each.
	allJava = "all-java"
)

func benchmarkPods() map[string]*corev1.Pod {
	out := map[string]*corev1.Pod{}
	for name, containers := range map[string][]string{
		service: {"orders", "settlement", "istio-proxy", "fluent-bit", "vault-agent"},
		allJava: {"orders-0", "orders-1", "orders-2", "orders-3", "orders-4"},
	} {
		out[name] = fiveContainers(containers)
	}
	out[service].Annotations = map[string]string{wellknown.ForContainer(wellknown.AgentInjectAnnotation, "orders"): "uav,otel",
		wellknown.ForContainer(wellknown.AgentJDKAnnotation, "orders"): "8"}
	out[allJava].Annotations = map[string]string{wellknown.AgentInjectAnnotation: "uav,otel", wellknown.AgentJDKAnnotation: "8"}
	return out
}

// fiveContainers is a pod as the API server sends it, with the volume of the
// ServiceAccount plugin.
func fiveContainers(names []string) *corev1.Pod {
	const volume, path = "kube-api-access-x7k2p", "/var/run/secrets/kubernetes.io/serviceaccount"
	p := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "orders-5d8f-", Labels: map[string]string{"app": "orders"}},
		Spec: corev1.PodSpec{Volumes: []corev1.Volume{{Name: volume, VolumeSource: corev1.VolumeSource{
			Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
				{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Path: "token"}},
				{ConfigMap: &corev1.ConfigMapProjection{LocalObjectReference: corev1.LocalObjectReference{Name: "kube-root-ca.crt"},
					Items: []corev1.KeyToPath{{Key: "ca.crt", Path: "ca.crt"}}}},
				{DownwardAPI: &corev1.DownwardAPIProjection{Items: []corev1.DownwardAPIVolumeFile{
					{Path: "namespace", FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.namespace"}}}}},
			}}}}}},
	}
	for _, name := range names {
		p.Spec.Containers = append(p.Spec.Containers, corev1.Container{
			Name: name, Image: "registry.example/" + name + ":1",
			Env: []corev1.EnvVar{{Name: "JAVA_TOOL_OPTIONS", Value: "-Dfile.encoding=UTF-8"}},
			Resources: corev1.ResourceRequirements{Limits: corev1.ResourceList{
				corev1.ResourceMemory: resource.MustParse("2Gi"), corev1.ResourceCPU: resource.MustParse("2")}},
			VolumeMounts: []corev1.VolumeMount{{Name: volume, MountPath: path, ReadOnly: true}},
		})
	}
	return p
}
