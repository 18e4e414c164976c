// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package playground

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/evenkeel/evenkeel/internal/cli/playground/report"
)

const (
	// lookEvery is how often the cluster is read while it settles.
	lookEvery = 250 * time.Millisecond
	// lookShare bounds what reading may take of the time: with thousands of pods
	// one look takes longer than the pause.
	lookShare = 4
)

// newClient returns a client that speaks protobuf, which costs a fraction of JSON.
func newClient(config *rest.Config) (kubernetes.Interface, error) {
	config = rest.CopyConfig(config)
	config.ContentType = runtime.ContentTypeProtobuf
	// What admission says of our own trials is of no use to the user.
	config.WarningHandler = rest.NoWarnings{}
	config.AcceptContentTypes = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON
	return kubernetes.NewForConfig(config)
}

// settle waits until all pods are where they stay, or the time is up, and returns
// what the cluster then holds.
func settle(ctx context.Context, client kubernetes.Interface, timeout time.Duration, io streams) (*report.Cluster, error) {
	bar := io.counter("pods running")
	start := time.Now()
	deadline := start.Add(timeout)
	for {
		began := time.Now()
		c, err := look(ctx, client)
		if err != nil {
			bar.end()
			return nil, err
		}
		p := c.Progress()
		bar.show(p.Settled, p.Wanted, fmt.Sprintf(", %d placed", p.Placed))
		late := !time.Now().Before(deadline)
		if p.Done || late {
			bar.end()
			if p.Done {
				io.say("All pods run after %s", time.Since(start).Round(100*time.Millisecond))
			} else {
				io.say("Not all pods run within %s", timeout)
			}
			return c, lookOnce(ctx, client, c)
		}
		pause := max(lookEvery, lookShare*time.Since(began))
		if left := time.Until(deadline); left < pause {
			pause = left
		}
		select {
		case <-ctx.Done():
			bar.end()
			return nil, context.Cause(ctx)
		case <-time.After(pause):
		}
	}
}

// look reads the workloads first and their pods after them, so that the pods are
// never older than what says how many there are to be.
func look(ctx context.Context, client kubernetes.Interface) (*report.Cluster, error) {
	c := &report.Cluster{}
	deployments, err := client.AppsV1().Deployments("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, listing("Deployments", err)
	}
	replicaSets, err := client.AppsV1().ReplicaSets("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, listing("ReplicaSets", err)
	}
	statefulSets, err := client.AppsV1().StatefulSets("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, listing("StatefulSets", err)
	}
	daemonSets, err := client.AppsV1().DaemonSets("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, listing("DaemonSets", err)
	}
	controllers, err := client.CoreV1().ReplicationControllers("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, listing("ReplicationControllers", err)
	}
	jobs, err := client.BatchV1().Jobs("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, listing("Jobs", err)
	}
	pods, err := client.CoreV1().Pods("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, listing("Pods", err)
	}
	c.Deployments, c.ReplicaSets, c.StatefulSets = deployments.Items, replicaSets.Items, statefulSets.Items
	c.DaemonSets, c.ReplicationControllers, c.Jobs, c.Pods = daemonSets.Items, controllers.Items, jobs.Items, pods.Items
	return c, nil
}

// lookOnce adds what is read once, at the end.
func lookOnce(ctx context.Context, client kubernetes.Interface, c *report.Cluster) error {
	namespaces, err := client.CoreV1().Namespaces().List(ctx, metav1.ListOptions{})
	if err != nil {
		return listing("Namespaces", err)
	}
	nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return listing("Nodes", err)
	}
	events, err := client.CoreV1().Events("").List(ctx, metav1.ListOptions{FieldSelector: "type=" + corev1.EventTypeWarning})
	if err != nil {
		return listing("Events", err)
	}
	c.Namespaces, c.Nodes, c.Events = namespaces.Items, nodes.Items, events.Items
	return nil
}

func listing(what string, err error) error { return fmt.Errorf("list the %s: %w", what, err) }
