// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel/evenkeel/manifests"
)

// daemonAddress is where evenkeel-node serves metrics and probes.
const daemonAddress = "127.0.0.1:18080"

// Daemon is evenkeel-node.
type Daemon struct{ *Process }

// StartDaemon starts evenkeel-node for containerd, with the pids section of its
// configuration. It does not wait for its connection.
func StartDaemon(tb testing.TB, s Settings, section string) *Daemon {
	tb.Helper()
	return StartDaemonAt(tb, s, NRISocket, section)
}

// StartDaemonAt starts evenkeel-node for whatever runtime serves the socket.
func StartDaemonAt(tb testing.TB, s Settings, socket, section string) *Daemon {
	tb.Helper()
	file := filepath.Join(s.Dir, "node.yaml")
	content := "apiVersion: config.evenkeel.io/v1alpha1\nkind: NodeConfiguration\npids: " + section + "\n"
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		tb.Fatal(err)
	}
	return &Daemon{start(tb, s, "evenkeel-node", filepath.Join(s.Paths.Bin, "evenkeel-node"), shippedEnv(tb),
		"--config", file, "--socket", socket, "--metrics-bind-address", daemonAddress)}
}

// shippedEnv returns the variables of the DaemonSet, so that the daemon runs as it
// does in a cluster.
func shippedEnv(tb testing.TB) []string {
	tb.Helper()
	content, err := manifests.FS.ReadFile("base/node/daemonset.yaml")
	if err != nil {
		tb.Fatal(err)
	}
	daemon := &appsv1.DaemonSet{}
	if err := yaml.UnmarshalStrict(content, daemon); err != nil {
		tb.Fatal(err)
	}
	var env []string
	for _, e := range daemon.Spec.Template.Spec.Containers[0].Env {
		env = append(env, e.Name+"="+e.Value)
	}
	return env
}

// WaitReady waits until the daemon is connected to the runtime.
func (d *Daemon) WaitReady(tb testing.TB) {
	tb.Helper()
	WaitFor(tb, "the connection of evenkeel-node", func() error {
		if err := d.Running(); err != nil {
			tb.Fatal(err)
		}
		return d.Ready(tb)
	})
}

// Ready returns an error if the daemon is not ready.
func (d *Daemon) Ready(tb testing.TB) error {
	tb.Helper()
	_, err := get(tb.Context(), "http://"+daemonAddress+"/readyz")
	return err
}

// Metric returns the value of a metric with these labels, from one of the
// daemon's two endpoints.
func (d *Daemon) Metric(tb testing.TB, path, name string, labels map[string]string) float64 {
	tb.Helper()
	for _, m := range metrics(tb, "http://"+daemonAddress+path, name) {
		if matches(m, labels) {
			return m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	tb.Fatal(errNoEntry("metric", fmt.Sprint(name, labels)))
	return 0
}

// Within returns how many of the requests the daemon has answered within a time, a
// bound of its histogram, and of how many. It is what the daemon takes by itself,
// without the way there and back.
func (d *Daemon) Within(tb testing.TB, request string, seconds float64) (within, all uint64) {
	tb.Helper()
	const name = "evenkeel_node_request_duration_seconds"
	for _, m := range metrics(tb, "http://"+daemonAddress+"/metrics", name) {
		if !matches(m, map[string]string{"request": request}) {
			continue
		}
		for _, b := range m.GetHistogram().GetBucket() {
			if b.GetUpperBound() == seconds {
				return b.GetCumulativeCount(), m.GetHistogram().GetSampleCount()
			}
		}
	}
	tb.Fatal(errNoEntry("bound of "+name, fmt.Sprint(request, " ", seconds)))
	return 0, 0
}

// NRILatency returns the sum and the number of the daemon's answers to a request,
// as containerd measures them, in seconds.
func (c *Containerd) NRILatency(tb testing.TB, operation string) (sum float64, n uint64) {
	tb.Helper()
	for _, m := range metrics(tb, "http://"+containerdMetrics+"/v1/metrics", "containerd_nri_plugin_latency_seconds") {
		if matches(m, map[string]string{"operation": operation}) {
			return m.GetHistogram().GetSampleSum(), m.GetHistogram().GetSampleCount()
		}
	}
	return 0, 0
}

func matches(m *dto.Metric, labels map[string]string) bool {
	found := 0
	for _, l := range m.GetLabel() {
		if want, ok := labels[l.GetName()]; ok && want == l.GetValue() {
			found++
		}
	}
	return found == len(labels)
}

func metrics(tb testing.TB, url, name string) []*dto.Metric {
	tb.Helper()
	body, err := get(tb.Context(), url)
	if err != nil {
		tb.Fatal(err)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(body)
	if err != nil {
		tb.Fatal(err)
	}
	return families[name].GetMetric()
}

func get(ctx context.Context, url string) (io.Reader, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", url, response.Status, bytes.TrimSpace(body))
	}
	return bytes.NewReader(body), err
}
