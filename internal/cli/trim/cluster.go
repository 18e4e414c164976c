// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package trim

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/pager"

	"github.com/evenkeel/evenkeel/internal/cli/exit"
	"github.com/evenkeel/evenkeel/internal/trim"
)

const (
	// pageSize is how many objects one request asks for, as kubectl does.
	pageSize = 500

	// Requests a second, for a cluster of some hundred thousand pods to be read in
	// seconds; how much it can take is for the API server to say.
	qps, burst = 50, 100
)

// readCluster takes the inventory of a cluster.
func readCluster(ctx context.Context, kubeconfig, kubeContext string) (*trim.Inventory, string, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = kubeconfig
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: kubeContext})
	config, err := loader.ClientConfig()
	switch {
	case clientcmd.IsEmptyConfig(err):
		return nil, "", exit.Badf("there is no kubeconfig that names a cluster; name one with --kubeconfig, or a dump with -f")
	case err != nil && kubeconfig != "":
		return nil, "", exit.Badf("--kubeconfig %s: %w", kubeconfig, err)
	case err != nil:
		return nil, "", exit.Badf("reading the kubeconfig: %w", err)
	}
	config.QPS, config.Burst = qps, burst
	inventory, err := listCluster(ctx, config)
	if err != nil {
		return nil, "", err
	}
	return inventory, config.Host, nil
}

// listCluster lists every kind, page by page.
func listCluster(ctx context.Context, config *rest.Config) (*trim.Inventory, error) {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("making a client for %s: %w", config.Host, err)
	}
	metadataClient, err := metadata.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("making a client for %s: %w", config.Host, err)
	}
	inventory := trim.NewInventory("not listed")
	for _, k := range trim.Kinds {
		list := pager.New(pages(client, metadataClient, k))
		list.PageSize = pageSize
		err := list.EachListItem(ctx, metav1.ListOptions{}, func(o runtime.Object) error {
			object, ok := o.(metav1.Object)
			if !ok {
				return fmt.Errorf("the server sent a %T", o)
			}
			inventory.Add(k, object)
			return nil
		})
		if err := listed(client, inventory, k, err); err != nil {
			return nil, err
		}
	}
	return inventory, nil
}

// listed settles what the end of a list means for the kind.
func listed(client discovery.ServerGroupsInterface, inventory *trim.Inventory, k trim.Kind, err error) error {
	switch {
	case err == nil:
		inventory.Cover(k)
	case errors.Is(err, context.Canceled):
		return err
	case apierrors.IsForbidden(err), apierrors.IsUnauthorized(err):
		if k.Name == "Node" || k.Name == "Pod" {
			return fmt.Errorf("listing %s: not allowed; docs/trim.md has the rights that are needed: %w", k.Resource, err)
		}
		inventory.Lack(k, "not allowed to list them")
	case apierrors.IsNotFound(err):
		return absent(client, inventory, k)
	default:
		return fmt.Errorf("listing %s: %w", k.Resource, err)
	}
	return nil
}

// absent settles a kind that the server does not serve in the version that is
// asked for: without the group there can be no object of it.
func absent(client discovery.ServerGroupsInterface, inventory *trim.Inventory, k trim.Kind) error {
	groups, err := client.ServerGroups()
	if err != nil {
		return fmt.Errorf("asking for the API groups of the cluster: %w", err)
	}
	for _, g := range groups.Groups {
		if g.Name == k.Group {
			inventory.Lack(k, fmt.Sprintf("the cluster serves %s in other versions only", k.Group))
			return nil
		}
	}
	inventory.Cover(k)
	return nil
}

// pages returns what lists a page of a kind. Of kinds that count by being there,
// only the metadata is asked for.
func pages(client kubernetes.Interface, meta metadata.Interface, k trim.Kind) pager.ListPageFunc {
	type listFunc = func(context.Context, metav1.ListOptions) (runtime.Object, error)
	all := metav1.NamespaceAll
	typed := map[string]listFunc{
		"Node": func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			return client.CoreV1().Nodes().List(ctx, o)
		},
		"Pod": func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			return client.CoreV1().Pods(all).List(ctx, o)
		},
		"Service": func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			return client.CoreV1().Services(all).List(ctx, o)
		},
		"PersistentVolumeClaim": func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			return client.CoreV1().PersistentVolumeClaims(all).List(ctx, o)
		},
		"PersistentVolume": func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			return client.CoreV1().PersistentVolumes().List(ctx, o)
		},
		"ReplicationController": func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			return client.CoreV1().ReplicationControllers(all).List(ctx, o)
		},
		"Deployment": func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			return client.AppsV1().Deployments(all).List(ctx, o)
		},
		"ReplicaSet": func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			return client.AppsV1().ReplicaSets(all).List(ctx, o)
		},
		"StatefulSet": func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			return client.AppsV1().StatefulSets(all).List(ctx, o)
		},
		"DaemonSet": func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			return client.AppsV1().DaemonSets(all).List(ctx, o)
		},
		"Job": func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			return client.BatchV1().Jobs(all).List(ctx, o)
		},
		"CronJob": func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			return client.BatchV1().CronJobs(all).List(ctx, o)
		},
		"StorageClass": func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			return client.StorageV1().StorageClasses().List(ctx, o)
		},
		"PriorityClass": func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			return client.SchedulingV1().PriorityClasses().List(ctx, o)
		},
	}
	if list, ok := typed[k.Name]; ok {
		return list
	}
	resource := schema.GroupVersionResource{Group: k.Group, Version: "v1", Resource: k.Resource}
	return func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
		return meta.Resource(resource).List(ctx, o)
	}
}
