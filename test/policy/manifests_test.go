// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"
)

// A webhook for pods can stop a cluster. What keeps ours from doing so is in its
// registration; the reasons are in the file.
func TestWebhookCannotStopTheCluster(t *testing.T) {
	var registration admissionregistrationv1.MutatingWebhookConfiguration
	readManifest(t, "base/webhook/mutatingwebhookconfiguration.yaml", &registration)
	if registration.Name <= "vpa-webhook-config" {
		t.Errorf("the name %q is called before the Vertical Pod Autoscaler's webhook", registration.Name)
	}
	if len(registration.Webhooks) != 2 {
		t.Fatalf("there are %d webhooks, want one call for a new pod and one for a resize", len(registration.Webhooks))
	}
	for _, w := range registration.Webhooks {
		checkWebhookCannotStopTheCluster(t, w)
	}
	w := registration.Webhooks[0]
	if w.ReinvocationPolicy == nil || *w.ReinvocationPolicy != admissionregistrationv1.IfNeededReinvocationPolicy {
		t.Error("reinvocationPolicy is not IfNeeded: limits that another webhook sets later would be missed")
	}
	for i, want := range []struct {
		operation admissionregistrationv1.OperationType
		resource  string
	}{{admissionregistrationv1.Create, "pods"}, {admissionregistrationv1.Update, "pods/resize"}} {
		for _, rule := range registration.Webhooks[i].Rules {
			if !slices.Equal(rule.Operations, []admissionregistrationv1.OperationType{want.operation}) ||
				!slices.Equal(rule.Resources, []string{want.resource}) || !slices.Equal(rule.APIGroups, []string{""}) {
				t.Errorf("the rule %+v is for more than %s of %s", rule, want.operation, want.resource)
			}
		}
	}
}

func checkWebhookCannotStopTheCluster(t *testing.T, w admissionregistrationv1.MutatingWebhook) {
	t.Helper()
	if w.FailurePolicy == nil || *w.FailurePolicy != admissionregistrationv1.Ignore {
		t.Error("failurePolicy is not Ignore: Fail is for those who chose it")
	}
	if w.TimeoutSeconds == nil || *w.TimeoutSeconds > 5 {
		t.Error("timeoutSeconds is above 5: each pod waits so long when the webhook hangs")
	}
	if w.SideEffects == nil || *w.SideEffects != admissionregistrationv1.SideEffectClassNone {
		t.Error("sideEffects is not None: dry runs would be refused")
	}
	selector, err := metav1.LabelSelectorAsSelector(w.NamespaceSelector)
	if err != nil {
		t.Fatal(err)
	}
	for namespace, want := range map[string]bool{
		"shop": true, "kube-system": false, "kube-public": false, "kube-node-lease": false, "evenkeel-system": false,
	} {
		own := map[string]string{"kubernetes.io/metadata.name": namespace, "evenkeel.io/injection": "enabled"}
		if got := selector.Matches(labels.Set(own)); got != want {
			t.Errorf("a pod of the labelled namespace %s is sent: %v, want %v", namespace, got, want)
		}
	}
	if selector.Matches(labels.Set{"kubernetes.io/metadata.name": "shop"}) {
		t.Error("pods of a namespace without the label are sent")
	}
	if len(w.MatchConditions) == 0 {
		t.Error("there are no match conditions: pods that are switched off would cost a call")
	}
}

// Our own pods ask for no more than they need, and for nothing that Pod Security's
// level restricted refuses.
func TestOwnPodsAreLocked(t *testing.T) {
	for _, name := range []string{"scheduler", "webhook"} {
		var d appsv1.Deployment
		readManifest(t, "base/"+name+"/deployment.yaml", &d)
		spec := d.Spec.Template.Spec
		if *d.Spec.Replicas < 2 {
			t.Errorf("%s: %d replica", name, *d.Spec.Replicas)
		}
		if spec.HostNetwork || spec.HostPID || len(spec.Volumes) != 1 || spec.Volumes[0].ConfigMap == nil {
			t.Errorf("%s: it takes more of the host, or mounts more, than its configuration", name)
		}
		if s := spec.SecurityContext; s == nil || s.RunAsNonRoot == nil || !*s.RunAsNonRoot || s.SeccompProfile == nil {
			t.Errorf("%s: it may run as root or without seccomp", name)
		}
		for _, c := range spec.Containers {
			s := c.SecurityContext
			if s == nil || s.ReadOnlyRootFilesystem == nil || !*s.ReadOnlyRootFilesystem || s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation ||
				s.Capabilities == nil || !slices.Equal(s.Capabilities.Drop, []corev1.Capability{"ALL"}) {
				t.Errorf("%s: container %s is not locked down: %+v", name, c.Name, s)
			}
			if c.ReadinessProbe == nil || c.LivenessProbe == nil || c.Resources.Limits.Memory().IsZero() {
				t.Errorf("%s: container %s lacks a probe or a memory limit", name, c.Name)
			}
		}
	}
}

// Kustomize rewrites what it takes for a reference to a ConfigMap with a hash in
// its name: a Role's resourceNames too, when they are spelled alike.
func TestGeneratedConfigMapsShareNoName(t *testing.T) {
	generated := map[string]string{}
	names := map[string]bool{}
	walkManifests(t, func(file string, content []byte) {
		if filepath.Base(file) == "kustomization.yaml" {
			var k struct {
				ConfigMapGenerator []struct {
					Name string `json:"name"`
				} `json:"configMapGenerator"`
			}
			if err := yaml.Unmarshal(content, &k); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			for _, g := range k.ConfigMapGenerator {
				generated[g.Name] = file
			}
			return
		}
		for line := range strings.Lines(string(content)) {
			if name, ok := strings.CutPrefix(strings.TrimSpace(line), "resourceNames: ["); ok {
				for n := range strings.SplitSeq(strings.TrimSuffix(name, "]"), ",") {
					names[strings.TrimSpace(n)] = true
				}
			}
		}
	})
	if len(generated) == 0 || len(names) == 0 {
		t.Fatalf("generated ConfigMaps %v, resourceNames %v: the walk found nothing to compare", generated, names)
	}
	for name, file := range generated {
		if names[name] {
			t.Errorf("%s generates a ConfigMap named %s, which a Role's resourceNames hold for another object", file, name)
		}
	}
}

func TestDocumentsHoldNoPlaceholders(t *testing.T) {
	for _, file := range []string{"README.md", "CONTRIBUTING.md"} {
		content, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		for _, placeholder := range []string{"COLD", "WARM", "TABLES", "TBD", "FIXME"} {
			if strings.Contains(string(content), placeholder) {
				t.Errorf("%s still holds the placeholder %s", file, placeholder)
			}
		}
	}
}

func readManifest(t *testing.T, name string, into any) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, "manifests", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(content, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func walkManifests(t *testing.T, visit func(file string, content []byte)) {
	t.Helper()
	dir := filepath.Join(root, "manifests")
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".yaml" {
			return err
		}
		content, err := os.ReadFile(path)
		if err == nil {
			visit(path, content)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
