// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package servingcert

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"strings"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	testingclock "k8s.io/utils/clock/testing"
)

func TestSourceMakesTrustedCertificate(t *testing.T) {
	client := fake.NewClientset(webhookConfiguration())
	s := newTestSource(client, testingclock.NewFakeClock(start))
	if err := s.Ready(); err == nil {
		t.Error("ready before the first look at the API server")
	}
	if _, err := s.GetCertificate(nil); err == nil {
		t.Error("a certificate before the first look at the API server")
	}
	mustSync(t, s)
	if err := s.Ready(); err != nil {
		t.Errorf("Ready: %v", err)
	}
	for _, w := range get(t, client).Webhooks {
		for _, host := range []string{"evenkeel-webhook.evenkeel-system.svc", "127.0.0.1"} {
			if err := verify(certificate(t, s), w.ClientConfig.CABundle, host, start); err != nil {
				t.Errorf("webhook %s calling %s: %v", w.Name, host, err)
			}
		}
		if w.ClientConfig.Service == nil && w.ClientConfig.URL == nil {
			t.Errorf("webhook %s lost its address when the bundle was written", w.Name)
		}
	}
	secret, err := client.CoreV1().Secrets("evenkeel-system").Get(t.Context(), "evenkeel-webhook-ca", metav1.GetOptions{})
	if err != nil {
		t.Fatalf("the Secret: %v", err)
	}
	if leafKey := certificate(t, s).PrivateKey; leafKey == nil || len(secret.Data) != 2 {
		t.Errorf("the Secret has %d entries, want the authority's two", len(secret.Data))
	}
}

func TestSourceWritesNothingWhenAllIsRight(t *testing.T) {
	client := fake.NewClientset(webhookConfiguration())
	s := newTestSource(client, testingclock.NewFakeClock(start))
	mustSync(t, s)
	before := certificate(t, s)
	client.ClearActions()
	mustSync(t, s)
	for _, a := range client.Actions() {
		if a.GetVerb() != "get" {
			t.Errorf("%s of %s", a.GetVerb(), a.GetResource().Resource)
		}
	}
	if certificate(t, s) != before {
		t.Error("a new certificate, though the old one is good")
	}
}

func TestSourceReplicasShareTheAuthority(t *testing.T) {
	client := fake.NewClientset(webhookConfiguration())
	clk := testingclock.NewFakeClock(start)
	a, b := newTestSource(client, clk), newTestSource(client, clk)
	mustSync(t, a)
	bundle := get(t, client).Webhooks[0].ClientConfig.CABundle
	mustSync(t, b)
	if !bytes.Equal(bundle, get(t, client).Webhooks[0].ClientConfig.CABundle) {
		t.Error("the second replica wrote another bundle")
	}
	for name, s := range map[string]*Source{"first": a, "second": b} {
		if err := verify(certificate(t, s), bundle, "127.0.0.1", start); err != nil {
			t.Errorf("%s replica: %v", name, err)
		}
	}
	if certificate(t, a) == certificate(t, b) {
		t.Error("the replicas share a certificate, whose key should never leave its process")
	}
}

// Two replicas start at once: the one whose Secret comes second takes over the
// first one's.
func TestSourceLosesTheRaceForTheSecret(t *testing.T) {
	client := fake.NewClientset(webhookConfiguration())
	winner := newTestAuthority(t, start)
	client.PrependReactor("create", "secrets", func(clienttesting.Action) (bool, runtime.Object, error) {
		_ = client.Tracker().Add(&corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: "evenkeel-system", Name: "evenkeel-webhook-ca"}, Data: winner.data()})
		return true, nil, apierrors.NewAlreadyExists(schema.GroupResource{Resource: "secrets"}, "evenkeel-webhook-ca")
	})
	s := newTestSource(client, testingclock.NewFakeClock(start))
	mustSync(t, s)
	if err := verify(certificate(t, s), winner.Bundle(), "127.0.0.1", start); err != nil {
		t.Errorf("the certificate is not of the authority that won: %v", err)
	}
}

func TestSourceRenews(t *testing.T) {
	client := fake.NewClientset(webhookConfiguration())
	clk := testingclock.NewFakeClock(start)
	s := newTestSource(client, clk)
	mustSync(t, s)
	first := certificate(t, s)

	clk.Step(leafLife / 2)
	mustSync(t, s)
	if certificate(t, s) != first {
		t.Error("renewed at half its life")
	}
	clk.Step(leafLife / 4)
	mustSync(t, s)
	second := certificate(t, s)
	if second == first || !second.Leaf.NotAfter.After(first.Leaf.NotAfter) {
		t.Error("not renewed at three quarters of its life")
	}
	if got, want := s.NotAfter(), second.Leaf.NotAfter; !got.Equal(want) {
		t.Errorf("NotAfter = %v, want %v", got, want)
	}

	// An API server that cannot be reached does not keep the leaf from renewal.
	client.PrependReactor("get", "*", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, errors.New("connection refused")
	})
	clk.Step(leafLife * 3 / 4)
	if err := s.Sync(t.Context()); err == nil {
		t.Error("no error, though the API server cannot be reached")
	}
	if certificate(t, s) == second {
		t.Error("not renewed while the API server cannot be reached")
	}
	if err := s.Ready(); err != nil {
		t.Errorf("not ready, though API servers trust the certificate: %v", err)
	}
	if err := verify(certificate(t, s), stored(t, client).Webhooks[0].ClientConfig.CABundle, "127.0.0.1", clk.Now()); err != nil {
		t.Errorf("the renewed certificate: %v", err)
	}
}

func TestSourceMendsTheBundle(t *testing.T) {
	client := fake.NewClientset(webhookConfiguration())
	clk := testingclock.NewFakeClock(start)
	s := newTestSource(client, clk)
	mustSync(t, s)
	want := get(t, client).Webhooks[0].ClientConfig.CABundle

	// Somebody applies the manifest again, which has no bundle.
	if _, err := client.AdmissionregistrationV1().MutatingWebhookConfigurations().Update(t.Context(), webhookConfiguration(), metav1.UpdateOptions{}); err != nil {
		t.Fatalf("applying the manifest again: %v", err)
	}
	mustSync(t, s)
	if !bytes.Equal(want, get(t, client).Webhooks[0].ClientConfig.CABundle) {
		t.Error("the bundle was not mended")
	}

	// Somebody deletes the Secret, for a new authority.
	if err := client.CoreV1().Secrets("evenkeel-system").Delete(t.Context(), "evenkeel-webhook-ca", metav1.DeleteOptions{}); err != nil {
		t.Fatalf("deleting the Secret: %v", err)
	}
	mustSync(t, s)
	bundle := get(t, client).Webhooks[0].ClientConfig.CABundle
	if bytes.Equal(want, bundle) {
		t.Error("the deleted authority is still trusted")
	}
	if err := verify(certificate(t, s), bundle, "127.0.0.1", start); err != nil {
		t.Errorf("the certificate under the new authority: %v", err)
	}
}

func TestSourceFollowsTheAddress(t *testing.T) {
	client := fake.NewClientset(webhookConfiguration())
	s := newTestSource(client, testingclock.NewFakeClock(start))
	mustSync(t, s)
	cfg := get(t, client)
	url := "https://webhook.example:9443/mutate-v1-pod"
	cfg.Webhooks[1].ClientConfig.URL = &url
	if _, err := client.AdmissionregistrationV1().MutatingWebhookConfigurations().Update(t.Context(), cfg, metav1.UpdateOptions{}); err != nil {
		t.Fatalf("changing the address: %v", err)
	}
	mustSync(t, s)
	if err := verify(certificate(t, s), cfg.Webhooks[0].ClientConfig.CABundle, "webhook.example", start); err != nil {
		t.Errorf("the certificate does not cover the new address: %v", err)
	}
}

func TestSourceSaysWhatIsWrong(t *testing.T) {
	damaged := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "evenkeel-system", Name: "evenkeel-webhook-ca"},
		Data: map[string][]byte{caCertKey: []byte("x")}}
	empty := webhookConfiguration()
	empty.Webhooks = nil
	badURL := webhookConfiguration()
	url := "https:///path"
	badURL.Webhooks[1].ClientConfig.URL = &url
	tests := map[string]struct {
		objects []runtime.Object
		want    string
	}{
		"no configuration":   {want: `reading the webhook configuration: mutatingwebhookconfigurations.admissionregistration.k8s.io "webhook.evenkeel.io" not found`},
		"no webhooks in it":  {objects: []runtime.Object{empty}, want: "the MutatingWebhookConfiguration webhook.evenkeel.io has no webhooks"},
		"a url without host": {objects: []runtime.Object{badURL}, want: "webhook b.evenkeel.io: its url has no host"},
		"a damaged Secret": {objects: []runtime.Object{webhookConfiguration(), damaged},
			want: "secret evenkeel-system/evenkeel-webhook-ca: ca.crt holds no PEM block; delete it and a new one is made"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			s := newTestSource(fake.NewClientset(tc.objects...), testingclock.NewFakeClock(start))
			err := s.Sync(t.Context())
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Sync = %v, want %q", err, tc.want)
			}
			if err := s.Ready(); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Ready = %v, want it to say %q", err, tc.want)
			}
		})
	}
}

func TestSourceRunEndsWithItsContext(t *testing.T) {
	client := fake.NewClientset(webhookConfiguration())
	clk := testingclock.NewFakeClock(start)
	s := newTestSource(client, clk)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- s.Run(ctx) }()
	waitFor(t, "the first certificate", func() bool { return s.Ready() == nil })
	first := certificate(t, s)
	waitFor(t, "the renewal", func() bool {
		// The next look comes when the clock steps past the interval.
		clk.Step(leafLife / 4)
		return certificate(t, s) != first
	})
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run: %v", err)
	}
}

func newTestSource(client *fake.Clientset, clk *testingclock.FakeClock) *Source {
	return New(Options{Client: client, Clock: clk, Namespace: "evenkeel-system",
		Secret: "evenkeel-webhook-ca", Configuration: "webhook.evenkeel.io"})
}

// webhookConfiguration has one webhook that is called by its Service and one by
// a URL.
func webhookConfiguration() *admissionregistrationv1.MutatingWebhookConfiguration {
	url := "https://127.0.0.1:9443/mutate-v1-pod"
	return &admissionregistrationv1.MutatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: "webhook.evenkeel.io"},
		Webhooks: []admissionregistrationv1.MutatingWebhook{
			{Name: "a.evenkeel.io", ClientConfig: admissionregistrationv1.WebhookClientConfig{
				Service: &admissionregistrationv1.ServiceReference{Namespace: "evenkeel-system", Name: "evenkeel-webhook"}}},
			{Name: "b.evenkeel.io", ClientConfig: admissionregistrationv1.WebhookClientConfig{URL: &url}},
		},
	}
}

func get(t *testing.T, client *fake.Clientset) *admissionregistrationv1.MutatingWebhookConfiguration {
	t.Helper()
	cfg, err := client.AdmissionregistrationV1().MutatingWebhookConfigurations().Get(t.Context(), "webhook.evenkeel.io", metav1.GetOptions{})
	if err != nil {
		t.Fatalf("the webhook configuration: %v", err)
	}
	return cfg
}

// stored is get past the reactors.
func stored(t *testing.T, client *fake.Clientset) *admissionregistrationv1.MutatingWebhookConfiguration {
	t.Helper()
	obj, err := client.Tracker().Get(admissionregistrationv1.SchemeGroupVersion.WithResource("mutatingwebhookconfigurations"), "", "webhook.evenkeel.io")
	if err != nil {
		t.Fatalf("the webhook configuration: %v", err)
	}
	return obj.(*admissionregistrationv1.MutatingWebhookConfiguration)
}

func certificate(t *testing.T, s *Source) *tls.Certificate {
	t.Helper()
	cert, err := s.GetCertificate(nil)
	if err != nil {
		t.Fatalf("GetCertificate: %v", err)
	}
	return cert
}

func mustSync(t *testing.T, s *Source) {
	t.Helper()
	if err := s.Sync(t.Context()); err != nil {
		t.Fatalf("Sync: %v", err)
	}
}

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not come", what)
		}
		time.Sleep(time.Millisecond)
	}
}
