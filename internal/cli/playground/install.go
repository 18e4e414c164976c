// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package playground

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/internal/cli/playground/objects"
	"github.com/evenkeel/evenkeel/manifests"
)

// ownNamespace is where the manifests put our programs. Here they run outside the
// cluster, but with the ServiceAccounts and the rights of the manifests.
const ownNamespace = "evenkeel-system"

// installed are the manifests that are needed to run our programs as the
// ServiceAccounts that they run as in a cluster, and to refuse what a cluster
// refuses.
var installed = []string{
	"base/namespace/namespace.yaml",
	"base/scheduler/serviceaccount.yaml",
	"base/scheduler/rbac.yaml",
	"base/webhook/serviceaccount.yaml",
	"base/webhook/rbac.yaml",
	policyManifest,
}

// install gives the cluster our namespace, ServiceAccounts, rights and policy.
func (r *running) install(ctx context.Context, applier *objects.Applier) error {
	list, err := objects.ReadFS(manifests.FS, installed...)
	if err != nil {
		return fmt.Errorf("shipped manifests: %w", err)
	}
	return applier.Apply(ctx, list)
}

// folder makes a folder in the run directory for one of our programs.
func (r *running) folder(name string) (string, error) {
	dir := filepath.Join(r.plane.Dir(), name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("folder of %s: %w", name, err)
	}
	return dir, nil
}

// kept tells whether a namespace is one that Kubernetes or Evenkeel keeps for
// itself.
func kept(namespace string) bool {
	return strings.HasPrefix(namespace, "kube-") || namespace == ownNamespace
}

// enabledNamespace returns a namespace that admission looks at. The default
// namespace, which is there already, gets the label by it.
func enabledNamespace(name string) objects.Object {
	ns := &unstructured.Unstructured{}
	ns.SetAPIVersion(corev1.SchemeGroupVersion.String())
	ns.SetKind("Namespace")
	ns.SetName(name)
	ns.SetLabels(map[string]string{wellknown.InjectionLabel: wellknown.InjectionEnabled})
	return objects.Object{Unstructured: ns, File: "namespace " + name}
}
