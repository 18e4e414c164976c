// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/evenkeel/evenkeel/internal/controlplane/binaries"
)

// stubServer prepares a kube-apiserver that is a shell script.
func stubServer(t *testing.T, script string, timeout time.Duration) (runDir, *envtest.APIServer, Options) {
	t.Helper()
	run, err := newRunDir(filepath.Join(t.TempDir(), "run"))
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "stub")
	if err := os.WriteFile(program, []byte("#!/bin/sh\n[ \"$1\" = --help ] && exit 0\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	opts := Options{ReadyTimeout: timeout}
	server, err := newAPIServer(run, binaries.Paths{KubeAPIServer: program}, opts)
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(run.log(binaries.KubeAPIServer))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	server.Out, server.Err = log, log
	server.EtcdURL = &url.URL{Scheme: "http", Host: "127.0.0.1:1"}
	return run, server, opts
}

func TestStartEnvtestFails(t *testing.T) {
	for name, tc := range map[string]struct {
		script  string
		timeout time.Duration
		want    string
	}{
		"it is never ready": {script: "exec sleep 600", timeout: 300 * time.Millisecond, want: "kube-apiserver did not become ready within 300ms; see LOG"},
		"it ends":           {script: "echo Error: no luck; exit 3", timeout: time.Hour, want: "kube-apiserver ended before it was ready: Error: no luck; see LOG"},
	} {
		t.Run(name, func(t *testing.T) {
			run, server, opts := stubServer(t, tc.script, tc.timeout)
			err := startEnvtest(t.Context(), run, binaries.KubeAPIServer, opts, server.Start)
			if want := strings.ReplaceAll(tc.want, "LOG", run.log(binaries.KubeAPIServer)); err == nil || err.Error() != want {
				t.Errorf("error = %v, want %q", err, want)
			}
			if err := stopEnvtest(run, binaries.KubeAPIServer, server.Stop); err != nil {
				t.Error(err)
			}
			if pid, launched := run.pid(binaries.KubeAPIServer); !launched || alive(pid) {
				t.Errorf("launched = %v, alive = %v; want it launched and gone", launched, alive(pid))
			}
		})
	}
}

func TestStartEnvtestInterrupted(t *testing.T) {
	run, server, opts := stubServer(t, "exec sleep 600", time.Hour)
	stop := errors.New("somebody pressed Ctrl-C")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(stop)
	if err := startEnvtest(ctx, run, binaries.KubeAPIServer, opts, server.Start); !errors.Is(err, stop) {
		t.Errorf("error = %v, want one that wraps %q", err, stop)
	}
	if pid, launched := run.pid(binaries.KubeAPIServer); !launched || alive(pid) {
		t.Errorf("launched = %v, alive = %v; want it launched and gone", launched, alive(pid))
	}
}
