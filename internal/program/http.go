// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package program

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

const (
	// headerTimeout and idleTimeout keep slow clients from holding connections.
	headerTimeout = 10 * time.Second
	idleTimeout   = 90 * time.Second
	// shutdownGrace is how long requests have to end. What remains of the
	// connections then ends with the process.
	shutdownGrace = 2 * time.Second
)

// ServeHTTP serves plain HTTP, for probes and metrics, until the context ends.
// Address "0" serves nothing.
func ServeHTTP(ctx context.Context, address string, handler http.Handler) error {
	if address == "0" {
		return nil
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: handler, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
		defer cancel()
		_ = srv.Shutdown(grace)
	}()
	if err := srv.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	<-stopped
	return nil
}
