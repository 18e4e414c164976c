// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/test/jvm/jdk"
	"github.com/evenkeel/evenkeel/test/node/machine"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// A pod's whole way: from a Deployment through our webhook and our scheduler to a
// real kubelet, containerd and evenkeel-node.
func TestPodsOfACluster(t *testing.T) {
	machine.WriteCNI(t, settings)
	runtime := machine.StartContainerd(t, settings, true)
	machine.StartDaemon(t, settings, "{}").WaitReady(t)
	cluster := machine.StartCluster(t, settings)
	machine.StartKubelet(t, settings, cluster)
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
	t.Run("the heap", func(t *testing.T) { heaps(t, cluster, runtime) })
	t.Run("the disk", func(t *testing.T) { disk(t, cluster) })
}

// podManifest is a bare pod of the namespace shop with one container app that
// sleeps, and whatever else its parts say.
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

// heaps compares what JVMs take with what the webhook promises in its record, with
// every JDK of this machine, which containers see through mounts.
func heaps(t *testing.T, cluster *machine.Cluster, runtime *machine.Containerd) {
	t.Helper()
	jdks, problems := jdk.Find(t.Context())
	for _, err := range problems {
		t.Logf("not usable: %v", err)
	}
	for _, j := range jdks {
		if !strings.HasPrefix(j.Home, "/usr/") {
			t.Logf("%v is not below /usr and not tried", j)
			continue
		}
		name := fmt.Sprintf("jdk%d", j.Major)
		mounts, volumes := hostMounts(t, j)
		cluster.Apply(t, podManifest(name, "", `, resources: {limits: {memory: 512Mi}}, volumeMounts: [`+mounts+`]`, "  volumes: ["+volumes+"]"))
		pod := cluster.WaitRunning(t, "shop", name)
		status, err := mutate.ParseStatus(pod.Annotations[wellknown.StatusAnnotation])
		if err != nil || status == nil {
			t.Fatalf("%v: status annotation: %v", j, err)
		}
		facts := status.Features["jvm"].Containers["app"].Facts
		promised, err := resource.ParseQuantity(facts[mutate.FactHeap])
		if err != nil {
			t.Fatalf("%v: the record names the heap %q: %v", j, facts[mutate.FactHeap], err)
		}
		java, _ := j.Tool("java")
		out, err := runtime.ContainerOf(t, pod, "app").Exec(t, java, "-XX:+PrintFlagsFinal", "-version")
		if err != nil {
			t.Errorf("%v: %v", j, err)
			continue
		}
		m := regexp.MustCompile(`MaxHeapSize\s*:?=\s*(\d+)`).FindStringSubmatch(out)
		if m == nil {
			t.Errorf("%v prints no MaxHeapSize", j)
			continue
		}
		heap, _ := strconv.ParseInt(m[1], 10, 64)
		// A JVM rounds up to the alignment of its heap, which is at most 2 MiB here, and
		// the record to a whole MiB.
		if diff := heap - promised.Value(); diff < -(1<<20) || diff > 3<<20 {
			t.Errorf("%v: MaxHeapSize is %d, the record names %s", j, heap, promised.String())
		}
		saw("cluster: JDK %d takes MaxHeapSize %d MiB of a limit of 512Mi; the record names %s", j.Major, heap>>20, promised.String())
		cluster.DeletePod(t, "shop", name)
	}
	if len(jdks) == 0 {
		saw("cluster: there is no JDK on this machine; the heap was NOT checked")
	}
}

// hostMounts returns the mounts and volumes that show a JDK to a container.
func hostMounts(t *testing.T, j jdk.JDK) (mounts, volumes string) {
	t.Helper()
	add := func(i int, host, at string) {
		mounts += fmt.Sprintf("{name: host-%d, mountPath: %s, readOnly: true},", i, at)
		volumes += fmt.Sprintf("{name: host-%d, hostPath: {path: %s}},", i, host)
	}
	add(0, filepath.Join("/", j.Root, "usr"), "/usr")
	// Debian keeps a JDK's settings in /etc.
	etc, err := filepath.Glob(filepath.Join("/", j.Root, "etc/java-*"))
	if err != nil {
		t.Fatal(err)
	}
	for i, dir := range etc {
		add(i+1, dir, "/etc/"+filepath.Base(dir))
	}
	return mounts, volumes
}

// disk has a pod write more than its limit of ephemeral storage.
func disk(t *testing.T, cluster *machine.Cluster) {
	t.Helper()
	const limit = `, resources: {limits: {ephemeral-storage: 20Mi}}`
	cluster.Apply(t, podManifest("modest", "", limit, ""))
	cluster.WaitRunning(t, "shop", "modest")
	cluster.Apply(t, strings.Replace(podManifest("greedy", "", limit, "  restartPolicy: Never"),
		`[sleep, "100000"]`, `[sh, -c, "dd if=/dev/zero of=/tmp/fill bs=1048576 count=60; sleep 100000"]`, 1))
	machine.WaitFor(t, "the eviction", func() error {
		pod, err := cluster.Client.CoreV1().Pods("shop").Get(t.Context(), "greedy", metav1.GetOptions{})
		if err != nil {
			return err
		}
		if pod.Status.Phase != corev1.PodFailed || pod.Status.Reason != "Evicted" {
			return fmt.Errorf("its phase is %s, reason %q", pod.Status.Phase, pod.Status.Reason)
		}
		if !strings.Contains(pod.Status.Message, "ephemeral") {
			t.Errorf("it was evicted because %s", pod.Status.Message)
		}
		return nil
	})
	cluster.WaitRunning(t, "shop", "modest")
	saw("cluster: a pod that writes past its ephemeral-storage limit is evicted; its neighbour runs on")
}
