// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package manifests_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"

	"github.com/evenkeel/evenkeel/internal/controlplane"
)

// The daemon's pod mounts a socket of the node: the API server admits it in the
// namespace of the manifest, and refuses it wherever Pod Security has a level.
func TestNodeDaemonIsAdmittedInItsNamespaceAlone(t *testing.T) {
	cp, err := controlplane.Start(t.Context(), controlplane.Options{WithoutKwok: true, Progress: func(s string) { t.Log(s) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cp.Stop(); err != nil {
			t.Error(err)
		}
	})
	client := kubernetes.NewForConfigOrDie(cp.Config())
	built, err := exec.CommandContext(t.Context(), cp.Binaries().Kubectl, "kustomize", filepath.Join(manifestsDir, "overlays/node")).Output()
	if err != nil {
		t.Fatal(err)
	}
	var daemon appsv1.DaemonSet
	for _, o := range decode(t, built) {
		switch o.GetKind() {
		case "Namespace":
			createNamespace(t, client, o)
		case "DaemonSet":
			if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &daemon); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, level := range []string{"baseline", "restricted"} {
		ensureNamespace(t, client, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: level, Labels: map[string]string{"pod-security.kubernetes.io/enforce": level}}})
	}
	create := func(namespace string) error {
		pod := &corev1.Pod{ObjectMeta: *daemon.Spec.Template.ObjectMeta.DeepCopy(), Spec: *daemon.Spec.Template.Spec.DeepCopy()}
		pod.GenerateName, pod.Namespace = "evenkeel-node-", namespace
		// The ServiceAccount is in the same kustomization and not stored.
		pod.Spec.ServiceAccountName = ""
		_, err := client.CoreV1().Pods(namespace).Create(t.Context(), pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		return err
	}
	if err := create(daemon.Namespace); err != nil {
		t.Errorf("a pod of the DaemonSet is refused in its own namespace %s: %v", daemon.Namespace, err)
	}
	for _, level := range []string{"baseline", "restricted"} {
		if err := create(level); !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "hostPath") {
			t.Errorf("where Pod Security says %s, it is: %v; want a refusal for its hostPath", level, err)
		}
	}
}
