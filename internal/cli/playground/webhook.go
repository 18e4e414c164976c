// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package playground

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/internal/cli/playground/report"
	"github.com/evenkeel/evenkeel/internal/controlplane"
	"github.com/evenkeel/evenkeel/manifests"
)

const (
	webhookManifest = "base/webhook/mutatingwebhookconfiguration.yaml"
	// policyManifest refuses the annotations that only the webhook writes.
	policyManifest = "base/webhook/validatingadmissionpolicy.yaml"
	policyName     = "reserved-annotations.evenkeel.io"
)

// startWebhook registers evenkeel-webhook with the API server and starts it with
// the rights of its manifests. As in a cluster, it makes its certificate itself
// and writes into its registration whom to trust.
func (r *running) startWebhook(ctx context.Context, client kubernetes.Interface, path string, admission admissionFile) error {
	user, err := r.plane.AddServiceAccount(ctx, ownNamespace, webhookName)
	if err != nil {
		return err
	}
	dir, err := r.folder(webhookName)
	if err != nil {
		return err
	}
	config := filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(config, admission.content, 0o600); err != nil {
		return fmt.Errorf("configuration of the webhook: %w", err)
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	healthPort, err := freePort()
	if err != nil {
		return err
	}
	registration, err := registrationAt(net.JoinHostPort(loopback, port))
	if err != nil {
		return fmt.Errorf("shipped manifests: %w", err)
	}
	if _, err := client.AdmissionregistrationV1().MutatingWebhookConfigurations().Create(ctx, registration, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("register the webhook: %w", err)
	}
	return r.plane.StartProcess(ctx, controlplane.Process{
		Name: webhookName,
		Path: path,
		Args: []string{
			"--config=" + config,
			"--kubeconfig=" + user.Kubeconfig,
			"--own-namespace=" + ownNamespace,
			"--bind-address=" + net.JoinHostPort(loopback, port),
			"--health-probe-bind-address=" + net.JoinHostPort(loopback, healthPort),
			"--metrics-bind-address=0",
			"--webhook-configuration=" + registration.Name,
			// The API server ends after it, and nothing else calls.
			"--shutdown-delay=0s",
			"--v=4",
		},
		Ready: answers("http://" + net.JoinHostPort(loopback, healthPort) + "/readyz"),
	})
}

// registrationAt returns the shipped registration for a webhook that listens at
// an address instead of behind a Service.
func registrationAt(address string) (*admissionregistrationv1.MutatingWebhookConfiguration, error) {
	content, err := manifests.FS.ReadFile(webhookManifest)
	if err != nil {
		return nil, err
	}
	registration := &admissionregistrationv1.MutatingWebhookConfiguration{}
	if err := yaml.UnmarshalStrict(content, registration); err != nil {
		return nil, fmt.Errorf("%s: %w", webhookManifest, err)
	}
	for i := range registration.Webhooks {
		service := registration.Webhooks[i].ClientConfig.Service
		if service == nil || service.Path == nil {
			return nil, fmt.Errorf("%s: webhooks[%d].clientConfig.service.path is missing", webhookManifest, i)
		}
		url := "https://" + address + *service.Path
		registration.Webhooks[i].ClientConfig = admissionregistrationv1.WebhookClientConfig{URL: &url}
	}
	return registration, nil
}

const (
	// trialNamespace holds nothing: pods are created in it for show.
	trialNamespace = "evenkeel-playground-trial"
	// answerWithin is how long the API server may take to call the webhook, and to go
	// by the policy, after these were registered: it reads them from a watch.
	answerWithin = 30 * time.Second
)

// awaitWebhook waits until the API server calls the webhook for new pods and goes by
// the policy, tried with pods that are not stored. Before that, pods would go
// untreated, and what only the webhook writes would be taken from users.
func (r *running) awaitWebhook(ctx context.Context, client kubernetes.Interface, judge *report.Judge) error {
	labels := map[string]string{wellknown.InjectionLabel: wellknown.InjectionEnabled}
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: trialNamespace, Labels: labels}}
	ns, err := client.CoreV1().Namespaces().Create(ctx, ns, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("namespace to try the webhook in: %w", err)
	}
	trials := []func(context.Context, kubernetes.Interface) error{tryPolicy}
	// Where the configuration says that nothing is changed, there is nothing to see.
	if judge.Enforces(ns.Labels) {
		trials = append(trials, tryWebhook)
	}
	timeout, cancel := context.WithTimeoutCause(ctx, answerWithin, errNoAnswer)
	defer cancel()
	for _, try := range trials {
		if err := r.await(timeout, client, try); err != nil {
			return err
		}
	}
	return r.deleteTrial(ctx, client)
}

// await tries until it succeeds.
func (r *running) await(ctx context.Context, client kubernetes.Interface, try func(context.Context, kubernetes.Interface) error) error {
	for {
		last := try(ctx, client)
		if last == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			if errors.Is(context.Cause(ctx), errNoAnswer) {
				return fmt.Errorf("%w within %s: %w; see %s", errNoAnswer, answerWithin, last, r.plane.Log(webhookName))
			}
			return context.Cause(ctx)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

var errNoAnswer = errors.New("the API server did not come to call the webhook and to go by its policy")

// tryWebhook creates a pod that is not stored and looks for the webhook's record.
func tryWebhook(ctx context.Context, client kubernetes.Interface) error {
	pod, err := tryPod(ctx, client, metav1.ObjectMeta{})
	if err != nil {
		return err
	}
	if pod.Annotations[wellknown.StatusAnnotation] == "" {
		return fmt.Errorf("a new pod has no annotation %s", wellknown.StatusAnnotation)
	}
	return nil
}

// tryPolicy creates a pod that is not stored, which the webhook leaves alone and
// whose author wrote what only the webhook writes.
func tryPolicy(ctx context.Context, client kubernetes.Interface) error {
	_, err := tryPod(ctx, client, metav1.ObjectMeta{
		Labels:      map[string]string{wellknown.InjectionLabel: wellknown.InjectionDisabled},
		Annotations: map[string]string{wellknown.PidsLimitsAnnotation: `{"app":16384}`},
	})
	switch {
	case err == nil:
		return fmt.Errorf("a new pod may have the annotation %s of its author", wellknown.PidsLimitsAnnotation)
	case strings.Contains(err.Error(), policyName):
		return nil
	}
	return err
}

func tryPod(ctx context.Context, client kubernetes.Interface, about metav1.ObjectMeta) (*corev1.Pod, error) {
	about.Name = "trial"
	pod := &corev1.Pod{ObjectMeta: about, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "registry.example.com/trial"}}}}
	return client.CoreV1().Pods(trialNamespace).Create(ctx, pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
}

func (r *running) deleteTrial(ctx context.Context, client kubernetes.Interface) error {
	if err := client.CoreV1().Namespaces().Delete(ctx, trialNamespace, metav1.DeleteOptions{}); err != nil {
		return fmt.Errorf("remove the namespace that the webhook was tried in: %w", err)
	}
	return nil
}
