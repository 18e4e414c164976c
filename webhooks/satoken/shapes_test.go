// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package satoken_test

import (
	"context"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/kubernetes/pkg/apis/core"
	corev1conversion "k8s.io/kubernetes/pkg/apis/core/v1"
	"k8s.io/kubernetes/plugin/pkg/admission/serviceaccount"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/internal/mutatortest"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// shape is what an author declares; see testdata/shapes/shapes.yaml.
type shape struct {
	Name          string               `json:"name"`
	Volumes       []corev1.Volume      `json:"volumes"`
	Mounts        []corev1.VolumeMount `json:"mounts"`
	SidecarMounts []corev1.VolumeMount `json:"sidecarMounts"`
	InitMounts    []corev1.VolumeMount `json:"initMounts"`
	NothingAdded  bool                 `json:"nothingAdded"`
}

func (s *shape) pod() *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "orders", Namespace: "shop"},
		Spec: corev1.PodSpec{
			InitContainers: []corev1.Container{{Name: "init", Image: "registry.example/init:1", VolumeMounts: s.InitMounts}},
			Containers: []corev1.Container{
				{Name: "app", Image: "registry.example/app:1", VolumeMounts: s.Mounts, Env: []corev1.EnvVar{{Name: "KIND", Value: "orders"}}},
				{Name: "sidecar", Image: "registry.example/sidecar:1", VolumeMounts: s.SidecarMounts},
			},
			Volumes: s.Volumes,
		},
	}
}

// The API server's own plugin adds its volume to each shape; taking the token
// leaves what the author wrote, to the byte, and the plugin adds nothing again.
// With the removal "token" it leaves the plugin's volume without its token.
func TestSATokenKeepsDeclaredShapes(t *testing.T) {
	content, err := os.ReadFile("testdata/shapes/shapes.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var shapes []shape
	if err := yaml.UnmarshalStrict(content, &shapes); err != nil {
		t.Fatal(err)
	}
	if len(shapes) < 30 {
		t.Errorf("there are %d shapes, want 30 at least", len(shapes))
	}
	plugin := startPlugin(t)
	for _, s := range shapes {
		for _, removal := range []v1alpha1.TokenRemoval{v1alpha1.RemovalVolume, v1alpha1.RemovalToken} {
			t.Run(s.Name+", "+strings.ToLower(string(removal)), func(t *testing.T) {
				declared := s.pod()
				if errs := mutatortest.Validate(declared); len(errs) > 0 {
					t.Fatalf("the API server would refuse this pod: %v", errs.ToAggregate())
				}
				given := plugin(t, declared)
				added := addedVolume(declared, given)
				if s.NothingAdded != (added == "") {
					t.Fatalf("the plugin added the volume %q; nothingAdded is %v", added, s.NothingAdded)
				}
				raw, err := json.Marshal(given)
				if err != nil {
					t.Fatal(err)
				}
				chain := mutatortest.NewChain(v1alpha1.OnErrorDeny, newMutatorWith(v1alpha1.SATokenFeature{Removal: removal}, nil))
				out := mutatortest.Check(t, chain, mutatortest.DefaultRequest(), raw)

				want := declared.DeepCopy()
				switch {
				case added == "":
					want.Spec = given.Spec
				case removal == v1alpha1.RemovalToken:
					want.Spec = *given.Spec.DeepCopy()
					i := slices.IndexFunc(want.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == added })
					sources := &want.Spec.Volumes[i].Projected.Sources
					*sources = slices.DeleteFunc(*sources, func(p corev1.VolumeProjection) bool { return p.ServiceAccountToken != nil })
					if len(*sources) != 2 {
						t.Fatalf("the plugin's volume has the sources %v", *sources)
					}
				}
				no := false
				nothingToTake := added == "" && removal == v1alpha1.RemovalToken
				want.Spec.AutomountServiceAccountToken = &no
				if nothingToTake {
					want.Spec.AutomountServiceAccountToken = nil
				}
				want.Spec.ServiceAccountName, want.Spec.DeprecatedServiceAccount = given.Spec.ServiceAccountName, given.Spec.DeprecatedServiceAccount
				if diff := cmp.Diff(want.Spec, out.Pod.Spec, cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("what is left (-want +got):\n%s", diff)
				}
				inPlace := slices.ContainsFunc(slices.Concat(out.Pod.Spec.InitContainers, out.Pod.Spec.Containers), func(c corev1.Container) bool {
					return slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool {
						return m.MountPath == "/var/run/secrets/kubernetes.io/serviceaccount" && m.Name != added
					})
				})
				wantCode := mutate.CodeTokenNotNeeded
				switch {
				case inPlace:
					wantCode = mutate.CodeTokenDeclared
				case nothingToTake:
					wantCode = mutate.CodeTokenNoVolume
				}
				if code := out.Features[0].Report.Pod.Code; code != wantCode {
					t.Errorf("code %s, want %s", code, wantCode)
				}
				if !nothingToTake {
					if diff := cmp.Diff(out.Pod.Spec, plugin(t, out.Pod).Spec, cmpopts.EquateEmpty()); diff != "" {
						t.Errorf("the plugin changes the pod again (-before +after):\n%s", diff)
					}
				}
			})
		}
	}
}

// addedVolume returns the name of a volume that a pod has and another has not.
func addedVolume(before, after *corev1.Pod) string {
	for _, v := range after.Spec.Volumes {
		if !slices.ContainsFunc(before.Spec.Volumes, func(o corev1.Volume) bool { return o.Name == v.Name }) {
			return v.Name
		}
	}
	return ""
}

// startPlugin returns the API server's ServiceAccount plugin as a function.
func startPlugin(t *testing.T) func(*testing.T, *corev1.Pod) *corev1.Pod {
	t.Helper()
	client := fake.NewClientset(&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default", Namespace: "shop"}})
	factory := informers.NewSharedInformerFactory(client, 0)
	plugin := serviceaccount.NewServiceAccount()
	plugin.SetExternalKubeClientSet(client)
	plugin.SetExternalKubeInformerFactory(factory)
	factory.Start(t.Context().Done())
	if err := wait.PollUntilContextTimeout(t.Context(), time.Millisecond, 30*time.Second, true, func(context.Context) (bool, error) {
		return plugin.WaitForReady(), nil
	}); err != nil {
		t.Fatalf("the ServiceAccount plugin is not ready: %v", err)
	}
	return func(t *testing.T, pod *corev1.Pod) *corev1.Pod {
		t.Helper()
		var internal core.Pod
		if err := corev1conversion.Convert_v1_Pod_To_core_Pod(pod.DeepCopy(), &internal, nil); err != nil {
			t.Fatal(err)
		}
		attributes := admission.NewAttributesRecord(&internal, nil, core.Kind("Pod").WithVersion("v1"), pod.Namespace, pod.Name,
			core.Resource("pods").WithVersion("v1"), "", admission.Create, &metav1.CreateOptions{}, false, nil)
		if err := plugin.Admit(t.Context(), attributes, nil); err != nil {
			t.Fatalf("the ServiceAccount plugin: %v", err)
		}
		out := &corev1.Pod{}
		if err := corev1conversion.Convert_core_Pod_To_v1_Pod(&internal, out, nil); err != nil {
			t.Fatal(err)
		}
		return out
	}
}
