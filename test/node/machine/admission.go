// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/manifests"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// ShippedAdmission returns the webhook's configuration as it is shipped.
func ShippedAdmission(tb testing.TB) *v1alpha1.AdmissionConfiguration {
	tb.Helper()
	cfg, err := v1alpha1.LoadAdmissionConfiguration("config.yaml", manifests.AdmissionConfiguration)
	if err != nil {
		tb.Fatal(err)
	}
	return cfg
}

// Configure gives the running webhook another configuration, and waits until a pod
// of a namespace with our label is treated by it.
func (c *Cluster) Configure(tb testing.TB, namespace string, cfg *v1alpha1.AdmissionConfiguration) {
	tb.Helper()
	c.writeAdmission(tb, cfg)
	probe := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "probe"},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "probe", Image: ImageBusybox}}},
	}
	WaitFor(tb, "the webhook's new configuration", func() error {
		pod, err := c.Client.CoreV1().Pods(namespace).Create(tb.Context(), probe, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		if err != nil {
			return err
		}
		status, err := mutate.ParseStatus(pod.Annotations[wellknown.StatusAnnotation])
		if err != nil || status == nil || status.Config != cfg.Hash() {
			return fmt.Errorf("the record of a pod is %q, %w", pod.Annotations[wellknown.StatusAnnotation], err)
		}
		return nil
	})
}

// writeAdmission puts the file in its place at once, as a ConfigMap does.
func (c *Cluster) writeAdmission(tb testing.TB, cfg *v1alpha1.AdmissionConfiguration) {
	tb.Helper()
	content, err := yaml.Marshal(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	// What the file says is what the test means, defaults included.
	read, err := v1alpha1.LoadAdmissionConfiguration(c.admission, content)
	if err != nil {
		tb.Fatal(err)
	}
	if read.Hash() != cfg.Hash() {
		tb.Fatalf("the configuration is another one when it is read from its file: %s", content)
	}
	if err := os.MkdirAll(filepath.Dir(c.admission), 0o755); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(c.admission+".new", content, 0o600); err != nil {
		tb.Fatal(err)
	}
	if err := os.Rename(c.admission+".new", c.admission); err != nil {
		tb.Fatal(err)
	}
}
