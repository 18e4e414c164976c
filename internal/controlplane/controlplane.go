// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/evenkeel/evenkeel/internal/controlplane/binaries"
)

// ControlPlane is a control plane that runs.
type ControlPlane struct {
	run          runDir
	keepDir      bool
	readyTimeout time.Duration
	progress     func(string)
	binaries     binaries.Paths

	watchdog *watchdog
	plane    *envtest.ControlPlane
	admin    User
	// closers are closed at the end: the logs of envtest's programs.
	closers []io.Closer

	mu sync.Mutex
	// stops end what was started, in the order of the starts.
	stops []namedStop
	// stopping is set once Stop has begun: an end is then no surprise.
	stopping bool

	failed   chan error
	quit     chan struct{}
	watchers sync.WaitGroup
	stopOnce sync.Once
	stopErr  error
	// detach takes Stop off the end of the context given to Start.
	detach func() bool
}

type namedStop struct {
	name string
	stop func() error
}

// Start starts a control plane and waits until it is ready: the API server
// answers, the controllers have given the default namespace its ServiceAccount,
// KWOK's controllers run. When anything fails, or the context ends, all that was
// started is ended before Start returns, and the error names the log to read.
//
// The end of the context also ends a control plane that Start has returned; the
// caller still calls Stop, to wait for it.
func Start(ctx context.Context, opts Options) (*ControlPlane, error) {
	if opts.Progress == nil {
		opts.Progress = func(string) {}
	}
	if opts.ReadyTimeout == 0 {
		opts.ReadyTimeout = DefaultReadyTimeout
	}
	if opts.Binaries == (binaries.Paths{}) {
		paths, err := binaries.Ensure(ctx, binaries.Options{Progress: opts.Progress})
		if err != nil {
			return nil, err
		}
		opts.Binaries = paths
	}
	run, err := newRunDir(opts.Dir)
	if err != nil {
		return nil, err
	}
	c := &ControlPlane{
		run:          run,
		keepDir:      opts.KeepDir,
		readyTimeout: opts.ReadyTimeout,
		progress:     opts.Progress,
		binaries:     opts.Binaries,
		failed:       make(chan error, 1),
		quit:         make(chan struct{}),
	}
	if err := c.start(ctx, opts); err != nil {
		// A person who interrupts the start has nothing to look up.
		c.keepDir = opts.KeepDir || ctx.Err() == nil
		return nil, errors.Join(err, c.Stop())
	}
	detach := context.AfterFunc(ctx, func() { _ = c.Stop() })
	c.mu.Lock()
	c.detach = detach
	c.mu.Unlock()
	return c, nil
}

func (c *ControlPlane) start(ctx context.Context, opts Options) error {
	var err error
	if c.watchdog, err = startWatchdog(c.run); err != nil {
		return err
	}
	etcd, err := newEtcd(c.run, opts.Binaries, opts)
	if err != nil {
		return err
	}
	server, err := newAPIServer(c.run, opts.Binaries, opts)
	if err != nil {
		return err
	}
	c.plane = &envtest.ControlPlane{APIServer: server, Etcd: etcd}

	if etcd.Out, err = c.openLog(binaries.Etcd); err != nil {
		return err
	}
	etcd.Err = etcd.Out
	c.progress("Starting etcd")
	c.onStop(binaries.Etcd, func() error { return stopEnvtest(c.run, binaries.Etcd, etcd.Stop) })
	if err := startEnvtest(ctx, c.run, binaries.Etcd, opts, etcd.Start); err != nil {
		return err
	}

	if server.Out, err = c.openLog(binaries.KubeAPIServer); err != nil {
		return err
	}
	server.Err, server.EtcdURL = server.Out, etcd.URL
	c.progress("Starting kube-apiserver")
	c.onStop(binaries.KubeAPIServer, func() error {
		killOrphan(c.run, binaries.KubeAPIServer, binaries.Etcd)
		return stopEnvtest(c.run, binaries.KubeAPIServer, server.Stop)
	})
	if err := startEnvtest(ctx, c.run, binaries.KubeAPIServer, opts, server.Start); err != nil {
		return err
	}
	c.watchPID(binaries.Etcd)
	c.watchPID(binaries.KubeAPIServer)
	if err := writeCA(c.run, server); err != nil {
		return err
	}
	if c.admin, err = c.AddUser(adminUser, adminGroup); err != nil {
		return err
	}

	if !opts.WithoutControllerManager {
		c.progress("Starting kube-controller-manager")
		if err := c.startControllerManager(ctx, opts, opts.Binaries.KubeControllerManager); err != nil {
			return err
		}
	}
	if !opts.WithoutKwok {
		c.progress("Starting kwok")
		if err := c.startKwok(ctx, opts.Binaries.Kwok); err != nil {
			return err
		}
	}
	return nil
}

// StartProcess starts a program of the caller's beside the control plane and
// waits until it is ready. Its log lies with the others, Stop ends it before
// those that were started earlier, and its unexpected end is told by Failed.
func (c *ControlPlane) StartProcess(ctx context.Context, p Process) error {
	if _, known := c.run.pid(p.Name); known {
		return fmt.Errorf("a process named %s was started before: choose another name", p.Name)
	}
	proc, err := startProcess(c.run, p)
	if err != nil {
		return err
	}
	c.onStop(p.Name, proc.stop)
	if p.Ready != nil {
		if err := proc.waitReady(ctx, c.readyTimeout, p.Ready); err != nil {
			return err
		}
	}
	c.watch(func() (error, bool) {
		select {
		case <-proc.done:
			return proc.ended(), true
		case <-c.quit:
			return nil, false
		}
	})
	return nil
}

// Config is for clients with every right. It must not be changed; copy it.
func (c *ControlPlane) Config() *rest.Config { return c.admin.Config }

// Kubeconfig is the path of a kubeconfig with every right.
func (c *ControlPlane) Kubeconfig() string { return c.admin.Kubeconfig }

// Dir is the path of the run directory.
func (c *ControlPlane) Dir() string { return c.run.path }

// Log is the path of the log of a process by its name, one of package binaries'
// or the caller's.
func (c *ControlPlane) Log(name string) string { return c.run.log(name) }

// Binaries are the places of the programs, kubectl among them.
func (c *ControlPlane) Binaries() binaries.Paths { return c.binaries }

// Failed receives an error when one of the processes ends by itself; the error
// names the process and its log. At most one error is sent.
func (c *ControlPlane) Failed() <-chan error { return c.failed }

// KeepDir keeps the run directory for a person to read, as after a failure.
func (c *ControlPlane) KeepDir() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keepDir = true
}

// Stop ends all processes, those started last first, and waits for them. Every
// call waits, and returns what went wrong with the one that did the work.
func (c *ControlPlane) Stop() error {
	c.stopOnce.Do(func() { c.stopErr = c.stop() })
	return c.stopErr
}

func (c *ControlPlane) stop() error {
	c.mu.Lock()
	c.stopping = true
	stops, detach := slices.Clone(c.stops), c.detach
	c.mu.Unlock()
	close(c.quit)
	c.watchers.Wait()
	if detach != nil {
		detach()
	}

	var errs []error
	for _, s := range slices.Backward(stops) {
		if err := s.stop(); err != nil {
			errs = append(errs, fmt.Errorf("%w; see %s", err, c.run.log(s.name)))
		}
	}
	for _, closer := range c.closers {
		errs = append(errs, closer.Close())
	}
	if c.watchdog != nil {
		errs = append(errs, c.watchdog.dismiss())
	}
	c.mu.Lock()
	remove := c.run.temporary && !c.keepDir
	c.mu.Unlock()
	if err := errors.Join(errs...); err != nil || !remove {
		return err
	}
	if err := os.RemoveAll(c.run.path); err != nil {
		return fmt.Errorf("remove the run directory: %w", err)
	}
	return nil
}

func (c *ControlPlane) onStop(name string, stop func() error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stops = append(c.stops, namedStop{name: name, stop: stop})
}

func (c *ControlPlane) openLog(name string) (*os.File, error) {
	file, err := os.OpenFile(c.run.log(name), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("log of %s: %w", name, err)
	}
	c.closers = append(c.closers, file)
	return file, nil
}
