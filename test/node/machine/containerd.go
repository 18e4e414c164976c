// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/template"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// ToleratesMissing is the annotation of pods that start without the required
// plugins.
const ToleratesMissing = "tolerate-missing-nri-plugins.noderesource.dev"

// Containerd is a container runtime that runs.
type Containerd struct {
	*Process
	settings Settings
	conn     *grpc.ClientConn
	runtime  runtimeapi.RuntimeServiceClient
	args     []string
}

// state is the folder of sockets. It is short because a socket's path must be.
const state = "/run/evn"

// NRISocket is where plugins connect.
const NRISocket = state + "/nri/nri.sock"

// containerdMetrics is where containerd serves its metrics.
const containerdMetrics = "127.0.0.1:1338"

// containerdConfig follows the machine's needs: no CAP_SYS_RESOURCE, cgroups
// without systemd.
var containerdConfig = template.Must(template.New("").Parse(`version = 3
root = '{{.Dir}}/containerd'
state = '{{.State}}/state'
imports = []
[grpc]
  address = '{{.State}}/containerd.sock'
[ttrpc]
  address = '{{.State}}/containerd.sock.ttrpc'
[metrics]
  address = '{{.Metrics}}'
  grpc_histogram = true
[plugins.'io.containerd.cri.v1.images']
  snapshotter = 'overlayfs'
  [plugins.'io.containerd.cri.v1.images'.pinned_images]
    sandbox = '{{.Pause}}'
[plugins.'io.containerd.cri.v1.runtime']
  disable_apparmor = true
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  cdi_spec_dirs = []
  [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
    runtime_type = 'io.containerd.runc.v2'
    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
      BinaryName = '{{.Runc}}'
      SystemdCgroup = false
  [plugins.'io.containerd.cri.v1.runtime'.cni]
    bin_dirs = ['{{.CNI}}']
    conf_dir = '{{.Dir}}/cni'
    use_internal_loopback = true
[plugins.'io.containerd.nri.v1.nri']
  disable = false
  socket_path = '{{.NRI}}'
  plugin_path = '{{.State}}/nri/plugins'
  plugin_config_path = '{{.State}}/nri/conf.d'
{{- if .Required}}
  [plugins.'io.containerd.nri.v1.nri'.default_validator]
    enable = true
    required_plugins = ['evenkeel-node']
    tolerate_missing_plugins_annotation = '{{.Tolerates}}'
{{- end}}
`))

// StartContainerd starts containerd; with required it refuses containers while
// evenkeel-node is not connected.
func StartContainerd(tb testing.TB, s Settings, required bool) *Containerd {
	tb.Helper()
	if err := os.MkdirAll(state, 0o700); err != nil {
		tb.Fatal(err)
	}
	var config strings.Builder
	err := containerdConfig.Execute(&config, map[string]any{
		"Dir": s.Dir, "State": state, "Metrics": containerdMetrics, "Pause": ImagePause, "Runc": s.Paths.Runc, "CNI": s.Paths.CNI,
		"NRI": NRISocket, "Required": required, "Tolerates": ToleratesMissing,
	})
	if err != nil {
		tb.Fatal(err)
	}
	file := filepath.Join(s.Dir, "containerd.toml")
	if err := os.WriteFile(file, []byte(config.String()), 0o600); err != nil {
		tb.Fatal(err)
	}
	c := &Containerd{settings: s, args: []string{"--config", file}}
	c.conn, err = grpc.NewClient("unix://"+state+"/containerd.sock", grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = c.conn.Close() })
	c.runtime = runtimeapi.NewRuntimeServiceClient(c.conn)
	c.launch(tb)
	// Registered once: after a restart, pods that are older than the process are
	// still to be removed before its end.
	tb.Cleanup(func() { c.bury(tb) })
	c.importImages(tb)
	return c
}

func (c *Containerd) launch(tb testing.TB) {
	tb.Helper()
	p := c.settings.Paths
	c.Process = launch(tb, c.settings, "containerd", p.Containerd, []string{
		"PATH=" + filepath.Dir(p.Shim) + ":" + os.Getenv("PATH"), "LD_LIBRARY_PATH=" + p.Libraries,
	}, c.args...)
	WaitFor(tb, "containerd", func() error {
		if err := c.Running(); err != nil {
			tb.Fatal(err)
		}
		_, err := c.runtime.Status(tb.Context(), &runtimeapi.StatusRequest{})
		return err
	})
}

// Restart kills containerd and starts it again. Containers run on.
func (c *Containerd) Restart(tb testing.TB) {
	tb.Helper()
	c.Kill()
	c.launch(tb)
}

// timeout bounds a request of the tests'; NRI's own is two seconds.
func timeout(tb testing.TB) (context.Context, context.CancelFunc) {
	tb.Helper()
	return context.WithTimeout(context.WithoutCancel(tb.Context()), Patience)
}

// errNoEntry is for a name that is not in a list.
func errNoEntry(what, name string) error { return fmt.Errorf("there is no %s %s", what, name) }
