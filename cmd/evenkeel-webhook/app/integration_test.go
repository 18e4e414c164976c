// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/internal/controlplane"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

const ownNamespace = "evenkeel-system"

const integrationConfig = `apiVersion: config.evenkeel.io/v1alpha1
kind: AdmissionConfiguration
features:
  agent: {mode: Off}
  jvm: {mode: Off}
  pidlimit:
    defaultTier: %s
    namespaces:
    - selector: {matchLabels: {strict: "yes"}}
      onError: Deny
  satoken:
    keepReasons: [{name: calls-kubernetes-api}]
`

// The whole server against a real API server: it makes its certificate with the
// rights that the manifests grant and no others, is called by the API server
// through the shipped webhook configuration, and what is looked at is the pod
// that is stored.
func TestRunOnControlPlane(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a control plane")
	}
	ctx := t.Context()
	plane, err := controlplane.Start(ctx, controlplane.Options{WithoutKwok: true, Progress: func(line string) { t.Log(line) }})
	if err != nil {
		t.Fatalf("starting the control plane: %v", err)
	}
	t.Cleanup(func() {
		if err := plane.Stop(); err != nil {
			t.Errorf("stopping the control plane: %v", err)
		}
	})
	warnings := &warningLog{}
	adminCfg := rest.CopyConfig(plane.Config())
	adminCfg.WarningHandler = warnings
	admin, err := kubernetes.NewForConfig(adminCfg)
	if err != nil {
		t.Fatal(err)
	}
	user := installRBAC(t, plane, admin)

	configPath := filepath.Join(t.TempDir(), "config.yaml")
	writeFile(t, configPath, fmt.Sprintf(integrationConfig, "medium"))
	o := Options{
		Config: configPath, Kubeconfig: user.Kubeconfig, OwnNamespace: ownNamespace,
		BindAddress: freeAddress(t), HealthProbeBindAddress: freeAddress(t), MetricsBindAddress: freeAddress(t),
		WebhookConfiguration: "webhook.evenkeel.io", CASecret: "evenkeel-webhook-ca",
	}
	if err := o.complete(func(string) string { return "" }); err != nil {
		t.Fatal(err)
	}
	runCtx, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- Run(runCtx, o) }()
	running := true
	end := func() error {
		if !running {
			return nil
		}
		running = false
		stop()
		return <-ended
	}
	t.Cleanup(func() { _ = end() })

	waitFor(t, "the reason for not being ready", func() bool {
		code, body := fetch(o.HealthProbeBindAddress, "/readyz")
		return code == http.StatusServiceUnavailable && strings.Contains(body, `"webhook.evenkeel.io" not found`)
	})
	installWebhookConfiguration(t, admin, "https://"+o.BindAddress+"/mutate-v1-pod")
	waitFor(t, "readiness", func() bool { code, _ := fetch(o.HealthProbeBindAddress, "/readyz"); return code == http.StatusOK })

	for name, labels := range map[string]map[string]string{
		"shop":         {wellknown.InjectionLabel: wellknown.InjectionEnabled},
		"strict":       {wellknown.InjectionLabel: wellknown.InjectionEnabled, "strict": "yes"},
		"off":          {wellknown.InjectionLabel: wellknown.InjectionDisabled},
		"plain":        nil,
		"just-created": {wellknown.InjectionLabel: wellknown.InjectionEnabled},
	} {
		ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}
		if _, err := admin.CoreV1().Namespaces().Create(ctx, ns, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	// The API server learns of the configuration and its bundle in its own time.
	waitFor(t, "the API server to call the webhook", func() bool {
		pod, err := createPod(ctx, admin, "shop", newPod(nil, nil))
		return err == nil && pod.Annotations[wellknown.StatusAnnotation] != ""
	})

	t.Run("the token is gone from the stored pod", func(t *testing.T) {
		pod := mustCreatePod(t, admin, "shop", newPod(nil, nil))
		if a := pod.Spec.AutomountServiceAccountToken; a == nil || *a {
			t.Errorf("automountServiceAccountToken = %v, want false", a)
		}
		if len(pod.Spec.Volumes) > 0 || len(pod.Spec.Containers[0].VolumeMounts) > 0 || len(pod.Spec.InitContainers[0].VolumeMounts) > 0 {
			t.Errorf("volumes %v and mounts %v, %v are left", pod.Spec.Volumes, pod.Spec.Containers[0].VolumeMounts, pod.Spec.InitContainers[0].VolumeMounts)
		}
		if got, want := pod.Annotations[wellknown.PidsLimitsAnnotation], `{"app":2048,"init":2048}`; got != want {
			t.Errorf("%s = %s, want %s", wellknown.PidsLimitsAnnotation, got, want)
		}
		status, err := mutate.ParseStatus(pod.Annotations[wellknown.StatusAnnotation])
		if err != nil || status.Features["satoken"].Reason != mutate.CodeTokenNotNeeded {
			t.Errorf("record %s (error %v), want satoken: TokenNotNeeded", pod.Annotations[wellknown.StatusAnnotation], err)
		}
	})
	t.Run("an explicit true keeps the token", func(t *testing.T) {
		pod := newPod(nil, nil)
		yes := true
		pod.Spec.AutomountServiceAccountToken = &yes
		wantToken(t, mustCreatePod(t, admin, "shop", pod), true)
	})
	t.Run("an approved reason keeps the token", func(t *testing.T) {
		pod := newPod(nil, map[string]string{wellknown.TokenKeepAnnotation: "calls-kubernetes-api"})
		wantToken(t, mustCreatePod(t, admin, "shop", pod), true)
	})
	t.Run("a binding keeps the token while it is there", func(t *testing.T) { checkRightsKeepToken(t, admin, "shop") })
	t.Run("a token of the author's own is kept", func(t *testing.T) {
		pod := newPod(nil, nil)
		pod.Spec.Volumes = []corev1.Volume{{Name: "vault-token", VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{
			Sources: []corev1.VolumeProjection{{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Audience: "vault", Path: "token"}}}}}}}
		pod.Spec.Containers[0].VolumeMounts = []corev1.VolumeMount{{Name: "vault-token", MountPath: "/var/run/secrets/vault"}}
		stored := mustCreatePod(t, admin, "shop", pod)
		wantToken(t, stored, false)
		if len(stored.Spec.Volumes) != 1 || stored.Spec.Volumes[0].Name != "vault-token" || len(stored.Spec.Containers[0].VolumeMounts) != 1 {
			t.Errorf("volumes %v, want vault-token with its mount", stored.Spec.Volumes)
		}
	})
	t.Run("a namespace that was just made", func(t *testing.T) {
		// The pod comes in the same breath; the ServiceAccount is made by hand, because
		// the controller takes its time.
		ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "fresh", Labels: map[string]string{wellknown.InjectionLabel: wellknown.InjectionEnabled}}}
		if _, err := admin.CoreV1().Namespaces().Create(t.Context(), ns, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		sa := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "app"}}
		if _, err := admin.CoreV1().ServiceAccounts("fresh").Create(t.Context(), sa, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		pod := newPod(nil, nil)
		pod.Spec.ServiceAccountName = "app"
		wantToken(t, mustCreatePod(t, admin, "fresh", pod), false)
	})
	for namespace, labels := range map[string]map[string]string{
		"plain":       {wellknown.InjectionLabel: wellknown.InjectionEnabled},
		"off":         nil,
		"kube-system": {wellknown.InjectionLabel: wellknown.InjectionEnabled},
		ownNamespace:  {wellknown.InjectionLabel: wellknown.InjectionEnabled},
		"shop":        {wellknown.InjectionLabel: wellknown.InjectionDisabled},
	} {
		t.Run("untouched in "+namespace, func(t *testing.T) {
			pod := mustCreatePod(t, admin, namespace, newPod(labels, nil))
			wantToken(t, pod, true)
			if len(pod.Annotations) > 0 {
				t.Errorf("annotations %v, want none", pod.Annotations)
			}
		})
	}
	t.Run("a pod that switches on in a disabled namespace", func(t *testing.T) {
		wantToken(t, mustCreatePod(t, admin, "off", newPod(map[string]string{wellknown.InjectionLabel: wellknown.InjectionEnabled}, nil)), false)
	})
	badTier := map[string]string{wellknown.PidsTierAnnotation: "gigantic"}
	const complaint = `annotation pids.evenkeel.io/tier: no tier "gigantic"; choose one of small, medium, large, xlarge, or remove the annotation`
	t.Run("a wrong annotation is admitted with a warning", func(t *testing.T) {
		warnings.reset()
		pod := mustCreatePod(t, admin, "shop", newPod(nil, badTier))
		if got, want := pod.Annotations[wellknown.PidsLimitsAnnotation], `{"app":2048,"init":2048}`; got != want {
			t.Errorf("the pod has the limits %s, want the default tier's %s", got, want)
		}
		wantToken(t, pod, false)
		if got := warnings.text(); !strings.Contains(got, "evenkeel pidlimit: "+complaint) {
			t.Errorf("warnings %q, want the complaint", got)
		}
	})
	t.Run("a wrong annotation is denied where the configuration says so", func(t *testing.T) {
		_, err := createPod(t.Context(), admin, "strict", newPod(nil, badTier))
		if want := `admission webhook "pods.webhook.evenkeel.io" denied the request: evenkeel pidlimit: ` + complaint; err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	})
	t.Run("a server-side dry run is like any other", func(t *testing.T) {
		pod, err := admin.CoreV1().Pods("shop").Create(t.Context(), newPod(nil, nil), metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		if err != nil {
			t.Fatal(err)
		}
		wantToken(t, pod, false)
	})
	t.Run("a changed configuration is picked up, a wrong one refused", func(t *testing.T) {
		writeFile(t, configPath, fmt.Sprintf(integrationConfig, "large"))
		waitFor(t, "the new default tier", func() bool {
			return mustCreatePod(t, admin, "shop", newPod(nil, nil)).Annotations[wellknown.PidsLimitsAnnotation] == `{"app":4096,"init":4096}`
		})
		writeFile(t, configPath, fmt.Sprintf(integrationConfig, "gigantic"))
		waitFor(t, "the refusal in the metrics", func() bool {
			_, body := fetch(o.MetricsBindAddress, "/metrics")
			return strings.Contains(body, `evenkeel_webhook_config_reloads_total{result="refused"} 1`) &&
				strings.Contains(body, "evenkeel_webhook_config_last_reload_successful 0")
		})
		pod := mustCreatePod(t, admin, "shop", newPod(nil, nil))
		if got, want := pod.Annotations[wellknown.PidsLimitsAnnotation], `{"app":4096,"init":4096}`; got != want {
			t.Errorf("limits %s after a wrong configuration, want %s as before", got, want)
		}
	})
	t.Run("metrics", func(t *testing.T) {
		_, body := fetch(o.MetricsBindAddress, "/metrics")
		for _, want := range []string{
			`evenkeel_webhook_requests_total{outcome="patched",reason=""}`,
			`evenkeel_webhook_requests_total{outcome="denied",reason=""} 1`,
			`evenkeel_webhook_features_total{feature="satoken",outcome="skipped",reason="TokenExplicit"}`,
			"evenkeel_webhook_cert_not_after_seconds ", "controller_runtime_webhook_requests_total{",
		} {
			if !strings.Contains(body, want) {
				t.Errorf("no %s among the metrics", want)
			}
		}
	})
	if err := end(); err != nil {
		t.Errorf("Run ended with %v", err)
	}
}
