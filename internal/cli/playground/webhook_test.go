// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package playground

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel/evenkeel/internal/cli/playground/objects"
	"github.com/evenkeel/evenkeel/manifests"
)

func TestRegistrationDiffersInTheAddressOnly(t *testing.T) {
	got, err := registrationAt("127.0.0.1:12345")
	if err != nil {
		t.Fatal(err)
	}
	content, err := manifests.FS.ReadFile(webhookManifest)
	if err != nil {
		t.Fatal(err)
	}
	want := &admissionregistrationv1.MutatingWebhookConfiguration{}
	if err := yaml.UnmarshalStrict(content, want); err != nil {
		t.Fatal(err)
	}
	url := "https://127.0.0.1:12345/mutate-v1-pod"
	for i := range want.Webhooks {
		want.Webhooks[i].ClientConfig = admissionregistrationv1.WebhookClientConfig{URL: &url}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("registrationAt() (-want +got):\n%s", diff)
	}
}

func TestInstalledManifestsHoldWhatIsNeeded(t *testing.T) {
	list, err := objects.ReadFS(manifests.FS, installed...)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for i := range list {
		found[list[i].String()] = true
	}
	for _, want := range []string{
		"Namespace " + ownNamespace,
		"ServiceAccount " + ownNamespace + "/" + webhookName,
		"ServiceAccount " + ownNamespace + "/" + schedulerName,
		"ValidatingAdmissionPolicy " + policyName,
		"ValidatingAdmissionPolicyBinding " + policyName,
	} {
		if !found[want] {
			t.Errorf("there is no %s in %v", want, installed)
		}
	}
}
