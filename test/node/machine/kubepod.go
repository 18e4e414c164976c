// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/evenkeel/evenkeel/test/node/private"
)

// WaitRunning waits until a pod with the label app runs, and returns it.
func (c *Cluster) WaitRunning(tb testing.TB, namespace, app string) *corev1.Pod {
	tb.Helper()
	var found *corev1.Pod
	WaitFor(tb, "a running pod of "+app, func() error {
		if err := c.Healthy(); err != nil {
			tb.Fatal(err)
		}
		pods, err := c.Client.CoreV1().Pods(namespace).List(tb.Context(), metav1.ListOptions{LabelSelector: "app=" + app})
		if err != nil {
			return err
		}
		for i := range pods.Items {
			p := &pods.Items[i]
			if p.Status.Phase == corev1.PodRunning && allReady(p) {
				found = p
				return nil
			}
			err = fmt.Errorf("pod %s: %s %s %v %+v", p.Name, p.Status.Phase, p.Status.Message, p.Status.Conditions, p.Status.ContainerStatuses)
		}
		if err == nil {
			err = errNoEntry("pod of", app)
		}
		return err
	})
	return found
}

// WaitEnded waits until a pod of that name has ended by itself, and returns it.
func (c *Cluster) WaitEnded(tb testing.TB, namespace, name string) *corev1.Pod {
	tb.Helper()
	var found *corev1.Pod
	WaitFor(tb, "the end of "+name, func() error {
		if err := c.Healthy(); err != nil {
			tb.Fatal(err)
		}
		pod, err := c.Client.CoreV1().Pods(namespace).Get(tb.Context(), name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		found = pod
		if pod.Status.Phase != corev1.PodSucceeded && pod.Status.Phase != corev1.PodFailed {
			return fmt.Errorf("it is %s %s %v %+v %+v", pod.Status.Phase, pod.Status.Message, pod.Status.Conditions, pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses)
		}
		return nil
	})
	return found
}

// DeletePod deletes a pod and does not wait for its end.
func (c *Cluster) DeletePod(tb testing.TB, namespace, name string) {
	tb.Helper()
	now := int64(0)
	if err := c.Client.CoreV1().Pods(namespace).Delete(tb.Context(), name, metav1.DeleteOptions{GracePeriodSeconds: &now}); err != nil {
		tb.Fatal(err)
	}
}

func allReady(p *corev1.Pod) bool {
	for _, s := range p.Status.ContainerStatuses {
		if !s.Ready {
			return false
		}
	}
	return len(p.Status.ContainerStatuses) == len(p.Spec.Containers)
}

// ContainerOf returns a container of a pod that the kubelet started.
func (c *Containerd) ContainerOf(tb testing.TB, pod *corev1.Pod, name string) *Container {
	tb.Helper()
	for _, s := range pod.Status.ContainerStatuses {
		if s.Name != name {
			continue
		}
		id := strings.TrimPrefix(s.ContainerID, "containerd://")
		return &Container{pod: &Pod{containerd: c}, name: name, id: id, cgroup: findCgroup(tb, c.settings.Cgroup, id)}
	}
	tb.Fatalf("pod %s has no container %s", pod.Name, name)
	return nil
}

// findCgroup returns the path of a container's cgroup below the hierarchy's root;
// a kubelet puts it below its pod's.
func findCgroup(tb testing.TB, top, id string) string {
	tb.Helper()
	root := private.PidsFile(top, "")
	found := ""
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && d.Name() == id {
			rel, relErr := filepath.Rel(root, path)
			found = filepath.Join(top, rel)
			return relErr
		}
		return nil
	})
	if err != nil || found == "" {
		tb.Fatalf("the cgroup of container %s is not found below %s: %v", id, root, err)
	}
	return found
}
