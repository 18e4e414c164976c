// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package storage_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/internal/mutatortest"
	"github.com/evenkeel/evenkeel/webhooks"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// The whole chain: the limits leave room for the heap dump and for the agents'
// folders, whichever way the agents come, and a second pass, which finds those
// limits, decides as the first did.
func TestStorageLeavesRoomForOtherFeatures(t *testing.T) {
	const config = `
apiVersion: config.evenkeel.io/v1alpha1
kind: AdmissionConfiguration
features:
  jvm:
    heapDump: {mode: Always, sizePercent: 150}
  agent:
    delivery: %s
    default: [uav]
    catalogue:
    - name: uav
      image: registry.example/uav@sha256:0000000000000000000000000000000000000000000000000000000000000000
      jar: lib/uav.jar
      sizeLimit: 200Mi
      writable: [{name: logs, sizeLimit: 300Mi}]
`
	const pod = `
apiVersion: v1
kind: Pod
metadata: {name: orders, namespace: shop}
spec:
  containers:
  - name: app
    image: registry.example/orders:1
    resources: {limits: {memory: 16Gi%s}}
`
	tests := map[string]struct {
		delivery  v1alpha1.Delivery
		limit     string
		wantLimit string
	}{
		// 24Gi for the dump, 300Mi for the logs.
		"image volume": {delivery: v1alpha1.DeliveryImageVolume, wantLimit: "35116Mi"},
		// And 200Mi for the copy.
		"init container": {delivery: v1alpha1.DeliveryInitContainer, wantLimit: "35316Mi"},
		// No room for a dump of 24Gi, so there is none.
		"a limit of the user's":                     {delivery: v1alpha1.DeliveryInitContainer, limit: ", ephemeral-storage: 12Gi", wantLimit: "12Gi"},
		"a limit of the user's that holds the dump": {delivery: v1alpha1.DeliveryInitContainer, limit: ", ephemeral-storage: 60Gi", wantLimit: "60Gi"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			cfg, err := v1alpha1.LoadAdmissionConfiguration("config.yaml", fmt.Appendf(nil, config, tc.delivery))
			if err != nil {
				t.Fatal(err)
			}
			raw, err := yaml.YAMLToJSON(fmt.Appendf(nil, pod, tc.limit))
			if err != nil {
				t.Fatal(err)
			}
			out := mutatortest.Check(t, webhooks.NewChain(cfg), mutatortest.DefaultRequest(), raw)
			if got := out.Pod.Spec.Containers[0].Resources.Limits.StorageEphemeral(); got.String() != tc.wantLimit {
				t.Errorf("the limit is %s, want %s", got, tc.wantLimit)
			}
			var volumes resource.Quantity
			for _, v := range out.Pod.Spec.Volumes {
				if v.EmptyDir != nil {
					volumes.Add(*v.EmptyDir.SizeLimit)
				}
			}
			if volumes.IsZero() || volumes.Cmp(resource.MustParse(tc.wantLimit)) > 0 {
				t.Errorf("the emptyDirs may take %s of %s", volumes.String(), tc.wantLimit)
			}
			for _, f := range out.Features {
				if f.Report.Pod.Code == mutate.CodeAgentStorage {
					t.Errorf("the agents are said to have too little room: %s", f.Report.Pod.Detail)
				}
			}
			for _, c := range out.Pod.Spec.InitContainers {
				if r := c.Resources.Requests[corev1.ResourceEphemeralStorage]; tc.limit == "" && !r.IsZero() {
					t.Errorf("init container %s requests %s of disk, which the scheduler would reserve", c.Name, r.String())
				}
			}
		})
	}
}

// A container without a limit beside one with a limit of the user's: the second
// pass finds a larger sum of limits, and must not take it for what the user
// allows.
func TestStorageIsNotTakenForTheUsers(t *testing.T) {
	const config = `
apiVersion: config.evenkeel.io/v1alpha1
kind: AdmissionConfiguration
features: {jvm: {heapDump: {mode: Always}}, storage: {defaultTier: xlarge}}
`
	const pod = `
apiVersion: v1
kind: Pod
metadata: {name: orders, namespace: shop}
spec:
  containers:
  - {name: app, image: "registry.example/orders:1", resources: {limits: {memory: 16Gi, ephemeral-storage: 12Gi}}}
  - {name: second, image: "registry.example/second:1"}
`
	cfg, err := v1alpha1.LoadAdmissionConfiguration("config.yaml", []byte(config))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := yaml.YAMLToJSON([]byte(pod))
	if err != nil {
		t.Fatal(err)
	}
	out := mutatortest.Check(t, webhooks.NewChain(cfg), mutatortest.DefaultRequest(), raw)
	if len(out.Pod.Spec.Volumes) > 0 {
		t.Errorf("there is a heap dump of 24Gi where the user allows 12Gi: %v", out.Pod.Spec.Volumes)
	}
}

// The record of a pod with many containers is cut short. A later pass knows the
// limits of this feature by it all the same: they stay, and follow the tier.
func TestStorageKnowsItsLimitsByAShortRecord(t *testing.T) {
	cfg, err := v1alpha1.LoadAdmissionConfiguration("config.yaml", []byte("apiVersion: config.evenkeel.io/v1alpha1\nkind: AdmissionConfiguration\n"))
	if err != nil {
		t.Fatal(err)
	}
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "orders", Namespace: "shop", Annotations: map[string]string{}}}
	for i := range 60 {
		name := fmt.Sprintf("orders-worker-%02d", i)
		pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{
			Name: name, Image: "registry.example/orders:1",
			Resources:    corev1.ResourceRequirements{Limits: corev1.ResourceList{corev1.ResourceMemory: *resource.NewQuantity(int64(1024+i)<<20, resource.BinarySI)}},
			VolumeMounts: []corev1.VolumeMount{{Name: name, MountPath: "/tmp"}},
		})
		pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}})
	}
	users := resource.MustParse("5Gi")
	pod.Spec.Containers[59].Resources.Limits[corev1.ResourceEphemeralStorage] = users
	chain := webhooks.NewChain(cfg)
	check := func(pod *corev1.Pod, want string) *corev1.Pod {
		t.Helper()
		raw, err := json.Marshal(pod)
		if err != nil {
			t.Fatal(err)
		}
		out := mutatortest.Check(t, chain, mutatortest.DefaultRequest(), raw)
		if record := out.Pod.Annotations[wellknown.StatusAnnotation]; !strings.Contains(record, `"truncated":true`) {
			t.Fatalf("the record is not cut short: %s", record)
		}
		for i, c := range out.Pod.Spec.Containers {
			limit, size := c.Resources.Limits.StorageEphemeral().String(), out.Pod.Spec.Volumes[i].EmptyDir.SizeLimit.String()
			wantLimit := want
			if i == 59 {
				wantLimit = users.String()
			}
			if limit != wantLimit || size != want {
				t.Errorf("container %s: the limit is %s and its emptyDir's %s, want %s and %s", c.Name, limit, size, wantLimit, want)
			}
		}
		return out.Pod
	}
	once := check(pod, "10Gi")
	once.Annotations[wellknown.StorageTierAnnotation] = "large"
	check(once, "20Gi")
}
