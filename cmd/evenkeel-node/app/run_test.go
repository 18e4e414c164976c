// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/containerd/nri/pkg/adaptation"
	"github.com/containerd/nri/pkg/api"
)

// The whole program against NRI's own runtime side: not ready without a runtime,
// ready with one, its metrics served, and stopped by its context.
func TestRunServesTheRuntime(t *testing.T) {
	dir, err := os.MkdirTemp("", "nri")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	o := Options{Config: filepath.Join(dir, "config.yaml"), Socket: filepath.Join(dir, "nri.sock"), MetricsBindAddress: freeAddress(t)}
	writeFile(t, o.Config, head)
	if err := o.check(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Run(ctx, o) }()
	waitStatus(t, o, "/healthz", http.StatusOK)
	if body := waitStatus(t, o, "/readyz", http.StatusServiceUnavailable); !strings.Contains(body, "not connected") {
		t.Errorf("readyz says %q", body)
	}

	pod := &api.PodSandbox{Id: "1", Name: "checkout", Namespace: "shop"}
	runtime, err := adaptation.New("containerd", "v2.4.2",
		func(ctx context.Context, callback adaptation.SyncCB) error {
			_, err := callback(ctx, []*api.PodSandbox{pod}, []*api.Container{{Id: "2", PodSandboxId: "1", Name: "app"}})
			return err
		},
		func(context.Context, []*api.ContainerUpdate) ([]*api.ContainerUpdate, error) { return nil, nil },
		adaptation.WithSocketPath(o.Socket), adaptation.WithPluginPath(dir+"/none"), adaptation.WithPluginConfigPath(dir+"/none"))
	if err != nil {
		t.Fatal(err)
	}
	if err := runtime.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(runtime.Stop)
	waitStatus(t, o, "/readyz", http.StatusOK)
	for path, wants := range map[string][]string{
		"/metrics":            {"evenkeel_node_connected 1", `evenkeel_node_runtime_info{runtime="containerd",version="v2.4.2"} 1`, "process_resident_memory_bytes", `evenkeel_node_pids_containers{state="unlimited"} 1`},
		"/metrics/containers": {`evenkeel_node_container_pids_effective{container="app",namespace="shop",pod="checkout"} +Inf`},
	} {
		body := waitStatus(t, o, path, http.StatusOK)
		for _, want := range wants {
			if !strings.Contains(body, want) {
				t.Errorf("%s has no %s:\n%s", path, want, body)
			}
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run: %v", err)
	}
}

// freeAddress returns an address that was free a moment ago.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func waitStatus(t *testing.T, o Options, path string, want int) string {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+o.MetricsBindAddress+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			body, _ := io.ReadAll(response.Body)
			_ = response.Body.Close()
			if response.StatusCode == want {
				return string(body)
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not answer %d: %v", path, want, err)
		}
	}
}
