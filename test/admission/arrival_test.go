// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package admission_test

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/manifests"
	"github.com/evenkeel/evenkeel/webhooks"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// shippedChain returns the chain of the shipped configuration, with a version
// and a hash that do not vary.
func shippedChain(tb testing.TB) *mutate.Chain {
	tb.Helper()
	cfg, err := v1alpha1.LoadAdmissionConfiguration("config.yaml", manifests.AdmissionConfiguration)
	if err != nil {
		tb.Fatal(err)
	}
	chain := webhooks.NewChain(cfg)
	chain.Version, chain.ConfigHash = "v0.0.0-test", "test"
	return chain
}

// Where the ServiceAccount's token appears, and a volume's name as the API server
// makes it.
const (
	tokenPath       = "/var/run/secrets/kubernetes.io/serviceaccount"
	tokenVolumeName = "kube-api-access-x7k2p"
)

// mountToken does what the API server's ServiceAccount plugin does with a pod
// before every webhook, and again after one that changed it
// (plugin/pkg/admission/serviceaccount, Admit and mountServiceAccountToken).
func mountToken(pod *corev1.Pod) {
	if _, mirror := pod.Annotations[corev1.MirrorPodAnnotationKey]; mirror {
		return
	}
	if pod.Spec.ServiceAccountName == "" {
		pod.Spec.ServiceAccountName = "default"
	}
	if !ptr.Deref(pod.Spec.AutomountServiceAccountToken, true) {
		return
	}
	mount := corev1.VolumeMount{Name: tokenVolumeName, MountPath: tokenPath, ReadOnly: true}
	needed := false
	for _, list := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range list {
			if !slices.ContainsFunc(list[i].VolumeMounts, func(m corev1.VolumeMount) bool { return m.MountPath == tokenPath }) {
				list[i].VolumeMounts = append(list[i].VolumeMounts, mount)
				needed = true
			}
		}
	}
	if needed && !slices.ContainsFunc(pod.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == tokenVolumeName }) {
		pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: tokenVolumeName, VolumeSource: corev1.VolumeSource{
			Projected: &corev1.ProjectedVolumeSource{DefaultMode: ptr.To[int32](0o644), Sources: []corev1.VolumeProjection{
				{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{ExpirationSeconds: ptr.To[int64](3607), Path: "token"}},
				{ConfigMap: &corev1.ConfigMapProjection{LocalObjectReference: corev1.LocalObjectReference{Name: "kube-root-ca.crt"},
					Items: []corev1.KeyToPath{{Key: "ca.crt", Path: "ca.crt"}}}},
				{DownwardAPI: &corev1.DownwardAPIProjection{Items: []corev1.DownwardAPIVolumeFile{
					{Path: "namespace", FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: "metadata.namespace"}}}}},
			}}}})
	}
}
