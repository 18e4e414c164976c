// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/evenkeel/evenkeel/internal/controlplane/binaries"
)

// Files that envtest writes into the folder for certificates.
const (
	serviceAccountKeyFile = "sa-signer.key"
	caFile                = "ca.crt"
)

// apiServerFlags are set over envtest's defaults.
var apiServerFlags = map[string]string{
	"authorization-mode": "Node,RBAC",
	// The default of the address and of the reconciler is to publish an address
	// of this machine, which needs a default route and is never used here.
	"advertise-address":        "127.0.0.1",
	"endpoint-reconciler-type": "none",
	// envtest's /24 has 254 addresses for Services.
	"service-cluster-ip-range": "10.96.0.0/16",
	// The defaults of 400 and 200 are for clients that are spread over machines;
	// here the nodes' heartbeats, a scheduler at full speed and the controllers
	// come at once, and all are ours.
	"max-requests-inflight":          "3000",
	"max-mutating-requests-inflight": "1000",
}

// newEtcd prepares etcd; envtest adds --unsafe-no-fsync, as nothing is to last.
func newEtcd(run runDir, paths binaries.Paths, opts Options) (*envtest.Etcd, error) {
	launcher, err := run.launcher(binaries.Etcd, paths.Etcd)
	if err != nil {
		return nil, err
	}
	etcd := &envtest.Etcd{Path: launcher, DataDir: run.etcd(), StartTimeout: opts.ReadyTimeout, StopTimeout: stopTimeout}
	etcd.Configure().Set("log-level", "warn")
	return etcd, nil
}

func newAPIServer(run runDir, paths binaries.Paths, opts Options) (*envtest.APIServer, error) {
	launcher, err := run.launcher(binaries.KubeAPIServer, paths.KubeAPIServer)
	if err != nil {
		return nil, err
	}
	server := &envtest.APIServer{Path: launcher, CertDir: run.pki(), StartTimeout: opts.ReadyTimeout, StopTimeout: stopTimeout}
	flags := server.Configure()
	if err := writeFrontProxyCA(run); err != nil {
		return nil, err
	}
	for name, value := range frontProxyFlags(run) {
		flags.Set(name, value)
	}
	// envtest switches the ServiceAccount plugin off for want of a controller
	// that makes ServiceAccounts; here is one.
	flags.Disable("disable-admission-plugins")
	for name, value := range apiServerFlags {
		flags.Set(name, value)
	}
	for name, value := range opts.APIServerFlags {
		flags.Set(name, value)
	}
	return server, nil
}

// startEnvtest runs the start of one of envtest's programs, which knows no
// context: when the context ends first, the program is ended, on which start returns.
func startEnvtest(ctx context.Context, run runDir, name string, opts Options, start func() error) error {
	begin, result := time.Now(), make(chan error, 1)
	go func() { result <- start() }()
	select {
	case err := <-result:
		return envtestError(run, name, err, opts.ReadyTimeout, time.Since(begin))
	case <-ctx.Done():
	}
	// The launcher may not have come to note the id yet: ask until start returns.
	for {
		if pid, ok := run.pid(name); ok && alive(pid) {
			terminatePID(pid)
		}
		select {
		case <-result: //nolint:errcheck // that it was interrupted is the error
			return fmt.Errorf("starting %s was interrupted: %w", name, context.Cause(ctx))
		case <-time.After(pollInterval):
		}
	}
}

// killOrphan kills a program that cannot end in good order because the one it
// needs is gone: kube-apiserver waits for its etcd for longer than anybody likes.
func killOrphan(run runDir, name, needed string) {
	if pid, ok := run.pid(needed); ok && alive(pid) {
		return
	}
	if pid, ok := run.pid(name); ok && alive(pid) {
		killPID(pid)
	}
}

// stopEnvtest runs the stop of one of envtest's programs. envtest kills a program
// that takes too long and calls that an error without waiting for the end; here
// the end is what counts.
func stopEnvtest(run runDir, name string, stop func() error) error {
	err := stop()
	if err == nil {
		return nil
	}
	pid, launched := run.pid(name)
	for deadline := time.Now().Add(killTimeout); time.Now().Before(deadline); time.Sleep(pollInterval) {
		if !launched || !alive(pid) {
			return nil
		}
	}
	return fmt.Errorf("end %s: %w", name, err)
}

// envtestError says whether the program ended or was too slow: envtest calls both
// a timeout.
func envtestError(run runDir, name string, err error, timeout, taken time.Duration) error {
	if err == nil {
		return nil
	}
	log := run.log(name)
	_, launched := run.pid(name)
	switch {
	case !launched:
		return fmt.Errorf("%s cannot be started: %w; see %s", name, err, log)
	case taken >= timeout:
		return fmt.Errorf("%s did not become ready within %s; see %s", name, timeout, log)
	default:
		return fmt.Errorf("%s ended before it was ready%s; see %s", name, after(lastWords(log)), log)
	}
}

// writeCA puts the certificate of the API server's authority beside the others,
// for the controller that publishes it in every namespace.
func writeCA(run runDir, server *envtest.APIServer) error {
	if len(server.SecureServing.CA) == 0 {
		return errors.New("envtest made no certificate authority for kube-apiserver")
	}
	if err := os.WriteFile(filepath.Join(run.pki(), caFile), server.SecureServing.CA, 0o600); err != nil {
		return fmt.Errorf("certificate of the authority: %w", err)
	}
	return nil
}
