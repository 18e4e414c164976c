// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package controlplane_test starts the real control plane and checks what the
// playground and the other integration tests rest on.
package controlplane_test

import (
	"context"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/evenkeel/evenkeel/internal/controlplane"
	"github.com/evenkeel/evenkeel/internal/controlplane/binaries"
	"github.com/evenkeel/evenkeel/internal/datacentre"
	"github.com/evenkeel/evenkeel/internal/datacentre/provision"
)

// patience bounds every wait. It is long because a loaded machine is slow, and is
// never spent when things work.
const patience = 2 * time.Minute

// TestControlPlaneServesPods starts everything once; each subtest looks at one
// promise of it.
func TestControlPlaneServesPods(t *testing.T) {
	cp := start(t, controlplane.Options{})
	client := kubernetes.NewForConfigOrDie(cp.Config())

	t.Run("the release is the one the scheduler links", func(t *testing.T) {
		version, err := client.Discovery().ServerVersion()
		if err != nil {
			t.Fatal(err)
		}
		if version.GitVersion != binaries.KubernetesVersion || version.Major != "1" {
			t.Errorf("server version = %s (major %q), want %s", version.GitVersion, version.Major, binaries.KubernetesVersion)
		}
	})
	t.Run("RBAC denies what nobody granted", func(t *testing.T) { checkRBAC(t, cp, client) })
	t.Run("admission gives a pod its token and the namespace's defaults", func(t *testing.T) { checkAdmission(t, client) })
	t.Run("controllers make a Deployment's pods", func(t *testing.T) { checkDeployment(t, client) })
	t.Run("fake nodes run pods and finish jobs", func(t *testing.T) { checkNodes(t, client) })
	t.Run("a ServiceAccount has the rights of its role", func(t *testing.T) { checkServiceAccount(t, cp, client) })
	t.Run("every listener is on loopback", func(t *testing.T) { checkListeners(t, cp) })

	processes := processesOf(t, cp)
	if len(processes) < 4 {
		t.Fatalf("processes = %v, want etcd, kube-apiserver, kube-controller-manager and kwok", processes)
	}
	if err := cp.Stop(); err != nil {
		t.Fatalf("stop: %v", err)
	}
	checkGone(t, processes)
	select {
	case err := <-cp.Failed():
		t.Errorf("an end by Stop was told as a failure: %v", err)
	default:
	}
	checkRemoved(t, cp.Dir())
}

// start starts a control plane that ends with the test, and fails the test when
// the programs cannot be had.
func start(t *testing.T, opts controlplane.Options) *controlplane.ControlPlane {
	t.Helper()
	opts.Progress = func(line string) { t.Log(line) }
	begin := time.Now()
	cp, err := controlplane.Start(t.Context(), opts)
	if err != nil {
		t.Fatalf("start the control plane: %v", err)
	}
	t.Logf("the control plane was ready after %s", time.Since(begin).Round(time.Millisecond))
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the logs are in %s", cp.Dir())
			cp.KeepDir()
		}
		if err := cp.Stop(); err != nil {
			t.Errorf("stop the control plane: %v", err)
		}
	})
	return cp
}

func checkRBAC(t *testing.T, cp *controlplane.ControlPlane, client kubernetes.Interface) {
	if _, err := client.CoreV1().Secrets("").List(t.Context(), metav1.ListOptions{}); err != nil {
		t.Errorf("the administrator may not list secrets: %v", err)
	}
	limited, err := cp.AddUser("somebody")
	if err != nil {
		t.Fatal(err)
	}
	for name, config := range map[string]*rest.Config{
		"a user without a role": limited.Config,
		"nobody":                rest.AnonymousClientConfig(cp.Config()),
	} {
		_, err := kubernetes.NewForConfigOrDie(config).CoreV1().Pods("default").List(t.Context(), metav1.ListOptions{})
		if !apierrors.IsForbidden(err) {
			t.Errorf("%s lists pods: error = %v, want forbidden", name, err)
		}
	}
	scheduler, err := cp.AddUser("system:kube-scheduler")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := kubernetes.NewForConfigOrDie(scheduler.Config).CoreV1().Pods("").List(t.Context(), metav1.ListOptions{}); err != nil {
		t.Errorf("system:kube-scheduler may not list pods: %v", err)
	}
}

func checkAdmission(t *testing.T, client kubernetes.Interface) {
	ctx, namespace := t.Context(), makeNamespace(t, client, "admission")
	limits := &corev1.LimitRange{
		ObjectMeta: metav1.ObjectMeta{Name: "defaults"},
		Spec: corev1.LimitRangeSpec{Limits: []corev1.LimitRangeItem{{
			Type:    corev1.LimitTypeContainer,
			Default: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("777Mi")},
		}}},
	}
	if _, err := client.CoreV1().LimitRanges(namespace).Create(ctx, limits, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	// LimitRanger reads its own cache, which follows in its own time.
	var pod *corev1.Pod
	eventually(t, "a pod gets the LimitRange's memory", func(ctx context.Context) (bool, error) {
		var err error
		pod, err = client.CoreV1().Pods(namespace).Create(ctx, podObject(), metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		if err != nil {
			return false, err
		}
		return pod.Spec.Containers[0].Resources.Limits.Memory().String() == "777Mi", nil
	})
	mount := pod.Spec.Containers[0].VolumeMounts
	if len(mount) != 1 || mount[0].MountPath != "/var/run/secrets/kubernetes.io/serviceaccount" {
		t.Errorf("mounts = %v, want the token's", mount)
	}
	if len(pod.Spec.Volumes) != 1 || !strings.HasPrefix(pod.Spec.Volumes[0].Name, "kube-api-access-") || pod.Spec.Volumes[0].Projected == nil {
		t.Errorf("volumes = %v, want the projected kube-api-access", pod.Spec.Volumes)
	}
}

func checkDeployment(t *testing.T, client kubernetes.Interface) {
	namespace := makeNamespace(t, client, "deployment")
	replicas := int32(3)
	labels := map[string]string{"app": "web"}
	deployment := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: podObject().Spec},
		},
	}
	if _, err := client.AppsV1().Deployments(namespace).Create(t.Context(), deployment, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the Deployment has its pods", func(ctx context.Context) (bool, error) {
		pods, err := client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: "app=web"})
		return err == nil && len(pods.Items) == int(replicas), err
	})
}

func checkNodes(t *testing.T, client kubernetes.Interface) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	spec := datacentre.Default()
	spec.Zones, spec.RacksPerZone, spec.HostsPerRack = 2, 2, 1
	nodes, err := datacentre.Layout(spec)
	if err != nil {
		t.Fatal(err)
	}
	if err := provision.Nodes(ctx, client, nodes, nil); err != nil {
		t.Fatal(err)
	}
	node, err := client.CoreV1().Nodes().Get(ctx, "zone-b-rack-2-host-1", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got := node.Status.Allocatable.Cpu().String(); got != spec.CPU {
		t.Errorf("the node offers %s CPU, want %s", got, spec.CPU)
	}

	namespace := makeNamespace(t, client, "nodes")
	// An agent is delivered by an init container and a proxy by a sidecar.
	pod, always := podObject(), corev1.ContainerRestartPolicyAlways
	pod.Spec.NodeName = node.Name
	pod.Spec.InitContainers = []corev1.Container{
		{Name: "agent", Image: "registry.example/agent:1"},
		{Name: "proxy", Image: "registry.example/proxy:1", RestartPolicy: &always},
	}
	if _, err := client.CoreV1().Pods(namespace).Create(ctx, pod, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the pod runs, is ready and has an address", func(ctx context.Context) (bool, error) {
		pod, err := client.CoreV1().Pods(namespace).Get(ctx, pod.Name, metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		ready := false
		for _, condition := range pod.Status.Conditions {
			ready = ready || condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue
		}
		started := len(pod.Status.InitContainerStatuses) == 2 &&
			pod.Status.InitContainerStatuses[0].State.Terminated != nil &&
			pod.Status.InitContainerStatuses[1].State.Running != nil
		return pod.Status.Phase == corev1.PodRunning && ready && started && strings.HasPrefix(pod.Status.PodIP, "10."), nil
	})

	job := &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Name: "report"},
		Spec:       batchv1.JobSpec{Template: corev1.PodTemplateSpec{Spec: podObject().Spec}},
	}
	job.Spec.Template.Spec.NodeName = node.Name
	job.Spec.Template.Spec.RestartPolicy = corev1.RestartPolicyNever
	if _, err := client.BatchV1().Jobs(namespace).Create(ctx, job, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the Job is complete", func(ctx context.Context) (bool, error) {
		job, err := client.BatchV1().Jobs(namespace).Get(ctx, job.Name, metav1.GetOptions{})
		return err == nil && job.Status.Succeeded == 1, err
	})
	if err := client.CoreV1().Pods(namespace).Delete(ctx, pod.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a deleted pod goes", func(ctx context.Context) (bool, error) {
		_, err := client.CoreV1().Pods(namespace).Get(ctx, pod.Name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return true, nil
		}
		return false, err
	})
}

func checkServiceAccount(t *testing.T, cp *controlplane.ControlPlane, client kubernetes.Interface) {
	namespace := makeNamespace(t, client, "accounts")
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "reader"}}
	if _, err := client.CoreV1().ServiceAccounts(namespace).Create(t.Context(), account, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	user, err := cp.AddServiceAccount(t.Context(), namespace, "reader")
	if err != nil {
		t.Fatal(err)
	}
	_, err = kubernetes.NewForConfigOrDie(user.Config).CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{})
	if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), user.Name) {
		t.Errorf("a ServiceAccount without a role lists pods: error = %v, want forbidden to %s", err, user.Name)
	}
	if _, err := cp.AddServiceAccount(t.Context(), namespace, "absent"); err == nil || !strings.Contains(err.Error(), namespace+"/absent") {
		t.Errorf("a token for a ServiceAccount that is not there: error = %v, want one with its name", err)
	}
}

func makeNamespace(t *testing.T, client kubernetes.Interface, name string) string {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if _, err := client.CoreV1().Namespaces().Create(t.Context(), namespace, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the namespace has its default ServiceAccount", func(ctx context.Context) (bool, error) {
		_, err := client.CoreV1().ServiceAccounts(name).Get(ctx, "default", metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return false, nil
		}
		return err == nil, err
	})
	return name
}

func podObject() *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "web", Image: "registry.example/web:1"}}},
	}
}

// eventually waits until the condition holds.
func eventually(t *testing.T, what string, condition wait.ConditionWithContextFunc) {
	t.Helper()
	if err := wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, patience, true, condition); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}
