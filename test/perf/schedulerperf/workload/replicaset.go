// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/evenkeel/evenkeel/internal/placement"
)

const (
	ownedTemplate = "pod-of-replicaset.yaml"
	ownerUID      = "UID-OF-REPLICASET"
)

// FillInOwner completes the template of the pods that belong to a ReplicaSet, in
// a prepared folder, once the ReplicaSet is there: the API server chose its UID.
// Workloads without a ReplicaSet have no use for the template.
func FillInOwner(ctx context.Context, client kubernetes.Interface, dir string) error {
	sets, err := client.AppsV1().ReplicaSets(metav1.NamespaceAll).List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("looking for the owner of the pods: %w", err)
	}
	if len(sets.Items) == 0 {
		return nil
	}
	file := filepath.Join(dir, templates, ownedTemplate)
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return os.WriteFile(file, []byte(strings.ReplaceAll(string(text), ownerUID, string(sets.Items[0].UID))), 0o600)
}

// Placement is how the replicas of the ReplicaSet lie: how many the fullest
// domain holds, and how many it would hold if they lay evenly.
type Placement struct {
	WorstHost int `json:"worst_host"`
	IdealHost int `json:"ideal_host"`
	WorstRack int `json:"worst_rack"`
	IdealRack int `json:"ideal_rack"`
	WorstZone int `json:"worst_zone"`
	IdealZone int `json:"ideal_zone"`
}

// Look returns where the replicas are, or nil if the workload has none. It shows
// that the schedulers that spread did, and what the others leave undone.
func Look(ctx context.Context, client kubernetes.Interface) (*Placement, error) {
	nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	pods, err := client.CoreV1().Pods(metav1.NamespaceAll).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	return placementOf(nodes.Items, pods.Items), nil
}

func placementOf(nodes []corev1.Node, pods []corev1.Pod) *Placement {
	var replicas []string
	for i := range pods {
		if metav1.GetControllerOf(&pods[i]) != nil && pods[i].Spec.NodeName != "" {
			replicas = append(replicas, pods[i].Spec.NodeName)
		}
	}
	if len(replicas) == 0 {
		return nil
	}
	spreads := placement.NewTopology(nodes).Spreads(replicas)
	host, rack, zone := spreads[placement.Host], spreads[placement.Rack], spreads[placement.Zone]
	return &Placement{
		WorstHost: host.Worst, IdealHost: host.Ideal, WorstRack: rack.Worst, IdealRack: rack.Ideal, WorstZone: zone.Worst, IdealZone: zone.Ideal,
	}
}
