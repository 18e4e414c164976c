// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	_ "embed"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/evenkeel/evenkeel/internal/controlplane/binaries"
)

// KwokNodeAnnotation with the value KwokNodeFake gives a node to KWOK, which then
// plays its kubelet. Nodes without it are left alone.
const (
	KwokNodeAnnotation = "kwok.x-k8s.io/node"
	KwokNodeFake       = "fake"
)

const (
	// nodeLeaseDuration is four times the interval at which KWOK renews the lease
	// of each node. A kubelet's 40 seconds would mean 500 writes a second for
	// 5,000 nodes; this is a sixth of them.
	nodeLeaseDuration = 240 * time.Second
	// nodeMonitorGracePeriod is how long kube-controller-manager waits for a
	// heartbeat before a node counts as lost: five renewals, as a kubelet has.
	nodeMonitorGracePeriod = 300 * time.Second
)

//go:embed stages/kwok.yaml
var kwokStages string

// kwokConfiguration precedes the stages. The pods' network is apart from the
// Services' and holds eight million addresses.
const kwokConfiguration = `apiVersion: config.kwok.x-k8s.io/v1alpha1
kind: KwokConfiguration
options:
  manageNodesWithAnnotationSelector: %s=%s
  cidr: 10.128.0.0/9
  serverAddress: %s
  nodeLeaseDurationSeconds: %d
  nodePlayStageParallelism: 16
  podPlayStageParallelism: 16
  nodeLeaseParallelism: 16
  podsOnNodeSyncParallelism: 16
---
`

// startKwok starts KWOK as an administrator and waits until its controllers run.
func (c *ControlPlane) startKwok(ctx context.Context, path string) error {
	address, err := freeAddress()
	if err != nil {
		return err
	}
	config := filepath.Join(c.run.path, "kwok-configuration.yaml")
	text := fmt.Sprintf(kwokConfiguration, KwokNodeAnnotation, KwokNodeFake, address, int(nodeLeaseDuration.Seconds())) + kwokStages
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return fmt.Errorf("configuration of kwok: %w", err)
	}
	return c.StartProcess(ctx, Process{
		Name: binaries.Kwok,
		Path: path,
		Args: []string{"--kubeconfig=" + c.Kubeconfig(), "--config=" + config},
		// A kwok.yaml in ~/.kwok, the default, would be read before ours.
		Env: []string{"KWOK_WORKDIR=" + c.run.path},
		// Its server is started after its controllers.
		Ready: func(ctx context.Context) error { return getOK(ctx, "http://"+address+"/healthz") },
	})
}

// freeAddress returns an address of loopback with a port that is free now.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port on loopback: %w", err)
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}

func getOK(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", url, response.Status)
	}
	return nil
}
