// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package manifests_test builds every kustomization under manifests with
// kubectl and has the real API server judge what comes out, without storing it.
package manifests_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes"
	configv1 "k8s.io/kube-scheduler/config/v1"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/evenkeel/evenkeel/internal/controlplane"
)

const manifestsDir = "../../../manifests"

func TestManifestsAreAcceptedByTheAPIServer(t *testing.T) {
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
	kubectl := func(t *testing.T, args ...string) []byte {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), cp.Binaries().Kubectl, append([]string{"--kubeconfig", cp.Kubeconfig()}, args...)...)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("kubectl %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
		}
		if stderr.Len() > 0 {
			t.Errorf("kubectl %s warns:\n%s", strings.Join(args, " "), stderr.String())
		}
		return out
	}

	t.Run("kubeadm/kube-scheduler.yaml", func(t *testing.T) {
		kubectl(t, "apply", "--server-side", "--dry-run=server", "-f", filepath.Join(manifestsDir, "kubeadm/kube-scheduler.yaml"))
	})

	folders := kustomizations(t)
	if len(folders) < 6 {
		t.Fatalf("found the kustomizations %v; there must be bases, overlays and examples", folders)
	}
	for _, folder := range folders {
		t.Run(filepath.ToSlash(folder), func(t *testing.T) {
			built := kubectl(t, "kustomize", filepath.Join(manifestsDir, folder))
			objects := decode(t, built)
			// A dry run stores nothing, so the namespaces that later objects live in
			// must be there: made from the manifest where it has one.
			for _, o := range objects {
				if o.GetKind() == "Namespace" {
					createNamespace(t, client, o)
				} else if ns := o.GetNamespace(); ns != "" {
					ensureNamespace(t, client, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: ns}})
				}
			}
			file := filepath.Join(t.TempDir(), "built.yaml")
			if err := os.WriteFile(file, built, 0o600); err != nil {
				t.Fatal(err)
			}
			kubectl(t, "apply", "--server-side", "--dry-run=server", "-f", file)

			for _, o := range objects {
				if o.GetKind() == "Deployment" {
					checkPodIsAdmitted(t, client, o)
				}
			}
			// The overlays with a scheduler, for real.
			if slices.Contains([]string{"overlays/beside-default", "overlays/in-place"}, filepath.ToSlash(folder)) {
				kubectl(t, "apply", "--server-side", "--force-conflicts", "-f", file)
				checkRights(t, cp, folder, objects)
			}
		})
	}
}

// grant is something that a ServiceAccount may do, or may not.
type grant struct {
	verb, group, resource, namespace, name string
	want                                   bool
}

// checkRights applies the overlay for real and asks the API server what its two
// ServiceAccounts may do. What kustomize makes of the roles counts, and not what
// they say in their files: it rewrites what it takes for references.
func checkRights(t *testing.T, cp *controlplane.ControlPlane, overlay string, objects []*unstructured.Unstructured) {
	t.Helper()
	lease := leaseOf(t, objects)
	for account, grants := range map[string][]grant{
		"evenkeel-scheduler": {
			{verb: "create", group: "coordination.k8s.io", resource: "leases", namespace: lease.namespace, want: true},
			{verb: "get", group: "coordination.k8s.io", resource: "leases", namespace: lease.namespace, name: lease.name, want: true},
			{verb: "update", group: "coordination.k8s.io", resource: "leases", namespace: lease.namespace, name: lease.name, want: true},
			{verb: "list", resource: "nodes", want: true},
			{verb: "create", resource: "pods/binding", namespace: "default", want: true},
			{verb: "list", group: "storage.k8s.io", resource: "storageclasses", want: true},
			{verb: "patch", resource: "persistentvolumeclaims", namespace: "default", name: "any", want: true},
			{verb: "get", resource: "configmaps", namespace: "kube-system", name: "extension-apiserver-authentication", want: true},
			{verb: "get", resource: "secrets", namespace: "evenkeel-system", name: "evenkeel-webhook-ca"},
			{verb: "create", resource: "pods", namespace: "default"},
		},
		"evenkeel-webhook": {
			{verb: "watch", resource: "namespaces", want: true},
			{verb: "watch", group: "rbac.authorization.k8s.io", resource: "rolebindings", want: true},
			{verb: "list", group: "rbac.authorization.k8s.io", resource: "clusterrolebindings", want: true},
			{verb: "list", group: "rbac.authorization.k8s.io", resource: "roles"},
			{verb: "create", resource: "secrets", namespace: "evenkeel-system", want: true},
			{verb: "get", resource: "secrets", namespace: "evenkeel-system", name: "evenkeel-webhook-ca", want: true},
			{verb: "update", resource: "secrets", namespace: "evenkeel-system", name: "evenkeel-webhook-ca", want: true},
			{verb: "patch", group: "admissionregistration.k8s.io", resource: "mutatingwebhookconfigurations", name: "webhook.evenkeel.io", want: true},
			{verb: "get", resource: "secrets", namespace: "evenkeel-system", name: "another"},
			{verb: "list", resource: "secrets", namespace: "evenkeel-system"},
			{verb: "delete", resource: "secrets", namespace: "evenkeel-system", name: "evenkeel-webhook-ca"},
			{verb: "get", resource: "secrets", namespace: "default", name: "any"},
			{verb: "create", resource: "secrets", namespace: "default"},
			{verb: "list", resource: "pods", namespace: "default"},
			{verb: "patch", group: "admissionregistration.k8s.io", resource: "mutatingwebhookconfigurations", name: "another"},
			{verb: "update", resource: "namespaces", name: "default"},
		},
	} {
		user, err := cp.AddServiceAccount(t.Context(), "evenkeel-system", account)
		if err != nil {
			t.Fatal(err)
		}
		client := kubernetes.NewForConfigOrDie(user.Config)
		for _, g := range grants {
			resource, subresource, _ := strings.Cut(g.resource, "/")
			review, err := client.AuthorizationV1().SelfSubjectAccessReviews().Create(t.Context(), &authorizationv1.SelfSubjectAccessReview{
				Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &authorizationv1.ResourceAttributes{
					Verb: g.verb, Group: g.group, Resource: resource, Subresource: subresource, Namespace: g.namespace, Name: g.name,
				}},
			}, metav1.CreateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if review.Status.Allowed != g.want {
				t.Errorf("%s: %s may %s %s %s/%s: %v, want %v", overlay, account, g.verb, g.resource, g.namespace, g.name, review.Status.Allowed, g.want)
			}
		}
	}
}

// lease names a Lease.
type lease struct{ namespace, name string }

// leaseOf returns the lease that the overlay's scheduler competes for.
func leaseOf(t *testing.T, objects []*unstructured.Unstructured) lease {
	t.Helper()
	for _, o := range objects {
		if o.GetKind() != "ConfigMap" || !strings.HasPrefix(o.GetName(), "evenkeel-scheduler") {
			continue
		}
		content, _, err := unstructured.NestedString(o.Object, "data", "config.yaml")
		if err != nil {
			t.Fatal(err)
		}
		var config configv1.KubeSchedulerConfiguration
		if err := sigsyaml.Unmarshal([]byte(content), &config); err != nil {
			t.Fatal(err)
		}
		return lease{namespace: config.LeaderElection.ResourceNamespace, name: config.LeaderElection.ResourceName}
	}
	t.Fatal("there is no configuration of the scheduler")
	return lease{}
}

// checkPodIsAdmitted creates, without storing it, the pod that a Deployment
// would: a Deployment whose pods the namespace's Pod Security level refuses is
// accepted, and then never gets a pod.
func checkPodIsAdmitted(t *testing.T, client kubernetes.Interface, o *unstructured.Unstructured) {
	t.Helper()
	var d appsv1.Deployment
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &d); err != nil {
		t.Fatal(err)
	}
	pod := &corev1.Pod{ObjectMeta: *d.Spec.Template.ObjectMeta.DeepCopy(), Spec: *d.Spec.Template.Spec.DeepCopy()}
	pod.GenerateName, pod.Namespace = d.Name+"-", d.Namespace
	// The ServiceAccount is in the same kustomization and not stored either.
	pod.Spec.ServiceAccountName = ""
	_, err := client.CoreV1().Pods(d.Namespace).Create(t.Context(), pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	if err != nil {
		t.Errorf("a pod of Deployment %s/%s is refused: %v", d.Namespace, d.Name, err)
	}
}

// kustomizations returns the folders under manifests that have a
// kustomization.yaml.
func kustomizations(t *testing.T) []string {
	t.Helper()
	var folders []string
	err := filepath.WalkDir(manifestsDir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == "kustomization.yaml" {
			rel, relErr := filepath.Rel(manifestsDir, filepath.Dir(p))
			folders = append(folders, rel)
			return relErr
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return folders
}

func decode(t *testing.T, content []byte) []*unstructured.Unstructured {
	t.Helper()
	var objects []*unstructured.Unstructured
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(content), 4096)
	for {
		o := &unstructured.Unstructured{}
		err := decoder.Decode(o)
		if errors.Is(err, io.EOF) {
			return objects
		}
		if err != nil {
			t.Fatal(err)
		}
		objects = append(objects, o)
	}
}

// createNamespace makes the namespace as its manifest says.
func createNamespace(t *testing.T, client kubernetes.Interface, o *unstructured.Unstructured) {
	t.Helper()
	var ns corev1.Namespace
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &ns); err != nil {
		t.Fatal(err)
	}
	ensureNamespace(t, client, &ns)
}

// ensureNamespace makes the namespace unless an earlier kustomization did, and
// waits for the ServiceAccount without which no pod is admitted.
func ensureNamespace(t *testing.T, client kubernetes.Interface, ns *corev1.Namespace) {
	t.Helper()
	if _, err := client.CoreV1().Namespaces().Create(t.Context(), ns, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatalf("making namespace %s: %v", ns.Name, err)
	}
	err := wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		_, err := client.CoreV1().ServiceAccounts(ns.Name).Get(ctx, "default", metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return false, nil
		}
		return err == nil, err
	})
	if err != nil {
		t.Fatalf("waiting for the default ServiceAccount of namespace %s: %v", ns.Name, err)
	}
}
