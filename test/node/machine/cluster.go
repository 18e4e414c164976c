// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/internal/controlplane"
	"github.com/evenkeel/evenkeel/internal/controlplane/binaries"
	"github.com/evenkeel/evenkeel/manifests"
)

const (
	ownNamespace  = "evenkeel-system"
	webhookName   = "evenkeel-webhook"
	schedulerName = "evenkeel-scheduler"

	webhookAddress       = "127.0.0.1:19443"
	webhookHealthAddress = "127.0.0.1:18081"
)

// Cluster is a control plane with our scheduler and webhook.
type Cluster struct {
	*controlplane.ControlPlane
	Client kubernetes.Interface
	// admission is the file with the webhook's configuration.
	admission string
}

// StartCluster starts etcd, kube-apiserver, kube-controller-manager, our webhook
// with a configuration, and our scheduler, each with the rights of its manifests.
func StartCluster(tb testing.TB, s Settings, admission *v1alpha1.AdmissionConfiguration) *Cluster {
	tb.Helper()
	dir := func(name string) string { return filepath.Join(s.Paths.Bin, name) }
	plane, err := controlplane.Start(context.WithoutCancel(tb.Context()), controlplane.Options{
		WithoutKwok: true, Dir: filepath.Join(s.Dir, "control-plane"),
		Binaries: binaries.Paths{
			Etcd: dir(binaries.Etcd), KubeAPIServer: dir(binaries.KubeAPIServer),
			KubeControllerManager: dir(binaries.KubeControllerManager), Kubectl: dir(binaries.Kubectl), Kwok: dir(binaries.Kwok),
		},
		Progress: func(line string) { tb.Log(line) },
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := plane.Stop(); err != nil {
			tb.Errorf("stopping the control plane: %v", err)
		}
	})
	config := rest.CopyConfig(plane.Config())
	// Warnings are for people, and some pods here are poor on purpose.
	config.WarningHandler = rest.NoWarnings{}
	c := &Cluster{ControlPlane: plane, Client: kubernetes.NewForConfigOrDie(config)}
	for _, file := range []string{
		"base/namespace/namespace.yaml",
		"base/webhook/serviceaccount.yaml", "base/webhook/rbac.yaml",
		"base/scheduler/serviceaccount.yaml", "base/scheduler/rbac.yaml",
	} {
		content, err := manifests.FS.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		c.Apply(tb, string(content))
	}
	c.admission = filepath.Join(s.Dir, "admission", "config.yaml")
	c.writeAdmission(tb, admission)
	c.startWebhook(tb, s)
	c.startScheduler(tb, s)
	return c
}

// Apply gives manifests to kubectl.
func (c *Cluster) Apply(tb testing.TB, text string) {
	tb.Helper()
	file := filepath.Join(tb.TempDir(), "manifest.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	cmd := exec.CommandContext(tb.Context(), c.Binaries().Kubectl, "--kubeconfig", c.Kubeconfig(), "apply", "--server-side", "-f", file)
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("kubectl apply: %v\n%s", err, out)
	}
}

func (c *Cluster) startWebhook(tb testing.TB, s Settings) {
	tb.Helper()
	content, err := manifests.FS.ReadFile("base/webhook/mutatingwebhookconfiguration.yaml")
	if err != nil {
		tb.Fatal(err)
	}
	registration := &admissionregistrationv1.MutatingWebhookConfiguration{}
	if err := yaml.UnmarshalStrict(content, registration); err != nil {
		tb.Fatal(err)
	}
	for i := range registration.Webhooks {
		url := "https://" + webhookAddress + *registration.Webhooks[i].ClientConfig.Service.Path
		registration.Webhooks[i].ClientConfig = admissionregistrationv1.WebhookClientConfig{URL: &url}
		// A pod that our webhook misses would prove nothing.
		fail := admissionregistrationv1.Fail
		registration.Webhooks[i].FailurePolicy = &fail
	}
	if _, err := c.Client.AdmissionregistrationV1().MutatingWebhookConfigurations().Create(tb.Context(), registration, metav1.CreateOptions{}); err != nil {
		tb.Fatal(err)
	}
	c.startOwn(tb, s, webhookName, "http://"+webhookHealthAddress+"/readyz", func(kubeconfig string) []string {
		return []string{
			"--config=" + c.admission, "--kubeconfig=" + kubeconfig, "--own-namespace=" + ownNamespace, "--bind-address=" + webhookAddress,
			"--health-probe-bind-address=" + webhookHealthAddress, "--metrics-bind-address=0", "--webhook-configuration=" + registration.Name,
			"--shutdown-delay=0s", "--v=4",
		}
	})
}

func (c *Cluster) startScheduler(tb testing.TB, s Settings) {
	tb.Helper()
	config := filepath.Join(s.Dir, "scheduler.yaml")
	c.startOwn(tb, s, schedulerName, "", func(kubeconfig string) []string {
		var fields map[string]any
		if err := yaml.Unmarshal(manifests.SchedulerConfiguration, &fields); err != nil {
			tb.Fatal(err)
		}
		fields["leaderElection"] = map[string]any{"leaderElect": false}
		fields["clientConnection"] = map[string]any{"kubeconfig": kubeconfig}
		content, err := yaml.Marshal(fields)
		if err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(config, content, 0o600); err != nil {
			tb.Fatal(err)
		}
		return []string{
			"--config=" + config, "--authentication-kubeconfig=" + kubeconfig, "--authorization-kubeconfig=" + kubeconfig,
			"--bind-address=127.0.0.1", "--secure-port=0", "--v=2",
		}
	})
}

// startOwn starts a program of ours as its ServiceAccount and waits until it
// answers at the address, if there is one.
func (c *Cluster) startOwn(tb testing.TB, s Settings, name, ready string, args func(kubeconfig string) []string) {
	tb.Helper()
	user, err := c.AddServiceAccount(tb.Context(), ownNamespace, name)
	if err != nil {
		tb.Fatal(err)
	}
	p := controlplane.Process{Name: name, Path: filepath.Join(s.Paths.Bin, name), Args: args(user.Kubeconfig)}
	if ready != "" {
		p.Ready = func(ctx context.Context) error {
			_, err := get(ctx, ready)
			return err
		}
	}
	if err := c.StartProcess(tb.Context(), p); err != nil {
		tb.Fatal(err)
	}
}

// Healthy returns an error if a process of the control plane has ended.
func (c *Cluster) Healthy() error {
	select {
	case err := <-c.ControlPlane.Failed():
		return err
	default:
		return nil
	}
}

// nodeUser makes the kubelet's user, which the Node authorizer knows by its name.
func (c *Cluster) nodeUser(tb testing.TB, node string) string {
	tb.Helper()
	user, err := c.AddUser("system:node:"+node, "system:nodes")
	if err != nil {
		tb.Fatal(err)
	}
	return user.Kubeconfig
}
