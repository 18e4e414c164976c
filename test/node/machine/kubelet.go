// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/template"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// NodeName is the node's name in the cluster.
const NodeName = "node-1"

// Kubelet is a kubelet that runs.
type Kubelet struct{ *Process }

// kubeletConfig follows the machine's needs: cgroup v1 without systemd, no
// CAP_SYS_RESOURCE, disks of any size. Evictions are decided every few seconds, so
// that a test need not wait for minutes.
var kubeletConfig = template.Must(template.New("").Parse(`apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: false}, webhook: {enabled: false}}
authorization: {mode: AlwaysAllow}
address: 127.0.0.1
healthzPort: 0
containerRuntimeEndpoint: unix://{{.State}}/containerd.sock
cgroupDriver: cgroupfs
cgroupRoot: /{{.Cgroup}}
failCgroupV1: false
failSwapOn: false
oomScoreAdj: 0
enforceNodeAllocatable: [pods]
makeIPTablesUtilChains: false
podLogsDir: {{.Dir}}/pod-logs
volumePluginDir: {{.Dir}}/volume-plugins
resolvConf: ""
clusterDNS: []
evictionHard: {memory.available: 50Mi, nodefs.available: 1%, imagefs.available: 1%, nodefs.inodesFree: 1%}
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
syncFrequency: 5s
`))

// cniConfig gives pods an address each, by a pair of devices.
const cniConfig = `{"cniVersion": "1.0.0", "name": "test", "plugins": [{"type": "ptp", "ipMasq": false,
"ipam": {"type": "host-local", "subnet": "198.51.100.0/24", "routes": [{"dst": "0.0.0.0/0"}]}}]}`

// StartKubelet starts a kubelet with the runtime and waits until its node is ready.
func StartKubelet(tb testing.TB, s Settings, c *Cluster) *Kubelet {
	tb.Helper()
	var config strings.Builder
	if err := kubeletConfig.Execute(&config, map[string]string{"State": state, "Dir": s.Dir, "Cgroup": s.Cgroup}); err != nil {
		tb.Fatal(err)
	}
	file := filepath.Join(s.Dir, "kubelet.yaml")
	if err := os.WriteFile(file, []byte(config.String()), 0o600); err != nil {
		tb.Fatal(err)
	}
	k := &Kubelet{start(tb, s, "kubelet", s.Paths.Kubelet, []string{"PATH=" + filepath.Dir(s.Paths.Runc) + ":" + os.Getenv("PATH")},
		"--config", file, "--kubeconfig", c.nodeUser(tb, NodeName), "--root-dir", filepath.Join(s.Dir, "kubelet"), "--cert-dir", filepath.Join(s.Dir, "kubelet-pki"),
		"--hostname-override", NodeName, "--node-ip", nodeIP, "--v=2")}
	WaitFor(tb, "the node to be ready", func() error {
		if err := errors.Join(k.Running(), c.Healthy()); err != nil {
			tb.Fatal(err)
		}
		return c.NodeReady(tb)
	})
	return k
}

// WriteCNI writes the configuration of the pods' network, which containerd reads.
func WriteCNI(tb testing.TB, s Settings) {
	tb.Helper()
	dir := filepath.Join(s.Dir, "cni")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "10-test.conflist"), []byte(cniConfig), 0o600); err != nil {
		tb.Fatal(err)
	}
}

// NodeReady returns an error if the node is not ready.
func (c *Cluster) NodeReady(tb testing.TB) error {
	tb.Helper()
	node, err := c.Client.CoreV1().Nodes().Get(tb.Context(), NodeName, metav1.GetOptions{})
	if err != nil {
		return err
	}
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue {
			return nil
		}
	}
	return fmt.Errorf("the node's conditions are %v", node.Status.Conditions)
}
