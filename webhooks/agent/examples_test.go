// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/internal/mutatortest"
	"github.com/evenkeel/evenkeel/manifests"
	"github.com/evenkeel/evenkeel/webhooks/agent"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// example decodes the documents of a file of the UAV example, strictly.
func example(t *testing.T, file string, into ...any) {
	t.Helper()
	content, err := manifests.FS.ReadFile("examples/uav/" + file)
	if err != nil {
		t.Fatal(err)
	}
	documents := strings.Split(string(content), "\n---\n")
	if len(documents) != len(into) {
		t.Fatalf("%s has %d documents; want %d", file, len(documents), len(into))
	}
	for i, d := range documents {
		if err := yaml.UnmarshalStrict([]byte(d), into[i]); err != nil {
			t.Fatalf("%s, document %d: %v", file, i+1, err)
		}
	}
}

// TestUAVExampleHangsTogether: the service gets the agent and its MonitorAgent does
// not, the MonitorAgent asks the service's port, and the policy and the ingress are
// for that service.
func TestUAVExampleHangsTogether(t *testing.T) {
	var deployment appsv1.Deployment
	var service, denied corev1.Service
	var profile corev1.ConfigMap
	var policy networkingv1.NetworkPolicy
	var ingress networkingv1.Ingress
	example(t, "billing.yaml", &deployment, &service)
	example(t, "monitoragent.yaml", &profile)
	example(t, "networkpolicy.yaml", &policy)
	example(t, "ingress.yaml", &ingress, &denied)

	template := deployment.Spec.Template
	pod := &corev1.Pod{ObjectMeta: template.ObjectMeta, Spec: template.Spec}
	pod.GenerateName = "billing-"
	req := copying()
	req.Workload = mutate.Workload{Kind: "Deployment", Name: "billing"}
	if why := mutatortest.Restricted(pod); why != "" {
		t.Errorf("the pod is not restricted: %s", why)
	}
	out := check(t, req, pod, agent.New(shipped(t)))
	if warnings := out.Warnings(); len(warnings) > 0 {
		t.Errorf("it warns: %v", warnings)
	}
	if got := toldOf(out, "tomcat").Got; got != "uav" || len(out.Features[0].Report.Containers) != 1 {
		t.Errorf("tomcat gets %q, and the report is %+v; want uav for it alone", got, out.Features[0].Report.Containers)
	}

	port := pod.Spec.Containers[0].Ports[0]
	found := regexp.MustCompile(`(?m)^feature\.monitoragent\.detector\.container\.ports=(.*)$`).FindStringSubmatch(profile.Data["ma_pro.properties"])
	if len(found) != 2 || found[1] != "8080" || port.ContainerPort != 8080 {
		t.Errorf("the MonitorAgent asks the ports %q; the service has %d", found, port.ContainerPort)
	}
	selector, err := metav1.LabelSelectorAsSelector(&policy.Spec.PodSelector)
	if err != nil || !selector.Matches(labels.Set(pod.Labels)) {
		t.Errorf("the policy does not select the pod (error: %v)", err)
	}
	rules := policy.Spec.Ingress
	if len(rules) != 1 || len(rules[0].From) == 0 || rules[0].Ports[0].Port.StrVal != port.Name {
		t.Errorf("the policy's rules are %+v; want one for the port %s with peers", rules, port.Name)
	}
	backends := map[string]string{}
	for _, p := range ingress.Spec.Rules[0].HTTP.Paths {
		backends[p.Path] = p.Backend.Service.Name
	}
	if backends["/com.creditease.uav"] != denied.Name || backends["/"] != service.Name || len(denied.Spec.Selector) > 0 {
		t.Errorf("the ingress leads to %v; want UAV's path at the service without endpoints", backends)
	}
}

// TestDocumentedCatalogueLoads reads the example of a catalogue in the docs.
func TestDocumentedCatalogueLoads(t *testing.T) {
	content, err := os.ReadFile("../../docs/agents.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?ms)^```yaml\n(apiVersion: config.*?)^```$").FindAllStringSubmatch(string(content), -1)
	if len(blocks) != 1 {
		t.Fatalf("docs/agents.md has %d configurations; want one", len(blocks))
	}
	cfg, err := v1alpha1.LoadAdmissionConfiguration("docs/agents.md", []byte(blocks[0][1]))
	if err != nil {
		t.Fatal(err)
	}
	pod := asking("profiler")
	pod.Spec.Containers[0].Image = "registry.example.com/shop/cart:1"
	out := check(t, mutatortest.DefaultRequest(), pod, agent.New(&cfg.Features.Agent))
	if got := toldOf(out, "app"); got.Got != "profiler" {
		t.Errorf("the container is told %+v", got)
	}
}
