// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes"

	"github.com/evenkeel/evenkeel/internal/controlplane"
	"github.com/evenkeel/evenkeel/manifests"
)

// installRBAC applies the shipped RBAC and returns the webhook's own user.
func installRBAC(t *testing.T, plane *controlplane.ControlPlane, admin *kubernetes.Clientset) controlplane.User {
	t.Helper()
	ctx := t.Context()
	if _, err := admin.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: ownNamespace}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	sa := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "evenkeel-webhook"}}
	if _, err := admin.CoreV1().ServiceAccounts(ownNamespace).Create(ctx, sa, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	content, err := manifests.FS.ReadFile("base/webhook/rbac.yaml")
	if err != nil {
		t.Fatal(err)
	}
	decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(content), 4096)
	for {
		var raw json.RawMessage
		if err := decoder.Decode(&raw); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		var meta metav1.TypeMeta
		if err := json.Unmarshal(raw, &meta); err != nil {
			t.Fatal(err)
		}
		rbac := admin.RbacV1()
		switch meta.Kind {
		case "ClusterRole":
			_, err = rbac.ClusterRoles().Create(ctx, decode[rbacv1.ClusterRole](t, raw), metav1.CreateOptions{})
		case "ClusterRoleBinding":
			_, err = rbac.ClusterRoleBindings().Create(ctx, decode[rbacv1.ClusterRoleBinding](t, raw), metav1.CreateOptions{})
		case "Role":
			_, err = rbac.Roles(ownNamespace).Create(ctx, decode[rbacv1.Role](t, raw), metav1.CreateOptions{})
		case "RoleBinding":
			_, err = rbac.RoleBindings(ownNamespace).Create(ctx, decode[rbacv1.RoleBinding](t, raw), metav1.CreateOptions{})
		default:
			t.Fatalf("rbac.yaml: kind %s", meta.Kind)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	user, err := plane.AddServiceAccount(ctx, ownNamespace, "evenkeel-webhook")
	if err != nil {
		t.Fatal(err)
	}
	return user
}

// installWebhookConfiguration applies the shipped configuration with a URL in
// the place of the Service, which nothing here routes.
func installWebhookConfiguration(t *testing.T, admin *kubernetes.Clientset, url string) {
	t.Helper()
	content, err := manifests.FS.ReadFile("base/webhook/mutatingwebhookconfiguration.yaml")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := utilyaml.ToJSON(content)
	if err != nil {
		t.Fatal(err)
	}
	cfg := decode[admissionregistrationv1.MutatingWebhookConfiguration](t, raw)
	for i := range cfg.Webhooks {
		cfg.Webhooks[i].ClientConfig = admissionregistrationv1.WebhookClientConfig{URL: &url}
	}
	if _, err := admin.AdmissionregistrationV1().MutatingWebhookConfigurations().Create(t.Context(), cfg, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

func decode[T any](t *testing.T, raw []byte) *T {
	t.Helper()
	out := new(T)
	if err := json.Unmarshal(raw, out); err != nil {
		t.Fatal(err)
	}
	return out
}

func newPod(labels, annotations map[string]string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "pod-", Labels: labels, Annotations: annotations},
		Spec: corev1.PodSpec{
			InitContainers: []corev1.Container{{Name: "init", Image: "registry.example/init:1"}},
			Containers:     []corev1.Container{{Name: "app", Image: "registry.example/app:1"}},
		},
	}
}

func createPod(ctx context.Context, client *kubernetes.Clientset, namespace string, pod *corev1.Pod) (*corev1.Pod, error) {
	stored, err := client.CoreV1().Pods(namespace).Create(ctx, pod, metav1.CreateOptions{})
	if err != nil {
		return nil, err
	}
	return client.CoreV1().Pods(namespace).Get(ctx, stored.Name, metav1.GetOptions{})
}

// mustCreatePod creates a pod once its namespace has a ServiceAccount.
func mustCreatePod(t *testing.T, client *kubernetes.Clientset, namespace string, pod *corev1.Pod) *corev1.Pod {
	t.Helper()
	if pod.Spec.ServiceAccountName == "" {
		waitFor(t, "the ServiceAccount default of "+namespace, func() bool {
			_, err := client.CoreV1().ServiceAccounts(namespace).Get(t.Context(), "default", metav1.GetOptions{})
			return err == nil
		})
	}
	stored, err := createPod(t.Context(), client, namespace, pod)
	if err != nil {
		t.Fatalf("creating a pod in %s: %v", namespace, err)
	}
	return stored
}

// wantToken fails the test unless the containers have the ServiceAccount token
// or do not, as wanted.
func wantToken(t *testing.T, pod *corev1.Pod, want bool) {
	t.Helper()
	volumes := 0
	for _, v := range pod.Spec.Volumes {
		if strings.HasPrefix(v.Name, "kube-api-access-") {
			volumes++
		}
	}
	mounts := 0
	for _, c := range append(pod.Spec.InitContainers, pod.Spec.Containers...) {
		for _, m := range c.VolumeMounts {
			if m.MountPath == "/var/run/secrets/kubernetes.io/serviceaccount" {
				mounts++
			}
		}
	}
	if want && (volumes != 1 || mounts != 2) || !want && (volumes != 0 || mounts != 0) {
		t.Errorf("the pod has %d token volumes and %d mounts of them; token wanted: %v", volumes, mounts, want)
	}
}

// warningLog keeps the warnings that the API server sends.
type warningLog struct {
	mu    sync.Mutex
	lines []string
}

func (w *warningLog) HandleWarningHeader(_ int, _ string, text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lines = append(w.lines, text)
}

func (w *warningLog) reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lines = nil
}

func (w *warningLog) text() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Join(w.lines, "\n")
}

// freeAddress returns a loopback address that was free a moment ago.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func fetch(address, path string) (int, string) {
	client := http.Client{Timeout: 5 * time.Second}
	resp, err := client.Get("http://" + address + path)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err.Error()
	}
	return resp.StatusCode, string(body)
}
