// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"fmt"
	"strings"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/test/node/machine"
)

// A pod's whole way: from a Deployment through our webhook and our scheduler to a
// real kubelet, containerd and evenkeel-node.
func TestPodsOfACluster(t *testing.T) {
	machine.WriteCNI(t, settings)
	runtime := machine.StartContainerd(t, settings, true)
	machine.StartDaemon(t, settings, "{}").WaitReady(t)
	cfg := machine.ShippedAdmission(t)
	cfg.Features.Storage = ownStorage(cfg.Features.Storage)
	cluster := machine.StartCluster(t, settings, cfg)
	kubelet := machine.StartKubelet(t, settings, cluster)
	cluster.Apply(t, `
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {evenkeel.io/injection: enabled}}
`)
	t.Run("pids.max is the tier's number", func(t *testing.T) {
		cluster.Apply(t, `
apiVersion: apps/v1
kind: Deployment
metadata: {name: checkout, namespace: shop}
spec:
  replicas: 1
  selector: {matchLabels: {app: checkout}}
  template:
    metadata:
      labels: {app: checkout}
      annotations: {pids.evenkeel.io/tier: small, pids.evenkeel.io/tier.neighbour: large}
    spec:
      schedulerName: evenkeel-scheduler
      terminationGracePeriodSeconds: 0
      containers:
      - {name: app, image: "localhost/busybox:test", imagePullPolicy: Never, command: [sleep, "100000"]}
      - {name: neighbour, image: "localhost/busybox:test", imagePullPolicy: Never, command: [sleep, "100000"]}
`)
		pod := cluster.WaitRunning(t, "shop", "checkout")
		if pod.Spec.NodeName != machine.NodeName {
			t.Errorf("the pod is on %s", pod.Spec.NodeName)
		}
		for container, want := range map[string]string{"app": "512", "neighbour": "4096"} {
			c := runtime.ContainerOf(t, pod, container)
			if got := c.PidsMax(t); got != want {
				t.Errorf("container %s: pids.max is %s, want %s; the annotation is %s", container, got, want, pod.Annotations[wellknown.PidsLimitsAnnotation])
			}
			if out, err := c.Exec(t, "cat", "/sys/fs/cgroup/pids/pids.max"); !unified && (err != nil || strings.TrimSpace(out) != want) {
				t.Errorf("container %s sees pids.max %q, %v", container, out, err)
			}
		}
		saw("cluster: a Deployment's pod went through webhook, scheduler, kubelet, containerd and evenkeel-node; pids.max is the tier's number, per container")
	})
	t.Run("a fork bomb is stopped", func(t *testing.T) { bombInCluster(t, cluster, runtime) })
	t.Run("the token", func(t *testing.T) { tokens(t, cluster, runtime) })
	t.Run("the disk", func(t *testing.T) { disk(t, cluster, runtime) })
	t.Run("the heap and the agents", func(t *testing.T) { jvms(t, cluster, runtime, kubelet, cfg) })
}

// podManifest is a bare pod of the namespace shop with one container app that
// sleeps, and whatever else its parts say: annotations, fields of the container and
// fields of the spec.
func podManifest(name, annotations, container, spec string) string {
	return fmt.Sprintf(`
apiVersion: v1
kind: Pod
metadata: {name: %[1]s, namespace: shop, labels: {app: %[1]s}, annotations: {%[2]s}}
spec:
  schedulerName: evenkeel-scheduler
  terminationGracePeriodSeconds: 0
  containers:
  - {name: app, image: "localhost/busybox:test", imagePullPolicy: Never, command: [sleep, "100000"]%[3]s}
%[4]s
`, name, annotations, container, spec)
}

func bombInCluster(t *testing.T, cluster *machine.Cluster, runtime *machine.Containerd) {
	t.Helper()
	cluster.Apply(t, podManifest("bombed", "pids.evenkeel.io/tier: small", "", `  - {name: bomb, image: "localhost/busybox:test", imagePullPolicy: Never, command: [sh, -c, "b() { b & b & sleep 600; }; b; sleep 600"]}`))
	pod := cluster.WaitRunning(t, "shop", "bombed")
	bomb, neighbour := runtime.ContainerOf(t, pod, "bomb"), runtime.ContainerOf(t, pod, "app")
	machine.WaitFor(t, "the bomb to meet its limit", func() error { return atLeast(bomb.Refused(t), 1) })
	if got := bomb.PidsCurrent(t); got > 512 {
		t.Errorf("the bomb has %d processes", got)
	}
	if out, err := neighbour.Exec(t, "sh", "-c", "sleep 0; echo alive"); err != nil || strings.TrimSpace(out) != "alive" {
		t.Errorf("the neighbour: %q, %v", out, err)
	}
	// The node goes on: another pod starts beside the bomb.
	cluster.Apply(t, podManifest("beside", "", "", ""))
	cluster.WaitRunning(t, "shop", "beside")
	if err := cluster.NodeReady(t); err != nil {
		t.Error(err)
	}
	cluster.DeletePod(t, "shop", "bombed")
	saw("cluster: a fork bomb stays at its tier's number; its neighbour execs, another pod starts, the node stays ready")
}

const tokenFolder = "/var/run/secrets/kubernetes.io/serviceaccount"

func tokens(t *testing.T, cluster *machine.Cluster, runtime *machine.Containerd) {
	t.Helper()
	cluster.Apply(t, podManifest("tokenless", "", "", ""))
	if out, err := runtime.ContainerOf(t, cluster.WaitRunning(t, "shop", "tokenless"), "app").Exec(t, "ls", tokenFolder); err == nil {
		t.Errorf("the pod has %q in %s", out, tokenFolder)
	}
	cluster.Apply(t, podManifest("control", "", "", "  automountServiceAccountToken: true"))
	control := runtime.ContainerOf(t, cluster.WaitRunning(t, "shop", "control"), "app")
	if token, err := control.Exec(t, "cat", tokenFolder+"/token"); err != nil || !strings.HasPrefix(token, "ey") {
		t.Errorf("the control has no token: %v", err)
	}
	cluster.Apply(t, podManifest("declared", "", `, volumeMounts: [{name: own, mountPath: /var/run/own}]`, `
  volumes:
  - {name: own, projected: {sources: [{serviceAccountToken: {path: token, audience: shop.example.com, expirationSeconds: 600}}]}}`))
	declared := runtime.ContainerOf(t, cluster.WaitRunning(t, "shop", "declared"), "app")
	if out, err := declared.Exec(t, "ls", tokenFolder); err == nil {
		t.Errorf("the pod with a token of its own has %q in %s too", out, tokenFolder)
	}
	token, err := declared.Exec(t, "cat", "/var/run/own/token")
	if err != nil {
		t.Fatal(err)
	}
	review, err := cluster.Client.AuthenticationV1().TokenReviews().Create(t.Context(), &authenticationv1.TokenReview{
		Spec: authenticationv1.TokenReviewSpec{Token: strings.TrimSpace(token), Audiences: []string{"shop.example.com"}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if !review.Status.Authenticated || review.Status.User.Username != "system:serviceaccount:shop:default" {
		t.Errorf("the declared token is not good: %+v", review.Status)
	}
	saw("cluster: the token is absent by default, present for the pod that says so, and a declared projected token stays and is good (TokenReview)")
}
