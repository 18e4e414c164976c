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

	"github.com/evenkeel/evenkeel/api/wellknown"
)

// The whole program against NRI's own runtime side: not ready without a runtime,
// ready with one, its metrics served, and stopped by its context.
func TestRunServesTheRuntime(t *testing.T) {
	o, stop := startProgram(t, head)
	waitStatus(t, o, "/healthz", http.StatusOK)
	if body := waitStatus(t, o, "/readyz", http.StatusServiceUnavailable); !strings.Contains(body, "not connected") {
		t.Errorf("readyz says %q", body)
	}
	startRuntime(t, o)
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
	stop()
}

// What the file says of containers that are not answered for in time, and of their
// limits, reaches the runtime; a change of the file does too, onTimeout with the
// next connection.
func TestRunGoesByTheFile(t *testing.T) {
	const none, admit, deny = head, head + "onTimeout: Admit\n", head + "onTimeout: Deny\n"
	tests := map[string]struct {
		file, change          string
		wantDenied, wantLater bool
	}{
		"nothing said":    {file: none},
		"Admit":           {file: admit},
		"Deny":            {file: deny, wantDenied: true, wantLater: true},
		"changed to Deny": {file: admit, change: deny, wantLater: true},
		"changed back":    {file: deny, change: admit, wantDenied: true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			o, stop := startProgram(t, tc.file)
			r := startRuntime(t, o)
			want := int64(512)
			r.waitLimit(t, want)
			if tc.change != "" {
				want = 300
				writeFile(t, o.Config+".new", tc.change+"pids: {ceiling: 300}\n")
				rename(t, o.Config+".new", o.Config)
				r.waitLimit(t, want)
			}
			if err := r.timeOut(t); (err != nil) != tc.wantDenied {
				t.Errorf("not answered for, the container's error is %v; want one: %v", err, tc.wantDenied)
			}
			// The runtime has closed the connection.
			r.waitLimit(t, want)
			if err := r.timeOut(t); (err != nil) != tc.wantLater {
				t.Errorf("not answered for after another connection, the container's error is %v; want one: %v", err, tc.wantLater)
			}
			stop()
		})
	}
}

// startProgram starts the program with this file. stop ends it and wants no error.
func startProgram(t *testing.T, config string) (o Options, stop func()) {
	t.Helper()
	// Short enough for a socket, which a test's own folder may not be.
	dir, err := os.MkdirTemp("", "nri")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	o = Options{Config: filepath.Join(dir, "config.yaml"), Socket: filepath.Join(dir, "nri.sock"), MetricsBindAddress: freeAddress(t), reread: 5 * time.Millisecond}
	writeFile(t, o.Config, config)
	if err := o.check(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Run(ctx, o) }()
	return o, func() {
		t.Helper()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	}
}

// containerRuntime is NRI's own runtime side, with one container that is there.
type containerRuntime struct{ *adaptation.Adaptation }

var checkout = &api.PodSandbox{Id: "1", Name: "checkout", Namespace: "shop", Annotations: map[string]string{wellknown.PidsLimitsAnnotation: `{"new":512}`}}

func startRuntime(t *testing.T, o Options) containerRuntime {
	t.Helper()
	none := filepath.Dir(o.Socket) + "/none"
	runtime, err := adaptation.New("containerd", "v2.4.2",
		func(ctx context.Context, callback adaptation.SyncCB) error {
			_, err := callback(ctx, []*api.PodSandbox{checkout}, []*api.Container{{Id: "2", PodSandboxId: "1", Name: "app"}})
			return err
		},
		func(context.Context, []*api.ContainerUpdate) ([]*api.ContainerUpdate, error) { return nil, nil },
		adaptation.WithSocketPath(o.Socket), adaptation.WithPluginPath(none), adaptation.WithPluginConfigPath(none))
	if err != nil {
		t.Fatal(err)
	}
	if err := runtime.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(runtime.Stop)
	return containerRuntime{runtime}
}

// create creates a container and returns the pid limit that it is to have; 0 for none.
func (r containerRuntime) create(t *testing.T) (int64, error) {
	t.Helper()
	answer, err := r.CreateContainer(t.Context(), &api.CreateContainerRequest{Pod: checkout, Container: &api.Container{Id: "3", PodSandboxId: "1", Name: "new"}})
	return answer.GetAdjust().GetLinux().GetResources().GetPids().GetLimit(), err
}

// waitLimit waits until containers are created with this limit.
func (r containerRuntime) waitLimit(t *testing.T, want int64) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		got, err := r.create(t)
		if err == nil && got == want {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the limit is %d, error %v; want %d", got, err, want)
		}
	}
}

// timeOut creates a container with no time for an answer, until none has come.
func (r containerRuntime) timeOut(t *testing.T) error {
	t.Helper()
	adaptation.SetPluginRequestTimeout(time.Nanosecond)
	defer adaptation.SetPluginRequestTimeout(adaptation.DefaultPluginRequestTimeout)
	for {
		if limit, err := r.create(t); err != nil || limit == 0 {
			return err
		}
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
