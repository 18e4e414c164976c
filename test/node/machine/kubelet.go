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
type Kubelet struct {
	*Process
	// podLogs is the folder of the containers' output.
	podLogs string
}

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
podLogsDir: {{.Dir}}/{{.PodLogs}}
volumePluginDir: {{.Dir}}/volume-plugins
resolvConf: ""
clusterDNS: []
evictionHard: {memory.available: 50Mi, nodefs.available: 1%, imagefs.available: 1%, nodefs.inodesFree: 1%}
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
syncFrequency: 5s
`))

// podLogs is the name of the folder of the containers' output.
const podLogs = "pod-logs"

// cniConfig gives pods an address each, by a pair of devices.
const cniConfig = `{"cniVersion": "1.0.0", "name": "test", "plugins": [{"type": "ptp", "ipMasq": false,
"ipam": {"type": "host-local", "subnet": "198.51.100.0/24", "routes": [{"dst": "0.0.0.0/0"}]}}]}`

// StartKubelet starts a kubelet with the runtime and waits until its node is ready.
func StartKubelet(tb testing.TB, s Settings, c *Cluster) *Kubelet {
	tb.Helper()
	var config strings.Builder
	if err := kubeletConfig.Execute(&config, map[string]string{"State": state, "Dir": s.Dir, "Cgroup": s.Cgroup, "PodLogs": podLogs}); err != nil {
		tb.Fatal(err)
	}
	file := filepath.Join(s.Dir, "kubelet.yaml")
	if err := os.WriteFile(file, []byte(config.String()), 0o600); err != nil {
		tb.Fatal(err)
	}
	k := &Kubelet{podLogs: filepath.Join(s.Dir, podLogs), Process: start(tb, s, "kubelet", s.Paths.Kubelet, []string{"PATH=" + filepath.Dir(s.Paths.Runc) + ":" + os.Getenv("PATH")},
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

// Stdout returns what a container that ran once has printed.
func (k *Kubelet) Stdout(tb testing.TB, pod *corev1.Pod, container string) string {
	tb.Helper()
	file := filepath.Join(k.podLogs, fmt.Sprintf("%s_%s_%s", pod.Namespace, pod.Name, pod.UID), container, "0.log")
	content, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	var out strings.Builder
	for line := range strings.Lines(string(content)) {
		// Time, stream, F for a full line or P for a part of one, and the text.
		if f := strings.SplitN(line, " ", 4); len(f) == 4 && f[1] == "stdout" {
			text := f[3]
			if f[2] == "P" {
				text = strings.TrimSuffix(text, "\n")
			}
			out.WriteString(text)
		}
	}
	return out.String()
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
