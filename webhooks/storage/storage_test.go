// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package storage_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/internal/mutatortest"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
	"github.com/evenkeel/evenkeel/webhooks/storage"
)

func TestStorageGoldens(t *testing.T) {
	mutatortest.RunGoldens(t, nil, newMutator())
}

func TestStorageDeniesUnknownTier(t *testing.T) {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "p", Annotations: map[string]string{wellknown.StorageTierAnnotation + ".app": "10Gi"}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "app"}}},
	}
	out := mutatortest.NewChain(v1alpha1.OnErrorDeny, newMutator()).Run(mutatortest.DefaultRequest(), pod)
	want := `storage: annotation storage.evenkeel.io/tier.app: no tier "10Gi"; choose one of small, medium, large, xlarge, or remove the annotation`
	if diff := cmp.Diff(want, out.Denied); diff != "" {
		t.Errorf("Denied (-want +got):\n%s", diff)
	}
}

// Whatever a pod says of disk: its own values stay, no limit is below a request,
// and what a kubelet compares the whole pod with has room for every emptyDir whose
// size is not of this feature.
func FuzzStorage(f *testing.F) {
	f.Add("", "", "", "", "", "")
	f.Add("1Gi", "", "2Gi", "", "30Gi", "small")
	f.Add("50Gi", "60Gi", "", "", "", "huge")
	f.Add("", "1", "20Gi", "", "0", "large")
	f.Add("8E", "", "8E", "", "8E", "large")
	f.Fuzz(func(t *testing.T, request, limit, request2, limit2, size, tier string) {
		pod := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: "p", Namespace: "shop", Annotations: map[string]string{wellknown.StorageTierAnnotation: tier}},
			Spec: corev1.PodSpec{
				Containers: []corev1.Container{
					{Name: "app", Image: "registry.example/app:1", VolumeMounts: []corev1.VolumeMount{{Name: "v", MountPath: "/v"}, {Name: "w", MountPath: "/w"}}},
					{Name: "second", Image: "registry.example/second:1"},
				},
				Volumes: []corev1.Volume{
					{Name: "v", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
					{Name: "w", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
				},
			},
		}
		if tier == "" {
			pod.Annotations = nil
		}
		put := func(c *corev1.Container, request, limit string) bool {
			for _, v := range []struct {
				list *corev1.ResourceList
				text string
			}{{&c.Resources.Requests, request}, {&c.Resources.Limits, limit}} {
				if v.text == "" {
					continue
				}
				q, err := resource.ParseQuantity(v.text)
				if err != nil {
					return false
				}
				*v.list = corev1.ResourceList{corev1.ResourceEphemeralStorage: q}
			}
			return true
		}
		if !put(&pod.Spec.Containers[0], request, limit) || !put(&pod.Spec.Containers[1], request2, limit2) {
			t.Skip("not a quantity")
		}
		if size != "" {
			q, err := resource.ParseQuantity(size)
			if err != nil {
				t.Skip("not a quantity")
			}
			pod.Spec.Volumes[0].EmptyDir.SizeLimit = &q
		}
		if len(mutatortest.Validate(pod)) > 0 {
			t.Skip("the API server would refuse the pod")
		}
		raw, err := json.Marshal(pod)
		if err != nil {
			t.Skip("not text that JSON can hold")
		}
		out := mutatortest.Check(t, mutatortest.NewChain(v1alpha1.OnErrorAdmit, newMutator()), mutatortest.DefaultRequest(), raw)
		var total resource.Quantity
		for i, c := range out.Pod.Spec.Containers {
			before := pod.Spec.Containers[i]
			if was, ok := before.Resources.Limits[corev1.ResourceEphemeralStorage]; ok && was.Cmp(*c.Resources.Limits.StorageEphemeral()) != 0 {
				t.Errorf("container %s: the limit %s became %s", c.Name, was.String(), c.Resources.Limits.StorageEphemeral())
			}
			was := before.Resources.Requests[corev1.ResourceEphemeralStorage]
			if _, ok := before.Resources.Limits[corev1.ResourceEphemeralStorage]; !ok && was.Cmp(*c.Resources.Requests.StorageEphemeral()) != 0 {
				t.Errorf("container %s: the request %s became %s", c.Name, was.String(), c.Resources.Requests.StorageEphemeral())
			}
			if _, ok := c.Resources.Limits[corev1.ResourceEphemeralStorage]; !ok {
				t.Errorf("container %s has no limit", c.Name)
			}
			total.Add(*c.Resources.Limits.StorageEphemeral())
		}
		if limit == "" && size != "" && total.Cmp(*out.Pod.Spec.Volumes[0].EmptyDir.SizeLimit) < 0 {
			t.Errorf("the pod may use %s, its emptyDir %s", total.String(), size)
		}
		if out.Pod.Spec.Volumes[1].EmptyDir.SizeLimit == nil {
			t.Error("the emptyDir without a size has none")
		}
	})
}

func newMutator() mutate.Mutator {
	cfg := v1alpha1.AdmissionConfiguration{}
	cfg.Features.Storage.WorkloadTiers = map[string]string{"DaemonSet": "large"}
	cfg.SetDefaults()
	return storage.New(&cfg.Features.Storage)
}
