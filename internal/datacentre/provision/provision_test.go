// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package provision

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/evenkeel/evenkeel/internal/datacentre"
)

// cluster is a fake cluster in which a created node is in the state that settle
// gives it, as KWOK and kube-controller-manager would in time.
func cluster(settle func(node *corev1.Node)) *fake.Clientset {
	client := fake.NewClientset()
	client.PrependReactor("create", "nodes", func(action clienttesting.Action) (bool, runtime.Object, error) {
		node := action.(clienttesting.CreateAction).GetObject().(*corev1.Node)
		settle(node)
		return false, nil, nil
	})
	return client
}

func ready(node *corev1.Node) {
	node.Status.Conditions = []corev1.NodeCondition{
		{Type: corev1.NodeMemoryPressure, Status: corev1.ConditionFalse},
		{Type: corev1.NodeReady, Status: corev1.ConditionTrue},
	}
}

func layout(t *testing.T) []*corev1.Node {
	t.Helper()
	spec := datacentre.Default()
	spec.Zones, spec.RacksPerZone, spec.HostsPerRack = 2, 2, 10
	nodes, err := datacentre.Layout(spec)
	if err != nil {
		t.Fatal(err)
	}
	return nodes
}

func TestNodesCreatesAll(t *testing.T) {
	nodes := layout(t)
	client := cluster(ready)
	last := map[string]string{}
	if err := Nodes(t.Context(), client, nodes, func(stage string, done, total int) {
		last[stage] = fmt.Sprintf("%d/%d", done, total)
	}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{StageCreated: "40/40", StageReady: "40/40"}, last); diff != "" {
		t.Errorf("progress at the end (-want +got):\n%s", diff)
	}
	for _, node := range nodes {
		if _, err := client.Tracker().Get(corev1.SchemeGroupVersion.WithResource("nodes"), "", node.Name); err != nil {
			t.Errorf("node %s: %v", node.Name, err)
		}
	}
}

func TestNodesWaitsForSchedulable(t *testing.T) {
	for name, settle := range map[string]func(*corev1.Node){
		"no condition yet": func(*corev1.Node) {},
		"not ready": func(node *corev1.Node) {
			node.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionFalse}}
		},
		"ready and still tainted": func(node *corev1.Node) {
			ready(node)
			node.Spec.Taints = []corev1.Taint{{Key: corev1.TaintNodeNotReady, Effect: corev1.TaintEffectNoSchedule}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			const late = "zone-a-rack-2-host-3"
			client := cluster(func(node *corev1.Node) {
				if node.Name == late {
					settle(node)
				} else {
					ready(node)
				}
			})
			ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, context.DeadlineExceeded)
			defer cancel()
			ctx, expire := context.WithCancelCause(ctx)
			defer expire(nil)
			err := Nodes(ctx, client, layout(t), func(stage string, done, total int) {
				// All but one are ready: nothing is left to wait for in this test.
				if stage == StageReady && done == total-1 {
					expire(context.DeadlineExceeded)
				}
			})
			if want := "1 of 40 nodes did not become ready in time, " + late + " among them"; err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error = %v, want %q", err, want)
			}
		})
	}
}

func TestNodesFailsOnExistingNode(t *testing.T) {
	nodes := layout(t)
	client := cluster(ready)
	if err := client.Tracker().Add(nodes[7].DeepCopy()); err != nil {
		t.Fatal(err)
	}
	err := Nodes(t.Context(), client, nodes, nil)
	if want := "create node " + nodes[7].Name; err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "already exists") {
		t.Errorf("error = %v, want %q and that it exists", err, want)
	}
}
