// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package pod_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/manifests"
	"github.com/evenkeel/evenkeel/webhooks"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
	"github.com/evenkeel/evenkeel/webhooks/pod"
)

// BenchmarkChain is the chain of the shipped configuration over a typed pod of
// five containers.
func BenchmarkChain(b *testing.B) {
	chain, p := webhooks.NewChain(shipped(b)), fiveContainers()
	b.ReportAllocs()
	for b.Loop() {
		if out := chain.Run(mutate.Request{Namespace: "shop"}, p); len(out.Operations) == 0 {
			b.Fatal("nothing was changed")
		}
	}
}

// BenchmarkHandler is the same with decoding and encoding.
func BenchmarkHandler(b *testing.B) {
	raw, err := json.Marshal(fiveContainers())
	if err != nil {
		b.Fatal(err)
	}
	h := pod.NewHandler(enabled{}, pod.NewMetrics(prometheus.NewRegistry()), pod.Settings{Chain: webhooks.NewChain(shipped(b))})
	req := admission.Request{AdmissionRequest: admissionv1.AdmissionRequest{
		Operation: admissionv1.Create, Namespace: "shop", Resource: metav1.GroupVersionResource{Version: "v1", Resource: "pods"},
		Object: runtime.RawExtension{Raw: raw}}}
	b.ReportAllocs()
	for b.Loop() {
		resp := h.Handle(b.Context(), req)
		if len(resp.Patch) == 0 {
			b.Fatal("nothing was changed")
		}
		b.ReportMetric(float64(len(resp.Patch)), "patch-bytes")
	}
}

type enabled struct{}

func (enabled) Labels(context.Context, string) (map[string]string, error) {
	return map[string]string{wellknown.InjectionLabel: wellknown.InjectionEnabled}, nil
}

func shipped(b *testing.B) *v1alpha1.AdmissionConfiguration {
	b.Helper()
	cfg, err := v1alpha1.LoadAdmissionConfiguration("config.yaml", manifests.AdmissionConfiguration)
	if err != nil {
		b.Fatal(err)
	}
	return cfg
}

// fiveContainers is a pod as the API server sends it, with the volume of the
// ServiceAccount plugin.
func fiveContainers() *corev1.Pod {
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
	for i := range 5 {
		p.Spec.Containers = append(p.Spec.Containers, corev1.Container{
			Name: fmt.Sprint("orders-", i), Image: "registry.example/orders:1",
			Env: []corev1.EnvVar{{Name: "JAVA_TOOL_OPTIONS", Value: "-Dfile.encoding=UTF-8"}},
			Resources: corev1.ResourceRequirements{Limits: corev1.ResourceList{
				corev1.ResourceMemory: resource.MustParse("2Gi"), corev1.ResourceCPU: resource.MustParse("2")}},
			VolumeMounts: []corev1.VolumeMount{{Name: volume, MountPath: path, ReadOnly: true}},
		})
	}
	return p
}
