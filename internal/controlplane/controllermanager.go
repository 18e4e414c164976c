// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/evenkeel/evenkeel/internal/controlplane/binaries"
)

// controllerManagerUser is the user to whom Kubernetes' own RBAC rules give the
// rights of kube-controller-manager.
const controllerManagerUser = "system:kube-controller-manager"

func controllerManagerFlags(run runDir, kubeconfig string, opts Options) map[string]string {
	flags := map[string]string{
		"kubeconfig":                       kubeconfig,
		"leader-elect":                     "false",
		"secure-port":                      "0",
		"use-service-account-credentials":  "true",
		"service-account-private-key-file": filepath.Join(run.pki(), serviceAccountKeyFile),
		"root-ca-file":                     filepath.Join(run.pki(), caFile),
		// The default is a folder of the system, which would be made.
		"flex-volume-plugin-dir": filepath.Join(run.path, "flexvolume"),
		// The defaults, 20 and 30 requests a second, would make a Deployment of a
		// thousand replicas wait for its controller and not for the scheduler.
		"kube-api-qps":                "1000",
		"kube-api-burst":              "2000",
		"concurrent-deployment-syncs": "20",
		"concurrent-replicaset-syncs": "20",
		"concurrent-gc-syncs":         "20",
		"node-monitor-grace-period":   nodeMonitorGracePeriod.String(),
	}
	maps.Copy(flags, opts.ControllerManagerFlags)
	return flags
}

// startControllerManager starts it and waits until it has given the default
// namespace its ServiceAccount and the certificate that token volumes carry.
func (c *ControlPlane) startControllerManager(ctx context.Context, opts Options, path string) error {
	user, err := c.AddUser(controllerManagerUser)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(c.Config())
	if err != nil {
		return err
	}
	return c.StartProcess(ctx, Process{
		Name: binaries.KubeControllerManager,
		Path: path,
		Args: flagArgs(controllerManagerFlags(c.run, user.Kubeconfig, opts)),
		Ready: func(ctx context.Context) error {
			if _, err := client.CoreV1().ServiceAccounts(metav1.NamespaceDefault).Get(ctx, "default", metav1.GetOptions{}); err != nil {
				return fmt.Errorf("no default ServiceAccount: %w", err)
			}
			if _, err := client.CoreV1().ConfigMaps(metav1.NamespaceDefault).Get(ctx, "kube-root-ca.crt", metav1.GetOptions{}); err != nil {
				return fmt.Errorf("no certificate for token volumes: %w", err)
			}
			return nil
		},
	})
}

// flagArgs are the flags as arguments, in the order of their names.
func flagArgs(flags map[string]string) []string {
	var args []string
	for _, name := range slices.Sorted(maps.Keys(flags)) {
		args = append(args, "--"+name+"="+flags[name])
	}
	return args
}
