// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"sync/atomic"
	"time"

	"github.com/containerd/nri/pkg/api"
	"github.com/containerd/nri/pkg/stub"
	"k8s.io/klog/v2"
)

// How long to wait between attempts to connect: little at first, because each
// container that starts meanwhile starts without a limit.
const (
	firstPause = 100 * time.Millisecond
	maxPause   = 2 * time.Second
)

// settleTime is how long the runtime may take from the connection to the
// synchronisation: it accepts one plugin after the other, and gives each of them
// five seconds to register and two for each request.
const settleTime = 30 * time.Second

var (
	errNotConfigured = fmt.Errorf("the runtime did not configure and synchronise the plugin within %v", settleTime)
	errClosed        = errors.New("the runtime closed the connection")
)

// Run connects to the runtime's NRI socket and serves it until the context ends.
// When the runtime goes away, or closes the connection, it connects again: that
// takes a moment, where a new pod of the daemon would take seconds, and needs the
// runtime to start it. That there is no runtime is no error; Ready tells.
func (p *Plugin) Run(ctx context.Context, socket string) error {
	pause, said := firstPause, ""
	for ctx.Err() == nil {
		served, err := p.serve(ctx, socket)
		if ctx.Err() != nil {
			break
		}
		if served {
			pause, said = firstPause, ""
			p.logger.Info("Lost the connection to the container runtime; containers start without a limit until it is back", "err", err)
		} else if text := err.Error(); text != said {
			// Said once, and again when something else is wrong.
			said = text
			p.logger.Info("No connection to the container runtime yet; still trying", "socket", socket, "err", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, maxPause)
	}
	return nil
}

// serve makes one connection and serves it until it ends. served says whether it
// came as far as being synchronised.
func (p *Plugin) serve(ctx context.Context, socket string) (served bool, err error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", socket)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return false, fmt.Errorf("there is no socket: is NRI enabled in the runtime, and the socket's folder mounted? %w", err)
		}
		return false, err
	}
	// A connection of its own for each attempt: what a broken one left in the stub
	// does not matter then.
	var synced atomic.Bool
	connection, err := stub.New(p, stub.WithPluginName(Name), stub.WithPluginIdx(Index), stub.WithConnection(conn),
		stub.WithLogger(stubLogger{p.logger}), stub.WithOnClose(func() {}),
		stub.WithFailurePolicy(&api.FailurePolicy{FailRequest: p.denies.Load()}))
	if err != nil {
		_ = conn.Close()
		return false, fmt.Errorf("making the NRI plugin: %w", err)
	}
	p.drain()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- connection.Run(ctx) }()

	changes := make(chan struct{})
	go func() {
		defer close(changes)
		select {
		case <-ctx.Done():
		case list := <-p.updates:
			synced.Store(true)
			p.connected(true)
			p.change(ctx, list, connection.UpdateContainers)
		}
	}()
	defer func() {
		cancel()
		// An update that is under way ends with the connection.
		_ = conn.Close()
		<-changes
		p.connected(false)
		served = synced.Load()
	}()

	settled := p.after(settleTime)
	for {
		select {
		case err := <-ended:
			return false, cmp.Or(err, errClosed)
		case <-ctx.Done():
			// Only a stub that was never configured does not end by itself.
			_ = conn.Close()
			select {
			case <-ended: //nolint:errcheck // that it was to end is the error
			case <-time.After(time.Second):
			}
			return false, ctx.Err()
		case <-settled:
			if !synced.Load() {
				// The stub waits for the runtime's configuration without an end, holding
				// its lock: it is left behind.
				return false, errNotConfigured
			}
		}
	}
}

// drain takes out what an earlier connection left.
func (p *Plugin) drain() {
	select {
	case <-p.updates:
	default:
	}
}

func (p *Plugin) connected(yes bool) {
	if p.ready.Swap(yes) == yes {
		return
	}
	if yes {
		p.metrics.connections.Inc()
		p.metrics.connected.Set(1)
		return
	}
	p.metrics.connected.Set(0)
}

// stubLogger passes on what NRI's stub says: what is wrong as it is, the rest to
// those who look closely.
type stubLogger struct{ logger klog.Logger }

func (l stubLogger) Debugf(_ context.Context, format string, args ...any) {
	l.logger.V(5).Info("NRI: " + fmt.Sprintf(format, args...))
}

func (l stubLogger) Infof(_ context.Context, format string, args ...any) {
	l.logger.V(4).Info("NRI: " + fmt.Sprintf(format, args...))
}

func (l stubLogger) Warnf(_ context.Context, format string, args ...any) {
	l.logger.Info("NRI: " + fmt.Sprintf(format, args...))
}

func (l stubLogger) Errorf(_ context.Context, format string, args ...any) {
	l.logger.Error(nil, "NRI: "+fmt.Sprintf(format, args...))
}
